/** What was measured of a machine, as plain data: pages, workers and the command line alike. */
import type { BackendInfo } from '@/engine/engine.ts';

/** Matrix products alone, weights passed as the layers' are: the most that a model can get here. */
export interface SpeedMeasure {
  backend: BackendInfo['kind'];
  threads: number;
  /** Products of many rows, as when prompts are read: 10^9 multiplications and additions a second. */
  wideGflops: number;
  /** Products of few rows, as when answers are written side by side. */
  narrowGflops: number;
  narrowRows: number;
  elapsedMs: number;
}
