/**
 * The states every picture can be in, and how true a number is. Types and their words; no drawing.
 */

/** recorded = by the command line beforehand; fast = first-token score; exact = decoded or computed in full. */
export type Truth = 'recorded' | 'fast' | 'exact';

export const TRUTH_WORDS: Record<Truth, { word: string; meaning: string }> = {
  recorded: {
    word: 'recorded',
    meaning: 'Computed beforehand by the command line; live numbers replace it.',
  },
  fast: {
    word: 'fast score',
    meaning: 'From the first answer token only; exact decoding follows on release.',
  },
  exact: { word: 'exact', meaning: 'Computed in full, in this tab.' },
};

export interface PendingWork {
  /** 0..1; null = unknown. */
  fraction: number | null;
  /** e.g. "48 of 200 prompts, 12 s left". */
  text: string;
}

export type FigureStatus =
  | { state: 'empty' /** What to do to get a picture. */; hint: string }
  | { state: 'loading'; work: PendingWork }
  | { state: 'partial'; work: PendingWork }
  | { state: 'ready' }
  | {
      state: 'failed' /** What happened, and what was kept. */;
      happened: string;
      todo: string;
      onRetry?: () => void;
    };
