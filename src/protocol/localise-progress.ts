/**
 * From the events of an experiment that looks for ranges to the result so far: what is shown while it runs, what an
 * interrupted run leaves, and what is given back as `resume`. Pure; the complete result comes from the experiment itself.
 */
import type {
  GridEvent,
  GridResult,
  LayerAlphaEvent,
  LayerAlphaResult,
  LocateEvent,
  LocateResult,
  SearchTrace,
} from './localise.ts';

const NO_WORK = { layerRuns: { run: 0, full: 0 }, tokenRuns: { run: 0, full: 0 } };

/** null before the first event of a run that resumes nothing. */
export function gridSoFar(before: GridResult | null, event: GridEvent): GridResult | null {
  if (event.type === 'baseline') {
    const { layerCount, baseline } = event;
    return { layerCount, baseline, cells: [], exact: [], work: NO_WORK, complete: false };
  }
  if (!before) return null;
  if (event.type === 'exact') return { ...before, exact: [...before.exact, event.cell] };
  const cells = [...before.cells, ...event.cells].sort((a, b) => a.first - b.first || a.last - b.last);
  return { ...before, cells, work: event.work };
}

export function layerAlphaSoFar(
  before: LayerAlphaResult | null,
  event: LayerAlphaEvent,
): LayerAlphaResult | null {
  if (event.type === 'baseline') {
    const { layerCount, baseline } = event;
    return { layerCount, baseline, cells: [], work: NO_WORK, complete: false };
  }
  if (!before) return null;
  const cells = [...before.cells, ...event.cells].sort((a, b) => a.layer - b.layer || a.alpha - b.alpha);
  return { ...before, cells, work: event.work };
}

export function locateSoFar(before: LocateResult | null, event: LocateEvent): LocateResult | null {
  if (event.type === 'start') {
    const { layerCount, start } = event;
    const none = { first: 0, last: 0, alpha: 1, refused: 0, total: 0, scores: new Float32Array() };
    const layerRuns = { run: 0, full: 0 };
    return { layerCount, start, baseline: none, counts: [], searches: [], layerRuns, complete: false };
  }
  if (!before) return null;
  switch (event.type) {
    case 'baseline':
      return { ...before, baseline: event.baseline, layerRuns: event.layerRuns };
    case 'count': {
      const { count, layerRuns } = event;
      const others = before.counts.filter((one) => !isSameCount(one, count));
      return { ...before, counts: [...others, count], layerRuns };
    }
    case 'step':
      return { ...before, searches: withStep(before.searches, event) };
    default:
      event satisfies never;
      return before;
  }
}

export const isSameCount = (
  a: { first: number; last: number; alpha: number },
  b: { first: number; last: number; alpha: number },
): boolean => a.first === b.first && a.last === b.last && a.alpha === b.alpha;

/** A start begins its direction anew: a resumed run tells all its steps again. */
function withStep(
  searches: readonly SearchTrace[],
  { direction, step }: Extract<LocateEvent, { type: 'step' }>,
): SearchTrace[] {
  const present = searches.find((trace) => trace.direction === direction);
  if (!present) return [...searches, { direction, steps: [step] }];
  const steps = step.kind === 'start' ? [step] : [...present.steps, step];
  return searches.map((trace) => (trace === present ? { direction, steps } : trace));
}
