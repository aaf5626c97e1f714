import { expect, it } from 'vitest';
import type { RunComparison } from '@/runs/compare.ts';
import { differences } from '@/runs/differences.ts';
import type { ReplayReport } from '@/runs/replay.ts';
import { comparisonTable, differencesTable, fieldsTable, partsTable, settingsTable } from './tables.ts';

const report: ReplayReport = {
  model: 'm',
  recorded: { app: 'x 1', backend: 'node', createdAt: '2026-01-01T00:00:00Z' },
  here: { app: 'y 1', backend: 'wasm', createdAt: '2026-01-02T00:00:00Z' },
  isSameBackend: false,
  parts: [
    {
      index: 0,
      kind: 'count',
      label: 'alpha 1',
      report: differences({ scores: [0.25, 1], answer: 'No.' }, { scores: [0.5, 1], answer: 'Yes.' }, () => ({
        absolute: 0.5,
      })),
      why: null,
    },
    { index: 1, kind: 'train', label: 'sppft', report: null, why: 'left out' },
  ],
  compared: 3,
  differing: 2,
  beyond: 1,
};

it('part by part: counts of values, the largest difference, and why a part was left out', () => {
  expect(partsTable(report).rows).toEqual([
    ['count: alpha 1', 3, 2, 1, '2.5e−1', ''],
    ['train: sppft', null, null, null, null, 'left out'],
  ]);
});

it('only fields that differ are listed, with what is allowed', () => {
  expect(fieldsTable(report).rows).toEqual([
    ['alpha 1', 'scores[]', 2, 1, 0, '2.5e−1', '5.0e−1'],
    ['alpha 1', 'answer', 1, 1, 1, '0', '5.0e−1'],
  ]);
});

it('number by number, beyond first; texts of answers can be blurred', () => {
  const table = differencesTable(report);
  expect(table.rows).toEqual([
    ['alpha 1', 'answer', 'No.', 'Yes.', null, 'beyond'],
    ['alpha 1', 'scores[0]', 0.25, 0.5, '2.5e−1', 'within'],
  ]);
  expect(table.columns.filter(({ sensitive }) => sensitive).map(({ key }) => key)).toEqual([
    'recorded',
    'here',
  ]);
});

it('a comparison: paired counts with their test in words, settings of file and parts', () => {
  const comparison: RunComparison = {
    settings: [{ path: 'template', a: 'chat', b: 'alpaca' }],
    parts: [
      {
        kind: 'count',
        a: { index: 0, label: 'alpha 1' },
        b: { index: 0, label: 'alpha 1.1' },
        settings: [{ path: 'setting.scale[0].alpha', a: 'absent', b: '1.1' }],
        numbers: differences([1], [2], () => ({ absolute: 0 })),
        paired: {
          total: 64,
          before: 30,
          after: 47,
          gained: 17,
          lost: 0,
          change: 17 / 64,
          low: -0.01,
          high: 0.4,
          p: 0.0004,
          clusterCount: 12,
        },
      },
    ],
    onlyInA: ['bandScan: bands'],
    onlyInB: [],
  };
  expect(comparisonTable(comparison).rows).toEqual([
    ['count: alpha 1 | alpha 1.1', 1, 1, '30 | 47 of 64', '+17 −0', '−1.0 to 40.0', 'p < 0.001'],
    ['bandScan: bands (only in A)', null, null, '', '', '', ''],
  ]);
  expect(settingsTable(comparison).rows).toEqual([
    ['the file', 'template', 'chat', 'alpaca'],
    ['alpha 1', 'setting.scale[0].alpha', 'absent', '1.1'],
  ]);
});
