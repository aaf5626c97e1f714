/**
 * How far a number may lie from the recorded one when a run is repeated. On the same backend: not at all. On another one
 * float32 sums run in another order; what that does to each kind of number is stated here, with the reason.
 */
import type { BackendInfo } from '@/engine/engine.ts';
import type { Allowance, AllowanceOf } from './differences.ts';

/** Fields that say how the work was done, not what came out. */
const NOT_RESULTS = [
  // How many layers had to be run depends on what was kept from earlier work.
  /(^|\.)(layerRuns|tokenRuns)(\.|$)/,
  // Names under which a lab keeps things.
  /(^|\.)vectorsKey$/,
  /(^|\.)(stepMs|elapsedMs)$/,
  /(^|\.)adapter$/,
  // In words, with rounded numbers of other fields inside.
  /(^|\.)(reason|findings\[\])$/,
  // A person's corrections, which no machine repeats.
  /(^|\.)byHand$/,
];

interface Rule {
  field: RegExp;
  absolute: number;
  why: string;
}

/**
 * Between backends. Measured on the bundled model, WebAssembly in Chromium repeating runs of Node: scores within 3e-6,
 * cosines 1.2e-5, angles 6e-4 degrees, attention 2e-6, every answer the same. Each bound leaves about a factor of ten for
 * other models and for WebGPU, whose logits differ as little (manifest: parity). The first rule that fits holds.
 */
export const ACROSS_BACKENDS: readonly Rule[] = [
  {
    field: /Deg(\[\])?$/,
    absolute: 0.01,
    why: 'degrees: arccos magnifies what cosines near 1 differ by',
  },
  { field: /(^|\.)auroc(\.|$)/, absolute: 0.01, why: 'ranks: two vectors nearly level may change places' },
  {
    field: /(^|\.)(refused|answered|garbled|gained|lost)$/,
    absolute: 1,
    why: 'counts: a prompt within rounding of the threshold may fall on the other side',
  },
  {
    field: /(^|\.)rows\[\]\.(value|low|high)$/,
    absolute: 1e-3,
    why: 'controls: measures of many units, none of them smaller than a hundredth',
  },
  { field: /points\[\]\.(low|high)$/, absolute: 1.5, why: 'intervals in prompts follow their count' },
  {
    field: /(^|\.)(loss|gradientNorm|updateNorm|before|after)$/,
    absolute: 1e-3,
    why: 'rounding of each training step enters the next',
  },
  {
    field:
      /(score|klNats|scores\[\]|threshold|agreement|attention\[\]|mean\[\]|std\[\]|low\[\]|high\[\]|cosine\[\])$/,
    absolute: 1e-4,
    why: 'probabilities and cosines: rounding of float32 sums, through all layers',
  },
];

/** Everything else, between backends: equal, or a relative size that float32 explains is not known. */
const OTHERWISE = 0;

const isIgnored = (field: string): boolean => NOT_RESULTS.some((pattern) => pattern.test(field));

export const sameBackend: AllowanceOf = (field) => (isIgnored(field) ? 'ignored' : { absolute: 0 });

export const acrossBackends: AllowanceOf = (field): Allowance => {
  if (isIgnored(field)) return 'ignored';
  return { absolute: ACROSS_BACKENDS.find((rule) => rule.field.test(field))?.absolute ?? OTHERWISE };
};

type Machine = Pick<BackendInfo, 'kind' | 'runtime' | 'threads'>;

/**
 * Threads count: a runtime may split sums by them. The processor is not in the file; on another one even the same
 * backend may round differently, and then the report says so in numbers.
 */
export function isSameBackend(a: Machine, b: Machine): boolean {
  return a.kind === b.kind && a.runtime === b.runtime && a.threads === b.threads;
}

export const allowanceBetween = (a: Machine, b: Machine): AllowanceOf =>
  isSameBackend(a, b) ? sameBackend : acrossBackends;
