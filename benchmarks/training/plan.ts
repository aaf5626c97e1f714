/** Issue 4, section 8: a LoRA step of rank 8 on all projections, batch 4 x 64 tokens, 2 threads. The same for every contestant. */

/** LoRA or the layers' weights themselves; all layers, or all but the band. */
export const STEP_KINDS = ['lora', 'lora-band', 'full', 'full-band'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export const LORA = { rank: 8, scaling: 2 };
/** The band of the page's recorded runs. */
export const BAND = [8, 13] as const;
export const LEARNING_RATE = 1e-4;
export const THREADS = 2;
export const ROUNDS = { lora: 6, full: 4 };

/** Any tokens do; half of each row is the answer. pytorch_steps.py makes the same rows. */
export const BATCH = Array.from({ length: 4 }, (_, row) => ({
  ids: Array.from({ length: 64 }, (_, t) => (row * 1000 + t * 37 + 5) % 40000),
  responseStart: 32,
}));
