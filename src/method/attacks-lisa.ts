/**
 * Lisa's steps (Huang et al. 2024, "Lazy Safety Alignment", Algorithm 1; trainer.py of git-disl/Lisa): phases on safety
 * rows and on the person's rows alternate, beginning with safety; each is held near the weights at its beginning by
 * rho/2 |w - w_switch|^2. Here: which step is which, and the term. The trainer takes the steps.
 *
 * As in the published code: safety steps count towards the total (the person's rows are passed over fewer times), one
 * optimiser state serves both phases, and the term is left out while the step number is at most a tenth of the total.
 */

export interface LisaParams {
  alignmentSteps: number;
  userSteps: number;
  rho: number;
  /** Share of all steps before the proximal term is added. */
  freeShare: number;
}

/** The settings of Lisa's paper; its training script defaults to 500 and 500. */
export const LISA_DEFAULTS: LisaParams = { alignmentSteps: 100, userSteps: 900, rho: 1, freeShare: 0.1 };

/** Cycles that a short run should have, so that alternating is not a word only. */
const MIN_CYCLES = 4;

/**
 * The defaults, or for a run too short to hold `MIN_CYCLES` of their cycles the same 1 to 9 within shorter ones. This
 * shortening is ours: 100 + 900 steps do not fit into the 675 of the safety layers paper itself.
 */
export function lisaParamsFor(totalSteps: number): LisaParams {
  const cycle = LISA_DEFAULTS.alignmentSteps + LISA_DEFAULTS.userSteps;
  if (totalSteps >= MIN_CYCLES * cycle) return LISA_DEFAULTS;
  const shorter = Math.max(2, Math.floor(totalSteps / MIN_CYCLES));
  const alignmentSteps = Math.max(1, Math.round((shorter * LISA_DEFAULTS.alignmentSteps) / cycle));
  return { ...LISA_DEFAULTS, alignmentSteps, userSteps: shorter - alignmentSteps };
}

export interface LisaStep {
  phase: 'alignment' | 'user';
  /** The weights before this step become w_switch. True at the first step of every phase. */
  anchors: boolean;
  /** The proximal term is part of this step's loss. */
  proximal: boolean;
}

/** One entry per update, the first at index 0. */
export function lisaSchedule(totalSteps: number, params: LisaParams = lisaParamsFor(totalSteps)): LisaStep[] {
  const { alignmentSteps, userSteps, freeShare } = params;
  const cycle = alignmentSteps + userSteps;
  if (
    !(
      Number.isInteger(alignmentSteps) &&
      Number.isInteger(userSteps) &&
      alignmentSteps >= 0 &&
      userSteps >= 0 &&
      cycle > 0
    )
  ) {
    throw new RangeError('Lisa needs whole numbers of steps, not both zero');
  }
  return Array.from({ length: totalSteps }, (_, step): LisaStep => {
    const within = step % cycle;
    const begins = (within === 0 && alignmentSteps > 0) || (within === alignmentSteps && userSteps > 0);
    // With one phase alone the published code never switches, so the start stays the anchor.
    const switches = alignmentSteps > 0 && userSteps > 0;
    return {
      phase: within < alignmentSteps ? 'alignment' : 'user',
      anchors: step === 0 || (switches && begins),
      proximal: step > freeShare * totalSteps,
    };
  });
}

/** rho/2 |w - w_switch|^2 of one tensor; the loss gets the sum over all that train (with LoRA: of A and B, as in the code). */
export function proximalLoss(weights: Float32Array, anchor: Float32Array, rho: number): number {
  let squares = 0;
  for (let at = 0; at < weights.length; at++) squares += (weights[at]! - anchor[at]!) ** 2;
  return (rho / 2) * squares;
}

/** Adds the term's gradient, rho (w - w_switch), to `gradient` ([n], of one tensor). */
export function addProximalGradient(
  gradient: Float32Array,
  weights: Float32Array,
  anchor: Float32Array,
  rho: number,
): void {
  for (let at = 0; at < gradient.length; at++) gradient[at]! += rho * (weights[at]! - anchor[at]!);
}
