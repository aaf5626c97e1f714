/** Tolerances of the fixtures' README: ten times the measured error of the reference itself (float32 against float64). */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Measured } from './measure.ts';
import type { TrainingMeasured } from './measure-training.ts';

const FACTOR = 10;

type Errors = Record<string, number>;
const reference = JSON.parse(readFileSync('tests/fixtures/tolerances.json', 'utf8')) as Record<
  string,
  { forward: Errors; scale?: Errors; lora?: Errors }
>;

export function toleranceOf(model: string, part: 'forward' | 'scale' | 'adapter'): Errors {
  const entry = reference[model]!;
  if (part === 'adapter') {
    // The stored logits with the given final adapter are as exact as other logits; merging adds its own rounding.
    const { logits } = entry.forward as { logits: number };
    const { merged_minus_adapter: merged } = entry.lora as { merged_minus_adapter: number };
    return scaled({ base: logits, adapter: logits, merged: logits + merged });
  }
  return scaled(entry[part]!);
}

function scaled(errors: Errors): Errors {
  return Object.fromEntries(Object.entries(errors).map(([name, error]) => [name, FACTOR * error]));
}

/** Every measured quantity has a tolerance and keeps it. */
export function expectWithin(measured: Measured, tolerance: Errors): void {
  expect(Object.keys(measured.maxAbs).length).toBeGreaterThan(0);
  for (const [quantity, maxAbs] of Object.entries(measured.maxAbs)) {
    expect(tolerance, `a tolerance for ${quantity}`).toHaveProperty(quantity);
    expect(maxAbs, quantity).toBeLessThanOrEqual(tolerance[quantity]!);
  }
}

/**
 * The fixtures' README, section accuracy: loss and gradients at step 0 strictly; the rest of the run strictly while every
 * gradient has the reference's sign, loosely when one does not, since Adam then takes another way.
 */
export function expectTraining(measured: TrainingMeasured, name: string): void {
  const sameSigns = measured.signFlips === 0;
  expect(measured.maxAbs.loss_step0, 'loss at step 0').toBeLessThan(1e-5);
  expect(measured.maxAbs.gradients_step0, 'gradients at step 0').toBeLessThan(1e-4);
  expect(measured.maxAbs.loss, 'losses').toBeLessThan(sameSigns ? 2e-4 : 5e-3);
  expect(measured.meanFinal, 'final adapter, mean').toBeLessThan(sameSigns ? 1e-5 : 2e-3);
  const { probe_logits } = reference[name]!.lora as { probe_logits: number };
  if (sameSigns) expect(measured.maxAbs.probe_logits, 'probe logits').toBeLessThan(FACTOR * probe_logits);
}

/**
 * everything/ and dropout/: strict like the fixtures' own runs, since no gradient of theirs has another sign. The largest
 * float32 error of the references themselves: loss 5.3e-6, gradients 1.1e-5, final tensors 5.5e-4 (run.json).
 */
export function expectMadeRun(measured: TrainingMeasured): void {
  expect(measured.signFlips, 'gradients of another sign').toBe(0);
  expect(measured.maxAbs.loss_step0, 'loss at step 0').toBeLessThan(1e-5);
  expect(measured.maxAbs.gradients_step0, 'gradients at step 0').toBeLessThan(1e-4);
  expect(measured.maxAbs.loss, 'losses').toBeLessThan(2e-4);
  expect(measured.meanFinal, 'final tensors, mean').toBeLessThan(1e-5);
}
