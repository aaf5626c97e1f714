/**
 * The controls by name, in the order in which they are listed, and the experiment that runs one of them. A new control is
 * a new file in this folder and a line here.
 */
import { AppError } from '@/model/app-error.ts';
import type { ControlCard, ControlParams } from '@/protocol/controls.ts';
import type { Experiment } from '@/protocol/experiments.ts';
import type { ExperimentContext } from '../context.ts';
import { baseModel } from './base-model.ts';
import { centredCosine } from './centred-cosine.ts';
import { type Control, prepareRun } from './control.ts';
import { directionEdit } from './direction-edit.ts';
import { effectAndDamage } from './effect-and-damage.ts';
import { layerSkip } from './layer-skip.ts';
import { logitLens } from './logit-lens.ts';
import { matchedPools } from './matched-pools.ts';
import { matrixSets } from './matrix-sets.ts';
import { probes } from './probes.ts';
import { randomPerturbation } from './random-perturbation.ts';
import { randomRangesControl } from './random-ranges.ts';
import { refusalDirection } from './refusal-direction.ts';
import { shuffledGap } from './shuffled-gap.ts';
import { template } from './template.ts';
import { tokenPosition } from './token-position.ts';
import { transplant } from './transplant.ts';
import { transplantGrid } from './transplant-grid.ts';

export const CONTROLS: readonly Control[] = [
  shuffledGap,
  centredCosine,
  probes,
  baseModel,
  matchedPools,
  template,
  tokenPosition,
  refusalDirection,
  logitLens,
  directionEdit,
  effectAndDamage,
  randomRangesControl,
  randomPerturbation,
  matrixSets,
  layerSkip,
  transplant,
  transplantGrid,
];

/** What can be said about every control before any model is loaded. */
export function controlCards(): ControlCard[] {
  return CONTROLS.map(({ name, title, explanation, reference, needs, options }) => ({
    name,
    title,
    explanation,
    reference,
    needs,
    options,
  }));
}

export async function* controlExperiment(
  context: ExperimentContext,
  params: ControlParams,
  signal?: AbortSignal,
): Experiment<'control'> {
  const control = CONTROLS.find((one) => one.name === params.name);
  if (!control) {
    throw new AppError(
      'not-found',
      `There is no control called "${params.name}".`,
      `There are: ${CONTROLS.map(({ name }) => name).join(', ')}.`,
    );
  }
  const result = yield* control.run(prepareRun(control, context, params, signal));
  return { name: control.name, ...result };
}
