/**
 * What every picture needs, and nothing about where it comes from: the contract between the page and the pictures.
 * Layers are 0-based, ranges inclusive, angles in degrees. Pictures hold no state that a person could want to keep.
 */
import type { ReactNode } from 'react';
import type { FigureStatus, PendingWork, Truth } from '@/elements/status.ts';
import type { Provenance } from '@/figures/provenance.ts';
import type {
  AttentionPicture,
  BandPoint,
  CosineMatrixResult,
  Measure,
  PromptItem,
  ResponseClass,
  SimilarityResult,
} from '@/protocol/experiments.ts';

export interface LayerRange {
  first: number;
  last: number;
}

/** Shared by all pictures on the layer axis. */
export interface LayerPictureProps {
  layerCount: number;
  /** The brushed range; null = none. */
  range: LayerRange | null;
  /** The layer lit in all pictures. */
  hoverLayer: number | null;
  onHoverLayer: (layer: number | null) => void;
}

/** Shared by all figures with a frame. */
export interface FigureProps {
  status: FigureStatus;
  truth: Truth | null;
  /** null = nothing computed yet; exports are off. */
  provenance: Provenance | null;
}

export interface LayerStripProps extends LayerPictureProps {
  range: LayerRange;
  /** While dragging and at each key. */
  onChange: (range: LayerRange) => void;
  /** Once, when a drag or key press ends. */
  onCommit?: (range: LayerRange) => void;
  proposed?: LayerRange | null;
  /** The band that a planted control was trained on. */
  planted?: LayerRange | null;
}

export interface SimilarityCurvesProps extends LayerPictureProps, FigureProps {
  /** Of the figure on its page; a second one needs names of its own. */
  name?: string;
  title?: string;
  measure: Measure;
  onMeasureChange?: (measure: Measure) => void;
  current: SimilarityResult | null;
  /** e.g. "aligned". */
  currentLabel: string;
  /** The thin line behind, e.g. base behind aligned. */
  ghost?: SimilarityResult | null;
  ghostLabel?: string;
}

/** What the rule says about the range; `rule` is the sentence shown and `none` is an honest answer. */
export type ProposalMark =
  | { kind: 'range'; first: number; last: number; rule: string }
  | { kind: 'none'; rule: string };

export const GAP_DEFINITIONS = ['of-means', 'of-angles'] as const;
export type GapDefinition = (typeof GAP_DEFINITIONS)[number];

export interface AngleGapProps extends LayerPictureProps, FigureProps {
  measure: 'raw' | 'centred';
  current: SimilarityResult | null;
  currentLabel: string;
  ghost?: SimilarityResult | null;
  ghostLabel?: string;
  /** Drawn strong, with its band; the other one is drawn thin. The band is of `of-means`. */
  definition: GapDefinition;
  onDefinitionChange?: (definition: GapDefinition) => void;
  proposal?: ProposalMark | null;
}

export interface CosineMapProps extends LayerPictureProps, FigureProps {
  measure: 'raw' | 'centred';
  current: SimilarityResult | null;
  /** The layer whose matrix is open; null = none. */
  selectedLayer: number | null;
  onSelectLayer: (layer: number | null) => void;
  matrix: CosineMatrixResult | null;
  matrixStatus: FigureStatus;
  /** In the order of the matrix. */
  normal: readonly PromptItem[];
  malicious: readonly PromptItem[];
  /** Malicious prompt text is blurred unless true. */
  revealed: boolean;
  onReveal?: (revealed: boolean) => void;
}

export const ATTENTION_SCALINGS = ['per-layer', 'raw'] as const;
/** per-layer = min-max within each layer (the paper's); raw = probabilities from 0. */
export type AttentionScaling = (typeof ATTENTION_SCALINGS)[number];

export const ATTENTION_LAYOUTS = ['stacked', 'beside'] as const;
/** stacked = layers across, as in all pictures; beside = layers down, both prompts on one layer axis. */
export type AttentionLayout = (typeof ATTENTION_LAYOUTS)[number];

export interface AttentionMapProps extends LayerPictureProps, FigureProps {
  /** One or two prompts. */
  pictures: readonly AttentionPicture[];
  /** Ids of prompts whose text is blurred unless revealed. */
  sensitiveIds: ReadonlySet<string>;
  revealed: boolean;
  onReveal?: (revealed: boolean) => void;
  head: number | 'mean';
  onHeadChange: (head: number | 'mean') => void;
  scaling: AttentionScaling;
  onScalingChange: (scaling: AttentionScaling) => void;
  /** Default stacked. */
  layout?: AttentionLayout;
  onLayoutChange?: (layout: AttentionLayout) => void;
  questionOnly: boolean;
  onQuestionOnlyChange: (questionOnly: boolean) => void;
  /** Controls that choose the prompts; the page's business. */
  pickers?: ReactNode;
}

export interface BandScanProps extends LayerPictureProps, FigureProps {
  /** Layers per band. */
  bandWidth: number;
  alpha: number;
  points: readonly BandPoint[];
  /** At alpha = 1; low and high are the 95 % Wilson interval of the count. */
  baseline: { refused: number; total: number; low: number; high: number } | null;
  planted?: LayerRange | null;
  /** What the scan's test says, in words. */
  finding?: string | null;
  /** What speaks against the score that is counted by, in a sentence. */
  limit?: string | null;
  /** A band was picked: the page may set the range to it. */
  onPickBand?: (range: LayerRange) => void;
}

export interface TrailPoint {
  alpha: number;
  refused: number;
  total: number;
  truth: Truth;
  /** 95 % interval of the count. */
  low?: number;
  high?: number;
}

export interface AlphaTrailProps extends FigureProps {
  points: readonly TrailPoint[];
  currentAlpha: number;
  /** The slider's bounds: the x axis. */
  alphaDomain: readonly [low: number, high: number];
  range: LayerRange;
  /** R0, at alpha = 1. */
  baseline: { refused: number; total: number } | null;
  /** Go back to this alpha. */
  onPick: (alpha: number) => void;
}

export interface PoolBar {
  role: 'over-rejected' | 'malicious' | 'normal';
  /** e.g. "over-rejection prompts". */
  label: string;
  counts: Record<ResponseClass, number>;
  /** Prompts in the pool; more than the sum of the counts while counting. */
  total: number;
  truth: Truth;
  pending?: PendingWork | null;
}

export interface ClassBarsProps extends FigureProps {
  pools: readonly PoolBar[];
  /** Counts at alpha = 1 by the same measure, drawn as a tick; by role. */
  baseline?: Partial<Record<PoolBar['role'], Record<ResponseClass, number>>>;
}
