/**
 * What else a setting may do to a model besides scaling: leave layers out, keep adapters to some layers, disturb weights at
 * random, edit a direction of the residual stream. Plain data and pure functions; the loop and derived-stack.ts act on them.
 * Every field may be absent, and absent or empty means: nothing is done.
 */
import { AppError } from '@/model/app-error.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { ModelSetting } from './engine.ts';
import { type ScalePlan, scalePlan } from './scale-plan.ts';

/** Adds Gaussian noise to each named matrix of layers first..last. */
export interface PerturbRule {
  first: number;
  last: number;
  matrices: readonly MatrixName[];
  /** Frobenius norm of the noise as a share of the matrix's, adapters merged. |alpha - 1| matches scaling by alpha. */
  strength: number;
  /** Layer and matrix enter too: two rules with one seed put the same noise where they overlap. */
  seed: number;
}

/** Edits what leaves each of `layers`: x + (gain (x.u) + shift) u, with u = direction / |direction|. */
export interface DirectionEdit {
  layers: readonly number[];
  /** [D] */
  direction: readonly number[];
  /** -1 takes the direction out; 0 leaves it. */
  gain: number;
  /** Added along u, in units of the residual stream. */
  shift: number;
  /** Every token, or only the last one of a prompt and each token of the answer. */
  positions: 'all' | 'last';
}

export interface Interventions {
  /** Layers left out: what enters them leaves them. */
  skip?: readonly number[];
  /** The layers in which the adapters work; absent = all. The others run as the base model's. */
  adapterLayers?: readonly number[];
  /** Layers in which the adapters do not work, among those above. */
  baseLayers?: readonly number[];
  perturb?: readonly PerturbRule[];
  edits?: readonly DirectionEdit[];
}

/** A setting's layer-by-layer plan; `firstScaled` is the first layer that differs in any way but by its adapters. */
export function settingPlan(
  setting: ModelSetting,
  spec: { layerCount: number; hiddenSize: number },
): ScalePlan {
  const { layerCount } = spec;
  const plan = scalePlan(setting.scale, layerCount);
  const { skip = [], edits = [], adapterLayers = [], baseLayers = [], perturb = [] } = setting;
  checkLayers(
    [...skip, ...adapterLayers, ...baseLayers, ...edits.flatMap(({ layers }) => layers)],
    layerCount,
  );
  for (const rule of perturb) checkPerturb(rule, layerCount);
  for (const edit of edits) checkEdit(edit, spec.hiddenSize);
  const byLayer = Array.from({ length: layerCount }, (_, layer) =>
    edits.filter(({ layers, gain, shift }) => layers.includes(layer) && (gain !== 0 || shift !== 0)),
  );
  const firstEdited = byLayer.findIndex((own) => own.length > 0);
  return {
    ...plan,
    // An edit changes what leaves its layer, so the layer itself runs as it is, but what is kept of it does not hold.
    firstScaled: Math.min(plan.firstScaled, ...skip, firstEdited < 0 ? layerCount : firstEdited),
    ...(skip.length > 0 ? { skipped: new Set(skip) } : {}),
    ...(firstEdited < 0 ? {} : { edits: byLayer }),
  };
}

function checkLayers(layers: readonly number[], layerCount: number): void {
  const wrong = layers.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= layerCount);
  if (wrong === undefined) return;
  throw new AppError(
    'bad-input',
    `There is no layer ${wrong}; this model has layers 0 to ${layerCount - 1}.`,
    'Layers count from 0.',
  );
}

function checkPerturb({ first, last, strength, seed }: PerturbRule, layerCount: number): void {
  checkLayers([first, last], layerCount);
  if (first <= last && strength >= 0 && Number.isFinite(strength) && Number.isInteger(seed)) return;
  throw new AppError(
    'bad-input',
    `Noise of strength ${strength} with seed ${seed} cannot be added to layers ${first} to ${last}.`,
    'The strength is 0 or more, the seed a whole number, and the range runs upwards.',
  );
}

function checkEdit({ direction, gain, shift }: DirectionEdit, hiddenSize: number): void {
  const isVector = direction.length === hiddenSize && direction.every(Number.isFinite);
  if (isVector && Number.isFinite(gain) && Number.isFinite(shift)) return;
  throw new AppError(
    'bad-input',
    `A direction of ${direction.length} numbers cannot be edited in a model of width ${hiddenSize}.`,
    'Take it from the same model; all its numbers must be finite.',
  );
}
