import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences } from './differences.ts';
import { acrossBackends, allowanceBetween, isSameBackend, sameBackend } from './tolerances.ts';

const exact = () => ({ absolute: 0 });

describe('differences', () => {
  it('of a thing and its copy there are none, whatever it holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const report = differences(value, JSON.parse(JSON.stringify(value)), exact);
        expect(report).toMatchObject({ differing: 0, beyond: 0, differences: [] });
      }),
    );
  });

  it('one changed number is found, by its path, however deep it lies', () => {
    const plain = fc.array(fc.record({ score: fc.double({ noNaN: true, noDefaultInfinity: true }) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(plain, fc.nat(), fc.double({ min: 1, max: 9, noNaN: true }), (outcomes, pick, by) => {
        const at = pick % outcomes.length;
        const before = outcomes[at]!.score;
        const after = before === 0 ? by : before * (1 + by);
        if (!Number.isFinite(after) || after === before) return;
        const edited = outcomes.map((one, index) => (index === at ? { score: after } : one));
        const report = differences({ outcomes }, { outcomes: edited }, exact);
        expect(report.differences.map(({ path }) => path)).toEqual([`outcomes[${at}].score`]);
        expect(report.fields).toMatchObject([
          { field: 'outcomes[].score', compared: outcomes.length, differing: 1 },
        ]);
      }),
    );
  });

  it('typed arrays are compared entry by entry; lengths that differ are differences', () => {
    const report = differences(Float32Array.of(1, 2, 3), Float32Array.of(1, 2.5), exact);
    expect(report.differences).toEqual([
      { path: '[2]', a: 3, b: undefined, absolute: null, isWithin: false },
      { path: '[1]', a: 2, b: 2.5, absolute: 0.5, isWithin: false },
    ]);
  });

  it('NaN equals NaN and nothing else; 0 equals -0; an empty list is not the absence of one', () => {
    expect(differences([Number.NaN, 0], [Number.NaN, -0], exact).differing).toBe(0);
    expect(differences([Number.NaN], [1], () => ({ absolute: 1e9 })).beyond).toBe(1);
    expect(differences({ points: [] }, {}, exact).beyond).toBe(1);
    expect(differences({ points: [] }, { points: [] }, exact).differing).toBe(0);
  });

  it('texts are never within, numbers up to and including the bound are', () => {
    const one = differences({ a: 'I', b: 1 }, { a: 'No', b: 1.5 }, () => ({ absolute: 0.5 }));
    expect(one).toMatchObject({ differing: 2, beyond: 1 });
    expect(one.differences[0]!.path).toBe('a');
  });

  it('counts everything, and lists no more than asked for', () => {
    const zeros = new Array(100).fill(0);
    const report = differences(
      zeros,
      zeros.map(() => 1),
      exact,
      10,
    );
    expect(report.differences).toHaveLength(10);
    expect(report.beyond).toBe(100);
  });
});

describe('tolerances', () => {
  const node = { kind: 'node' as const, runtime: 'onnxruntime-node 1.30.0', threads: 2 };

  it('on the same backend no number may differ; another runtime or number of threads is another backend', () => {
    expect(isSameBackend(node, { ...node })).toBe(true);
    expect(allowanceBetween(node, { ...node })('outcomes[].score')).toEqual({ absolute: 0 });
    for (const other of [{ kind: 'wasm' as const }, { threads: 1 }, { runtime: 'onnxruntime-node 1.31.0' }])
      expect(allowanceBetween(node, { ...node, ...other })('outcomes[].score')).toEqual({ absolute: 1e-4 });
  });

  it('how the work was done is no result on either', () => {
    for (const field of [
      'layerRuns.run',
      'work.tokenRuns.full',
      'vectorsKey',
      'steps[].stepMs',
      'outcomes[].reason',
      'outcomes[].byHand',
    ])
      for (const of of [sameBackend, acrossBackends]) expect(of(field)).toBe('ignored');
  });

  it('between backends every kind of number has its bound, and what is no measurement has none', () => {
    const bounds = Object.fromEntries(
      [
        'raw.curves.nn.mean[]',
        'raw.gap.ofMeansDeg[]',
        'auroc.low[]',
        'pictures[].attention[]',
        'refused',
        'points[].low',
        'steps[].loss',
        'cells[].scores[]',
        'rows[].value',
        'total',
        'outcomes[].answerIds[]',
        'layerCount',
      ].map((field) => [field, (acrossBackends(field) as { absolute: number }).absolute]),
    );
    expect(bounds).toEqual({
      'raw.curves.nn.mean[]': 1e-4,
      'raw.gap.ofMeansDeg[]': 0.01,
      'auroc.low[]': 0.01,
      'pictures[].attention[]': 1e-4,
      refused: 1,
      'points[].low': 1.5,
      'steps[].loss': 1e-3,
      'cells[].scores[]': 1e-4,
      'rows[].value': 1e-3,
      total: 0,
      'outcomes[].answerIds[]': 0,
      layerCount: 0,
    });
  });
});
