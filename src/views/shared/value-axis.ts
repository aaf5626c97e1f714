/**
 * The vertical axis of a plot: a domain that stays fixed unless the data leave it, few round ticks, labels that do not
 * overlap. Pure geometry.
 */
import { scaleLinear, ticks } from 'd3';

export interface ValueAxis {
  domain: [low: number, high: number];
  ticks: number[];
  /** Value to pixel; high values are up. */
  y: (value: number) => number;
  top: number;
  bottom: number;
}

/** The base domain, widened in whole steps only if a value lies outside: comparable pictures first, no clipped data. */
export function steadyDomain(
  values: Iterable<number>,
  base: readonly [number, number],
  step: number,
): [number, number] {
  let [low, high] = base;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    // The small slack keeps a value that sits on a step by rounding from adding an empty step.
    if (v < low) low = Math.floor(v / step + 1e-9) * step;
    if (v > high) high = Math.ceil(v / step - 1e-9) * step;
  }
  return [low, high];
}

export function valueAxis(
  domain: readonly [number, number],
  top: number,
  bottom: number,
  tickCount = 4,
): ValueAxis {
  const y = scaleLinear().domain(domain).range([bottom, top]);
  return { domain: [domain[0], domain[1]], ticks: ticks(domain[0], domain[1], tickCount), y, top, bottom };
}

/** Moves label centres apart to at least `gap` pixels within [top, bottom], changing their order never. */
export function spreadLabels(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const out = [...wanted];
  let last = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    out[i] = Math.max(wanted[i]!, last + gap, top);
    last = out[i]!;
  }
  let next = bottom + gap;
  for (const i of order.reverse()) {
    out[i] = Math.min(out[i]!, next - gap);
    next = out[i]!;
  }
  return out;
}
