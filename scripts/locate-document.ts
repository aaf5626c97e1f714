/**
 * docs/results.md's part on locating: table 1's form, the grid, single layers, controls and a reading, all made from the
 * recorded runs alone. A test holds the page of docs against the files. Reading: locate-reading.ts; files: locate-results.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bestFirst, directionOf, type GridSummary, rangeWords, summariseGrid } from '@/method/grid.ts';
import { FALSE_DISCOVERY_RATE } from '@/method/localisation.ts';
import { MOST_PROMPTS, promptsNeeded } from '@/method/power.ts';
import { benjaminiHochberg, mcnemarExact } from '@/method/statistics.ts';
import type {
  GridResult,
  LayerAlphaCell,
  LayerAlphaResult,
  SearchTrace,
  Sweep,
} from '@/protocol/localise.ts';
import { layerAlphaText, workText } from '../cli/localise-text.ts';
import { pText, withGenerated } from './generated-text.ts';
import { readingOfLocate } from './locate-reading.ts';
import { type LocateRecording, type RecordedControl, readLocateRecording } from './locate-results.ts';

const MARKERS = ['<!-- locate: scripts/locate-document.ts -->', '<!-- /locate -->'] as const;
/** Best ranges that are listed. */
const LISTED = 8;

export function locateMarkdown(recording: LocateRecording): string {
  const { search, grids, single, controls } = recording;
  const { baseline } = search.result;
  return [
    provenance(recording),
    '',
    '**Reading, computed from the numbers below.**',
    '',
    ...readingOfLocate(recording).map((one) => `- ${one}`),
    '',
    '### Progressive search, in the form of table 1',
    '',
    `Start: ${search.result.start.reason} ${baseline.refused} of ${baseline.total} refused at alpha 1. In brackets: exact McNemar p against the chosen range, each pair alone.`,
    '',
    ...search.result.searches.flatMap(searchLines),
    ...grids.flatMap(({ params, result }) => gridLines(result, params.alpha)),
    ...(single ? singleLines(single) : []),
    ...controlLines(controls),
  ]
    .join('\n')
    .trimEnd();
}

function provenance({ backend, search, base }: LocateRecording): string {
  const { params, result } = search;
  const { threads, runtime, kind } = backend;
  return [
    `Recorded by \`npm run record\` on ${runtime} (${kind}, ${threads} threads) with the page's own requests: aligned model, ${params.prompts.length} over-rejection prompts,`,
    `${params.template} template, all ${params.matrices.length} matrices. Counted by first-token score (threshold ${params.calibration.threshold.toFixed(3)}, agreement with decoded answers ${(100 * params.calibration.agreement).toFixed(0)} %);`,
    `${params.guardPrompts} prompts decoded per alpha to see whether the text breaks. ${result.layerCount} layers. The base model refuses ${base.refused} of ${base.total} of these prompts:`,
    `${base.refused === 0 ? 'there is no score to search by, and nothing to search for' : 'its searches are not recorded'}. Files, with every score: [locate](../public/recorded/locate), [controls](../public/recorded/controls).`,
  ].join('\n');
}

function searchLines({ direction, steps }: SearchTrace): string[] {
  const lines = [`**alpha ${direction === 'raise' ? 'above' : 'below'} 1**`, ''];
  const tries = steps.flatMap((step) => {
    if (step.kind !== 'alpha') return [];
    const garbled = step.garbledShare === null ? '' : `, ${Math.round(100 * step.garbledShare)} % garbled`;
    return [
      `${step.alpha}: spread ${step.spread.toFixed(1)} of ${step.needed.toFixed(1)} needed${garbled}, ${step.verdict}`,
    ];
  });
  lines.push(`Alphas tried: ${tries.join('; ')}.`, '');
  for (const step of steps) {
    if (step.kind === 'sweep') lines.push(...sweepTable(step.sweep), '', step.reason, '');
    if (step.kind === 'final') {
      lines.push(
        `Found: **${rangeWords(step)}** at alpha ${step.alpha}, ${step.refused} of ${step.total} refused. ${step.reason}`,
        '',
      );
    }
  }
  return lines;
}

function sweepTable({ bound, points, chosen }: Sweep): string[] {
  const cells = points.map(({ refused, fromChosen }, at) =>
    at === chosen ? `**${refused}**` : `${refused} (${fromChosen ? pText(fromChosen.p) : '-'})`,
  );
  return [
    `| ${bound} bound | ${points.map(({ first, last }) => `[${first},${last}]`).join(' | ')} |`,
    `|---|${'---|'.repeat(points.length)}`,
    `| refused | ${cells.join(' | ')} |`,
  ];
}

function gridLines(result: GridResult, alpha: number): string[] {
  const summary = summariseGrid(result, alpha)!;
  const q = new Map(result.cells.map((cell, at) => [cell, summary.q[at]!]));
  const rows = bestFirst(result.cells, directionOf(alpha))
    .slice(0, LISTED)
    .map((cell) => {
      const exact = result.exact.find(({ first, last }) => first === cell.first && last === cell.last);
      const decoded = exact ? `${exact.refused} / ${exact.answered} / ${exact.garbled}` : '';
      return `| ${cell.first}-${cell.last} | ${cell.refused} | +${cell.gained} -${cell.lost} | ${pText(q.get(cell)!)} | ${decoded} |`;
    });
  return [
    `### Every range, alpha ${alpha}`,
    '',
    `${summary.sentence}${powerSentence(summary, result.baseline.total)}`,
    '',
    '| layers | refused | change | q | decoded: refused / answered / garbled |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    marginalSentence(summary),
    workText(result.work),
    '',
  ];
}

function powerSentence({ runnerUp }: GridSummary, total: number): string {
  if (!runnerUp || runnerUp.test.gained === runnerUp.test.lost) return '';
  const needed = promptsNeeded({ ...runnerUp.test, total });
  return ` To tell the best from the next, ${rangeWords(runnerUp.cell)}, with power 0.8 it would take ${needed ?? `more than ${MOST_PROMPTS}`} prompts.`;
}

/** The layers whose ranges count most and fewest on average. */
function marginalSentence({ marginals: { byLayer } }: GridSummary): string {
  const known = byLayer.flatMap((mean, layer) => (mean === null ? [] : [{ layer, mean }]));
  const sorted = [...known].sort((a, b) => b.mean - a.mean);
  const [most, least] = [sorted[0]!, sorted.at(-1)!];
  return `Mean over the ranges that hold a layer: most refusals with layer ${most.layer} (${most.mean.toFixed(1)}), fewest with layer ${least.layer} (${least.mean.toFixed(1)}).`;
}

function singleLines(single: LayerAlphaResult): string[] {
  return [
    '### Single layers by alpha',
    '',
    '```',
    layerAlphaText(single).trimEnd(),
    '```',
    '',
    singleSentence(single),
    '',
  ];
}

/** At the alphas nearest to 1, where the text is still whole. */
function singleSentence({ cells }: LayerAlphaResult): string {
  const q = benjaminiHochberg(cells.map(({ gained, lost }) => mcnemarExact(gained, lost).p));
  const nearest = Math.min(...cells.map(({ alpha }) => Math.abs(alpha - 1)));
  const alphas = [...new Set(cells.map(({ alpha }) => alpha))].sort((a, b) => a - b);
  const sentences = alphas
    .filter((alpha) => Math.abs(alpha - 1) <= nearest + 1e-9)
    .map((alpha) => {
      const own = cells.filter((cell, at) => cell.alpha === alpha && q[at]! <= FALSE_DISCOVERY_RATE);
      const named = (way: (cell: LayerAlphaCell) => boolean) =>
        own
          .filter(way)
          .map(({ layer, refused }) => `${layer} (${refused})`)
          .join(', ') || 'none';
      return `At alpha ${alpha} more are refused with layers ${named(({ gained, lost }) => gained > lost)}; fewer with ${named(({ gained, lost }) => gained < lost)}.`;
    });
  return `Beyond chance (false discovery rate ${FALSE_DISCOVERY_RATE} over all ${cells.length} cells): ${sentences.join(' ')} These are first-token scores alone: far from 1 a layer may break the text, which is not looked at here.`;
}

function controlLines(controls: readonly RecordedControl[]): string[] {
  if (controls.length === 0) return [];
  const { params } = controls.find((one) => one.params.range) ?? controls[0]!;
  const { range } = params;
  const tested = range
    ? `; those with a range test layers ${range.first}-${range.last} at alpha ${range.alpha}, the page's own`
    : '';
  return [
    '### Controls',
    '',
    `What each is for and where it comes from: [controls.md](controls.md). Defaults throughout, seed ${params.seed}${tested}.`,
    '',
    ...controls.map(({ title, result }) => `- **${title}**: ${result.findings.join(' ')}`),
    '',
  ];
}

/** The document with its part on locating replaced by today's. */
export function withLocate(document: string, recording: LocateRecording): string {
  return withGenerated(document, 'docs/results.md', MARKERS, locateMarkdown(recording));
}

/** @param root of the repository; nothing happens where no search is recorded yet */
export function updateLocateDocument(root: string): void {
  const recording = readLocateRecording(path.join(root, 'public/recorded'));
  if (!recording) return;
  const file = path.join(root, 'docs/results.md');
  writeFileSync(file, withLocate(readFileSync(file, 'utf8'), recording));
}
