/** Learning rate over a run: linear warm-up, then linear decay, as transformers' get_linear_schedule_with_warmup. */
export interface Schedule {
  learningRate: number;
  warmupSteps: number;
  totalSteps: number;
  /** Share of the peak that is left after the last step. */
  finalShare: number;
}

/** Rate of step 0, 1, …; step t is the (t+1)-th update. */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, warmupSteps, totalSteps, finalShare } = schedule;
  if (step < warmupSteps) return (learningRate * step) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return learningRate * (1 - (1 - finalShare) * progress);
}
