/** Scale rules turned into one alpha per layer and matrix. Pure arithmetic; the kernels multiply. */
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ScaleRule } from './engine.ts';
import type { DirectionEdit } from './interventions.ts';

export interface ScalePlan {
  /** Per layer: alphas in the order of MATRIX_NAMES, or null where every one is exactly 1. */
  layers: Array<Float32Array | null>;
  /** First layer that is scaled, left out or edited; layerCount when none is. */
  firstScaled: number;
  /** Equal plans have equal keys. */
  key: string;
  /** Layers left out. */
  skipped?: ReadonlySet<number>;
  /** Edits of what leaves each layer. */
  edits?: ReadonlyArray<readonly DirectionEdit[]>;
}

/** Rules on one matrix multiply. A product of exactly 1 leaves the layer on its unscaled path, bit for bit. */
export function scalePlan(rules: readonly ScaleRule[], layerCount: number): ScalePlan {
  const alphas = Array.from({ length: layerCount }, () => new Array<number>(MATRIX_NAMES.length).fill(1));
  for (const rule of rules) {
    checkRule(rule, layerCount);
    for (let layer = rule.first; layer <= rule.last; layer++) {
      for (const matrix of rule.matrices) alphas[layer]![MATRIX_NAMES.indexOf(matrix)]! *= rule.alpha;
    }
  }
  const layers = alphas.map((row) => (row.every((alpha) => alpha === 1) ? null : Float32Array.from(row)));
  const firstScaled = layers.findIndex((row) => row !== null);
  return {
    layers,
    firstScaled: firstScaled < 0 ? layerCount : firstScaled,
    key: layers.map((row) => (row ? row.join(',') : '')).join('|'),
  };
}

function checkRule(rule: ScaleRule, layerCount: number): void {
  const whole = Number.isInteger(rule.first) && Number.isInteger(rule.last);
  if (!whole || rule.first < 0 || rule.last >= layerCount || rule.first > rule.last) {
    throw new AppError(
      'bad-input',
      `Layers ${rule.first} to ${rule.last} are not a range of this model, which has layers 0 to ${layerCount - 1}.`,
      'Layers count from 0 and both ends belong to the range.',
    );
  }
  if (!Number.isFinite(rule.alpha)) {
    throw new AppError(
      'bad-input',
      `alpha must be a number, not ${rule.alpha}.`,
      'Values near 1 are usual, e.g. 1.1.',
    );
  }
  const unknown = rule.matrices.find((matrix) => !MATRIX_NAMES.includes(matrix));
  if (unknown !== undefined) {
    throw new AppError(
      'bad-input',
      `There is no weight matrix "${unknown}".`,
      `Use ${MATRIX_NAMES.join(', ')}.`,
    );
  }
}
