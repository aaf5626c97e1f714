/**
 * The experiments that look for the range of layers that acts: the grid of all ranges, single layers by alpha, and the
 * paper's progressive search. Plain data, part of the map in experiments.ts. A result with `complete: false` is what an
 * interrupted run leaves; given back as `resume`, nothing in it is computed again.
 */
import type { MatrixName } from '@/model/spec.ts';
import type {
  ModelContext,
  PromptItem,
  PromptOutcome,
  RefusalCalibration,
  RefusalRules,
} from './experiments.ts';

/** What all three count, and how. */
interface CountedPrompts extends ModelContext {
  prompts: PromptItem[];
  calibration: RefusalCalibration;
  matrices: MatrixName[];
}

/** At alpha = 1, by first-token score. */
export interface ScoreBaseline {
  refused: number;
  total: number;
  /** A score above it counts as refused, here and in every cell. */
  threshold: number;
  /** Per prompt: probability of a refusing first token. */
  scores: Float32Array;
}

/**
 * Work in two units. A layer run is one layer for one prompt; a token run is one layer at one position, which is what
 * costs time. `full` is what one pass through the whole model per setting and prompt would have taken.
 */
export interface LocaliseWork {
  layerRuns: { run: number; full: number };
  tokenRuns: { run: number; full: number };
}

// ---------------------------------------------------------------- the grid of all ranges

export interface GridParams extends CountedPrompts {
  rules: RefusalRules;
  alpha: number;
  /** The first picture is coarse: every so many bounds. 1 = row by row at once. */
  coarseStep: number;
  /** So many of the best cells are decoded; 0 = none. */
  decodeBest: number;
  maxNewTokens: number;
  resume?: GridResult;
}

/** Layers first..last scaled. `gained` and `lost` against the baseline, prompt by prompt. */
export interface GridCell {
  first: number;
  last: number;
  refused: number;
  gained: number;
  lost: number;
  /** Per prompt, in the order of the prompts. */
  scores: Float32Array;
}

/** A cell whose answers were decoded. */
export interface ExactCell {
  first: number;
  last: number;
  refused: number;
  answered: number;
  garbled: number;
  outcomes: PromptOutcome[];
}

export type GridEvent =
  | { type: 'baseline'; layerCount: number; baseline: ScoreBaseline }
  | { type: 'cells'; cells: GridCell[]; work: LocaliseWork }
  | { type: 'exact'; cell: ExactCell };

export interface GridResult {
  layerCount: number;
  baseline: ScoreBaseline;
  /** By first, then last. */
  cells: GridCell[];
  /** Best first. */
  exact: ExactCell[];
  work: LocaliseWork;
  complete: boolean;
}

// ---------------------------------------------------------------- single layers by alpha (LARF, arXiv 2507.18631)

export interface LayerAlphaParams extends CountedPrompts {
  alphas: number[];
  resume?: LayerAlphaResult;
}

/** One layer scaled by alpha. */
export interface LayerAlphaCell {
  layer: number;
  alpha: number;
  refused: number;
  gained: number;
  lost: number;
  scores: Float32Array;
}

export type LayerAlphaEvent =
  | { type: 'baseline'; layerCount: number; baseline: ScoreBaseline }
  | { type: 'cells'; cells: LayerAlphaCell[]; work: LocaliseWork };

export interface LayerAlphaResult {
  layerCount: number;
  baseline: ScoreBaseline;
  /** By layer, then alpha. */
  cells: LayerAlphaCell[];
  work: LocaliseWork;
  complete: boolean;
}

// ---------------------------------------------------------------- progressive localisation (section 3.4, table 1)

/** raise: alpha > 1, the count is to grow. lower: alpha < 1, it is to fall. */
export const SEARCH_DIRECTIONS = ['raise', 'lower'] as const;
export type SearchDirection = (typeof SEARCH_DIRECTIONS)[number];

export interface SearchSettings {
  /** Step of alpha away from 1; the paper's beta. */
  alphaStep: number;
  /** Alpha goes at most so far from 1. */
  alphaLimit: number;
  /** The spread of the counts along the sweep that alpha must reach, as a share of the prompts; the paper: 15 of 721. */
  spreadShare: number;
  /** An alpha under which more than this share of the answers is garbled is not taken. */
  garbledShare: number;
  /** Bounds tried on either side of the start; 2 makes the paper's five. */
  halfWindow: number;
  /** Go on where the best bound is the last one tried. */
  extend: boolean;
  /** The bounds to try, instead of a window around the start. */
  uppers?: number[];
  lowers?: number[];
}

export interface LocateParams extends CountedPrompts, SearchSettings {
  rules: RefusalRules;
  /** score: first tokens, and decoding only to see whether the text is garbled. exact: every answer decoded. */
  counting: 'score' | 'exact';
  maxNewTokens: number;
  /** Prompts decoded per alpha to see whether the text is garbled, when counting by score. */
  guardPrompts: number;
  /** Pools for the angle gap that proposes the start; null = start from `fallback`. */
  gap: { normal: PromptItem[]; malicious: PromptItem[] } | null;
  /** The start where the gap proposes no range. */
  fallback: [first: number, last: number];
  directions: SearchDirection[];
  resume?: LocateResult;
}

/** One range at one alpha. The baseline has alpha 1 and stands for every range. */
export interface LocateCount {
  first: number;
  last: number;
  alpha: number;
  refused: number;
  total: number;
  scores: Float32Array;
  /** Decoded answers: of every prompt when counting exactly, else of the guard's sample, or absent. */
  outcomes?: PromptOutcome[];
  garbled?: number;
}

/** Two counts of the same prompts, with the exact McNemar p. */
export interface PairedTest {
  gained: number;
  lost: number;
  p: number;
}

export interface SweepPoint {
  first: number;
  last: number;
  refused: number;
  total: number;
  /** Share of decoded answers that are garbled; null where none was decoded. */
  garbledShare: number | null;
  /** Against the point before, where there is one. */
  fromPrevious: PairedTest | null;
  /** Against the chosen point; null for that point itself. */
  fromChosen: PairedTest | null;
}

/** One line of table 1: one bound moves, the other stays. */
export interface Sweep {
  bound: 'upper' | 'lower';
  alpha: number;
  /** Ordered by the bound that moves. */
  points: SweepPoint[];
  /** Place of the chosen point. */
  chosen: number;
  /** Standard deviation of the counts (n - 1). */
  spread: number;
  /** Bounds whose count the prompts cannot tell from the chosen one (p > 0.05), the chosen one among them. */
  notToldApart: number[];
  /** True when a neighbour of the chosen point is among those. */
  isWithinNoise: boolean;
}

export type SearchStep =
  | { kind: 'start'; first: number; last: number; reason: string }
  | {
      kind: 'alpha';
      alpha: number;
      spread: number;
      needed: number;
      garbledShare: number | null;
      verdict: 'too small' | 'taken' | 'garbled';
      sweep: Sweep;
    }
  | { kind: 'chosen'; alpha: number; reason: string }
  | { kind: 'sweep'; sweep: Sweep; reason: string }
  | {
      kind: 'final';
      first: number;
      last: number;
      alpha: number;
      refused: number;
      total: number;
      reason: string;
    };

export interface SearchTrace {
  direction: SearchDirection;
  steps: SearchStep[];
}

export type LocateEvent =
  | { type: 'baseline'; baseline: LocateCount; layerRuns: { run: number; full: number } }
  | { type: 'start'; layerCount: number; start: LocateResult['start'] }
  | { type: 'count'; count: LocateCount; layerRuns: { run: number; full: number } }
  | { type: 'step'; direction: SearchDirection; step: SearchStep };

export interface LocateResult {
  layerCount: number;
  /** How the start was found, in words. */
  start: { first: number; last: number; reason: string };
  baseline: LocateCount;
  counts: LocateCount[];
  searches: SearchTrace[];
  /** As in CountResult, of all counts. */
  layerRuns: { run: number; full: number };
  complete: boolean;
}
