/**
 * Where the paper and the bundled model agree and where they do not, in sentences; every clause follows from a recorded
 * number or its test. Tables: locate-document.ts.
 */
import { bestFirst, directionOf, rangeWords, refusedFlags, summariseGrid } from '@/method/grid.ts';
import { FALSE_DISCOVERY_RATE } from '@/method/localisation.ts';
import { pairedTest, SWEEP_LEVEL } from '@/method/range-sweep.ts';
import type { GridResult, LocateResult, SearchDirection, SearchStep } from '@/protocol/localise.ts';
import { readingOfControls } from './control-reading.ts';
import { pText } from './generated-text.ts';
import type { LocateRecording } from './locate-results.ts';

type Final = Extract<SearchStep, { kind: 'final' }>;
type SweepStep = Extract<SearchStep, { kind: 'sweep' }>;

/** Table 1, with the models' numbers of layers. */
const PAPER_RANGES = [
  { model: 'Phi-3', first: 11, last: 15, layers: 32 },
  { model: 'Llama-2', first: 6, last: 14, layers: 32 },
  { model: 'Llama-3', first: 6, last: 12, layers: 32 },
  { model: 'gemma', first: 6, last: 11, layers: 18 },
];

export function finalOf({ searches }: LocateResult, direction: SearchDirection): Final | null {
  const steps = searches.find((one) => one.direction === direction)?.steps ?? [];
  return steps.find((step): step is Final => step.kind === 'final') ?? null;
}

export function sweepsOf({ searches }: LocateResult, direction: SearchDirection): SweepStep[] {
  const steps = searches.find((one) => one.direction === direction)?.steps ?? [];
  return steps.filter((step): step is SweepStep => step.kind === 'sweep');
}

export function readingOfLocate(recording: LocateRecording): string[] {
  const { search } = recording;
  const ends = (['raise', 'lower'] as const).flatMap((direction) => {
    const end = finalOf(search.result, direction);
    return end ? [{ direction, end }] : [];
  });
  return [
    startSentence(search.result),
    ...ends.map(({ direction, end }) => effectSentence(search, direction, end)),
    ...ends.map(({ direction, end }) => peakSentence(search.result, direction, end)),
    ...(ends.length === 2 ? [agreementSentence(ends[0]!.end, ends[1]!.end)] : []),
    ...ends.slice(0, 1).map(({ end }) => placeSentence(end, search.result.layerCount)),
    ...ends.flatMap(({ end }) => gridSentences(recording, end)),
    ...ends.slice(0, 1).flatMap(({ end }) => readingOfControls(recording, end)),
  ];
}

function startSentence({ start }: LocateResult): string {
  const isFromGap = !start.reason.includes('instead') && !start.reason.includes('as asked for');
  return isFromGap
    ? `Agree: the angle gap proposes a start, ${rangeWords(start)}. ${start.reason}`
    : `Disagree: in the paper's aligned models the angle gap shows where to start; here it does not. ${start.reason}`;
}

/** The final range against alpha = 1, prompt by prompt. */
function effectSentence(
  { params, result }: LocateRecording['search'],
  direction: SearchDirection,
  end: Final,
): string {
  const { baseline, counts } = result;
  const counted = counts.find(
    ({ first, last, alpha }) => first === end.first && last === end.last && alpha === end.alpha,
  );
  const wanted = direction === 'raise' ? 'more' : 'fewer';
  const head = `${rangeWords(end)} at alpha ${end.alpha}: ${end.refused} of ${end.total} refused, ${baseline.refused} unscaled`;
  if (!counted) return `Open: ${head}.`;
  const flags = (scores: Float32Array) => refusedFlags(scores, params.calibration.threshold);
  const { gained, lost, p } = pairedTest(flags(baseline.scores), flags(counted.scores));
  const test = `${gained} prompts more, ${lost} fewer, exact McNemar p ${pText(p)}, the best of several ranges and not corrected for it`;
  const isSo = p <= SWEEP_LEVEL && (direction === 'raise' ? gained > lost : lost > gained);
  return isSo
    ? `Agree: with alpha ${direction === 'raise' ? 'above' : 'below'} 1 ${wanted} harmless prompts are refused. ${head} (${test}).`
    : `Disagree: with alpha ${direction === 'raise' ? 'above' : 'below'} 1 the paper sees ${wanted} refusals; here nothing that these prompts can show. ${head} (${test}).`;
}

function peakSentence(result: LocateResult, direction: SearchDirection, { reason }: Final): string {
  const sweeps = sweepsOf(result, direction);
  const noisy = sweeps.filter(({ sweep }) => sweep.isWithinNoise).map(({ sweep }) => sweep.bound);
  const side = direction === 'raise' ? 'above' : 'below';
  if (noisy.length === 0)
    return `Agree: with alpha ${side} 1 both bounds are peaks that their neighbours differ from. ${reason}`;
  return `Disagree, as in the paper's own Table 1 when it is tested: with alpha ${side} 1 the ${noisy.join(' and the ')} bound ${noisy.length > 1 ? 'are peaks' : 'is a peak'} within noise. ${reason}`;
}

function agreementSentence(up: Final, down: Final): string {
  const overlap = Math.max(0, Math.min(up.last, down.last) - Math.max(up.first, down.first) + 1);
  const union = Math.max(up.last, down.last) - Math.min(up.first, down.first) + 1;
  const share = `${overlap} of ${union} layers in common`;
  const both = `${rangeWords(up)} from above and ${rangeWords(down)} from below, ${share}`;
  if (up.first === down.first && up.last === down.last) {
    return `Agree: alpha above and below 1 end at one range, as for Phi-3 in the paper: ${both}.`;
  }
  return overlap / union > 0.5
    ? `Agree in part: alpha above and below 1 end at ranges that mostly overlap (the paper's Phi-3: at one): ${both}.`
    : `Disagree: alpha above and below 1 end at different ranges (the paper's Phi-3: at one): ${both}.`;
}

function placeSentence(end: Final, layerCount: number): string {
  const share = (layer: number, layers: number) => Math.round((100 * layer) / (layers - 1));
  const own = `${share(end.first, layerCount)} to ${share(end.last, layerCount)} % of the depth`;
  const lows = PAPER_RANGES.map(({ first, layers }) => share(first, layers));
  const highs = PAPER_RANGES.map(({ last, layers }) => share(last, layers));
  const [low, high] = [Math.min(...lows), Math.max(...highs)];
  const isInside = share(end.first, layerCount) >= low - 5 && share(end.last, layerCount) <= high + 5;
  return `${isInside ? 'Agree' : 'Disagree'}: the paper's four ranges lie between ${low} and ${high} % of the depth; ${rangeWords(end)} of ${layerCount} layers ${isInside ? 'lie' : 'reach'} from ${own}.`;
}

/** Where a search along one bound at a time ended, on the whole picture. */
function gridSentences({ grids }: LocateRecording, end: Final): string[] {
  const found = grids.find(({ params }) => params.alpha === end.alpha);
  if (!found) return [];
  const { result } = found;
  const summary = summariseGrid(result, end.alpha)!;
  const ordered = bestFirst(result.cells, directionOf(end.alpha));
  const rank = ordered.findIndex(({ first, last }) => first === end.first && last === end.last) + 1;
  const own = ordered[rank - 1];
  if (!own) return [];
  const test = against(result, own, summary.best);
  const isBest = own.refused === summary.best.refused;
  const q = summary.q[result.cells.indexOf(own)]!;
  const where = isBest
    ? `no range of the ${result.cells.length} has a better count`
    : `${rangeWords(summary.best)} has ${summary.best.refused} (paired p ${pText(test.p)}, not corrected for having been picked among ${result.cells.length})`;
  const isLost = !isBest && test.p <= SWEEP_LEVEL;
  return [
    `${isLost ? 'The search stops short of the best range' : 'No range is shown to be better than where the search stops'}: at alpha ${end.alpha}, its ${rangeWords(end)} (${own.refused} refused) is number ${rank} of ${result.cells.length} ranges, and ${where}. ` +
      `Over all ranges its q is ${pText(q)} (false discovery rate ${FALSE_DISCOVERY_RATE}).`,
  ];
}

function against(result: GridResult, own: { scores: Float32Array }, best: { scores: Float32Array }) {
  const flags = (scores: Float32Array) => refusedFlags(scores, result.baseline.threshold);
  return pairedTest(flags(own.scores), flags(best.scores));
}
