/**
 * The paper's progressive localisation (section 3.4, appendix A.3.4, table 1) as a step machine: it asks for counts and is
 * given them, and tells each step that is done. It runs no model: whoever drives it may count, remember, or make counts up.
 * From a start [i, j]: choose alpha (steps of 0.05 away from 1 until the counts along the sweep spread enough, unless the
 * text breaks first); move the upper bound with i fixed; move the lower bound with the best j fixed.
 * A search along one coordinate at a time can stop in a wrong place: the grid of all ranges shows whether it did.
 */
import type { SearchDirection, SearchSettings, SearchStep, Sweep } from '@/protocol/localise.ts';
import { makeSweep, type PlacedOutcome, type RangeOutcome } from './range-sweep.ts';

export interface SearchRequest extends SearchSettings {
  layerCount: number;
  start: { first: number; last: number; reason: string };
  direction: SearchDirection;
  /** Prompts that are counted. */
  promptCount: number;
}

/** What the machine yields: a count it needs, to be answered by next(outcome), or a step that is done. */
export type SearchAsk =
  | {
      kind: 'count';
      first: number;
      last: number;
      alpha: number;
      /** Whether to look at decoded answers for garbled text. */
      guard: boolean;
    }
  | { kind: 'step'; step: SearchStep };

type Search<Result> = Generator<SearchAsk, Result, RangeOutcome | undefined>;

interface Range {
  first: number;
  last: number;
}

/** A search under way: what it was asked, what it was told. */
interface Running {
  request: SearchRequest;
  steps: SearchStep[];
  /** Counts by range and alpha: none is asked for twice. */
  known: Map<string, PlacedOutcome>;
}

/** Yields what it needs and what it found; returns all steps. */
export function* progressiveSearch(request: SearchRequest): Search<SearchStep[]> {
  const { start, direction } = request;
  const running: Running = { request, steps: [], known: new Map() };
  yield* tell(running, { kind: 'start', ...start });
  const { alpha, places, reason } = yield* chooseAlpha(running);
  yield* tell(running, { kind: 'chosen', alpha, reason });
  const upper = yield* sweepToPeak(running, 'upper', start, alpha, places);
  yield* tell(running, { kind: 'sweep', sweep: upper, reason: reading(upper, direction) });
  const { last } = upper.points[upper.chosen]!;
  const lower = yield* sweepToPeak(running, 'lower', { first: Math.min(start.first, last), last }, alpha);
  yield* tell(running, { kind: 'sweep', sweep: lower, reason: reading(lower, direction) });
  const { first, refused, total } = lower.points[lower.chosen]!;
  const final = { first, last, alpha, refused, total, reason: finalReading(upper, lower) };
  yield* tell(running, { kind: 'final', ...final });
  return running.steps;
}

function* tell(running: Running, step: SearchStep): Search<void> {
  running.steps.push(step);
  yield { kind: 'step', step };
}

function* count(running: Running, range: Range, alpha: number, guard: boolean): Search<PlacedOutcome> {
  const { first, last } = range;
  const key = `${first}-${last} at ${alpha}`;
  const known = running.known.get(key);
  if (known) return known;
  const outcome = yield { kind: 'count', first, last, alpha, guard };
  if (!outcome) throw new Error('the search asked for a count and was given none');
  const placed = { first, last, ...outcome };
  running.known.set(key, placed);
  return placed;
}

/** Alphas outwards from 1 until one spreads the counts enough; the last that left the text whole where none does. */
function* chooseAlpha(running: Running): Search<{ alpha: number; places: PlacedOutcome[]; reason: string }> {
  const { request } = running;
  const { start, direction, promptCount } = request;
  const needed = request.spreadShare * promptCount;
  const bounds = windowOf(request, 'upper', start);
  let previous: { alpha: number; places: PlacedOutcome[]; spread: number } | null = null;
  for (const alpha of alphaSteps(request)) {
    const places: PlacedOutcome[] = [];
    // Text breaks first where most is scaled: the widest range stands guard.
    for (const last of bounds) {
      places.push(yield* count(running, { first: start.first, last }, alpha, last === bounds.at(-1)));
    }
    const sweep = makeSweep('upper', alpha, places, direction);
    const garbledShare = largestGarbledShare(places);
    const isGarbled = garbledShare !== null && garbledShare > request.garbledShare;
    const tried = { kind: 'alpha' as const, alpha, spread: sweep.spread, needed, garbledShare, sweep };
    if (isGarbled) {
      yield* tell(running, { ...tried, verdict: 'garbled' });
      const why = `alpha ${alpha} garbles ${percent(garbledShare)} of the decoded answers`;
      if (previous) return { ...previous, reason: `${spreadWords(previous, needed)}; ${why}.` };
      return { alpha, places, reason: `${why}, and there is no smaller step: read the counts with care.` };
    }
    if (sweep.spread >= needed) {
      yield* tell(running, { ...tried, verdict: 'taken' });
      const reason = `The first alpha under which the counts spread by ${needed.toFixed(1)} or more: ${sweep.spread.toFixed(1)}.`;
      return { alpha, places, reason };
    }
    yield* tell(running, { ...tried, verdict: 'too small' });
    if (!previous || sweep.spread >= previous.spread) previous = { alpha, places, spread: sweep.spread };
  }
  // None spread the counts enough: the one that spread them most.
  return { ...previous!, reason: `${spreadWords(previous!, needed)}; alpha may go no further.` };
}

/** Rounded, so that 1 + 4 x 0.05 is 1.2 and has one name. */
export function alphaSteps({ alphaStep, alphaLimit, direction }: SearchRequest): number[] {
  const sign = direction === 'raise' ? 1 : -1;
  const steps = Math.max(1, Math.floor(alphaLimit / alphaStep + 1e-9));
  return Array.from({ length: steps }, (_, at) => Number((1 + sign * (at + 1) * alphaStep).toFixed(10)));
}

/** Sweeps one bound over its window, then on in the direction of the best while that is the last one tried. */
function* sweepToPeak(
  running: Running,
  bound: Sweep['bound'],
  range: Range,
  alpha: number,
  known: readonly PlacedOutcome[] = [],
): Search<Sweep> {
  const { request } = running;
  const places = [...known];
  const rangeAt = (at: number): Range =>
    bound === 'upper' ? { first: range.first, last: at } : { first: at, last: range.last };
  if (places.length === 0) {
    for (const at of windowOf(request, bound, range))
      places.push(yield* count(running, rangeAt(at), alpha, false));
  }
  const [lowest, highest] = bound === 'upper' ? [range.first, request.layerCount - 1] : [0, range.last];
  const boundOf = (place: Range) => (bound === 'upper' ? place.last : place.first);
  let sweep = makeSweep(bound, alpha, places, request.direction);
  const explicit = bound === 'upper' ? request.uppers : request.lowers;
  while (request.extend && !explicit) {
    const before = boundOf(places[0]!) - 1;
    const after = boundOf(places.at(-1)!) + 1;
    if (sweep.chosen === 0 && before >= lowest)
      places.unshift(yield* count(running, rangeAt(before), alpha, false));
    else if (sweep.chosen === places.length - 1 && after <= highest) {
      places.push(yield* count(running, rangeAt(after), alpha, false));
    } else break;
    sweep = makeSweep(bound, alpha, places, request.direction);
  }
  return sweep;
}

/** Bounds to try, ascending: those asked for, else a window around the start, as far as the model has layers. */
function windowOf(request: SearchRequest, bound: Sweep['bound'], range: Range): number[] {
  const [lowest, highest] = bound === 'upper' ? [range.first, request.layerCount - 1] : [0, range.last];
  const centre = bound === 'upper' ? range.last : range.first;
  const { halfWindow } = request;
  const around = Array.from({ length: 2 * halfWindow + 1 }, (_, at) => centre - halfWindow + at);
  const wanted = (bound === 'upper' ? request.uppers : request.lowers) ?? around;
  const possible = [...new Set(wanted)].filter((at) => at >= lowest && at <= highest).sort((a, b) => a - b);
  return possible.length > 0 ? possible : [Math.min(highest, Math.max(lowest, centre))];
}

function largestGarbledShare(places: readonly PlacedOutcome[]): number | null {
  const shares = places.flatMap(({ garbledShare }) => garbledShare ?? []);
  return shares.length > 0 ? Math.max(...shares) : null;
}

// ---------------------------------------------------------------- in words

const percent = (share: number) => `${Math.round(share * 100)} %`;

const spreadWords = ({ spread }: { spread: number }, needed: number) =>
  `No alpha spreads the counts by ${needed.toFixed(1)}; this one does by ${spread.toFixed(1)}, the most`;

function reading(
  { bound, points, chosen, notToldApart, isWithinNoise }: Sweep,
  direction: SearchDirection,
): string {
  const best = points[chosen]!;
  const at = bound === 'upper' ? best.last : best.first;
  const found = `${direction === 'raise' ? 'Most' : 'Fewest'} refusals with the ${bound} bound at ${at}: ${best.refused} of ${best.total}.`;
  if (points.length === 1) return `${found} No other bound was tried.`;
  if (notToldApart.length === 1) return `${found} Every other bound differs from it (p at most 0.05).`;
  const others = notToldApart.filter((one) => one !== at).join(', ');
  const noise = isWithinNoise ? 'The peak is within noise' : 'Its neighbours differ from it';
  return `${found} ${noise}: ${best.total} prompts do not tell it from ${others}.`;
}

function finalReading(upper: Sweep, lower: Sweep): string {
  const span = (bounds: readonly number[]) =>
    bounds.length === 1 ? `${bounds[0]}` : `${Math.min(...bounds)} to ${Math.max(...bounds)}`;
  if (!upper.isWithinNoise && !lower.isWithinNoise) return 'Both bounds differ from their neighbours.';
  return `What these prompts can say: first layer ${span(lower.notToldApart)}, last layer ${span(upper.notToldApart)}.`;
}
