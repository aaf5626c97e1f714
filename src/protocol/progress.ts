/** How far a long call has come: loading, downloading, experiments alike. In words: state/progress-words.ts. */

/** Progress of any long call. done and total count `unit`s. */
export interface Progress {
  phase: string;
  done: number;
  total: number;
  unit: 'bytes' | 'prompts' | 'layers' | 'bands' | 'ranges' | 'tokens' | 'steps';
  elapsedMs: number;
  /** Of `done`, what was there before the clock started; absent: nothing. No part of a rate. */
  kept?: number;
}
