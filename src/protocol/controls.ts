/**
 * Controls: experiments that could prove a located range wrong. Each is one module in src/experiments/controls; here is
 * what they are asked and what they answer, the same shape for all of them, so that one view and one command serve every
 * control there will be. No code.
 */
import type { ModelContext, PromptItem, RefusalCalibration } from './experiments.ts';

/** Pools by what a control uses them for. A control names those it needs; the others are empty. */
export const CONTROL_POOLS = [
  'normal',
  'malicious',
  'matchedNormal',
  'matchedMalicious',
  'counted',
  'harmless',
] as const;
/**
 * normal, malicious: the pools of the similarity picture. matched*: pairs of one length and form. counted: prompts whose
 * refusals are counted (over-rejection). harmless: prompts on which damage is measured.
 */
export type ControlPool = (typeof CONTROL_POOLS)[number];

export type ControlValue = number | string;

interface OptionWords {
  key: string;
  label: string;
  description: string;
}
/** One thing that a person may set; the default is a sound choice. */
export type ControlOption = OptionWords &
  (
    | { kind: 'integer' | 'number'; default: number; min: number; max: number }
    | { kind: 'choice'; default: string; choices: ReadonlyArray<{ value: string; label: string }> }
    /** Numbers separated by commas, e.g. alphas. */
    | { kind: 'numbers'; default: string; min: number; max: number }
  );

/** What a person is told about a control before it runs, and all that a list of controls needs. */
export interface ControlCard {
  name: string;
  title: string;
  /** Two sentences: what is done, and what it would show. */
  explanation: string;
  /** Where the idea comes from. */
  reference: string;
  needs: {
    pools: readonly ControlPool[];
    /** The range under test with its alpha and matrices. */
    range: boolean;
    /** Learnt first tokens, because refusals are counted. */
    calibration: boolean;
    /** Compares base with aligned: the setting must have an adapter. */
    adapter: boolean;
  };
  options: readonly ControlOption[];
}

export interface ControlParams extends ModelContext, Record<ControlPool, PromptItem[]> {
  name: string;
  /** By key; what is missing takes its default. */
  options: Readonly<Record<string, ControlValue>>;
  /** The range under test; null where the control has none. */
  range: ModelContext['setting']['scale'][number] | null;
  calibration: RefusalCalibration | null;
  /** Of every draw, fold and bootstrap. */
  seed: number;
  /** Rows of an interrupted run, which are not computed again. */
  done?: ControlRow[];
}

/** One point of a control's chart, one line of its table. */
export interface ControlRow {
  /** Key into `measures`: which panel. */
  measure: string;
  /** Which line or group within the panel, e.g. "aligned". */
  series: string;
  /** What was run, in words: "layers 8-13", "seed 4". */
  label: string;
  /** Position on the shared axis: a layer (first of a range), an alpha, or the place in a list. */
  x: number;
  /** Last layer, inclusive, where the row is about layers x..last. */
  last?: number;
  value: number;
  /** 95 % interval; null where none is defined for one row. */
  low: number | null;
  high: number | null;
  /** Prompts (or draws) behind the value. */
  n: number;
  /** Of the test that the result names, before and after Benjamini-Hochberg over the rows tested together. */
  p?: number;
  pAdjusted?: number;
  /** Prompts of the counted pool that were refused, by index: what paired tests and repeats need. */
  refused?: number[];
}

export interface ControlMeasure {
  key: string;
  /** e.g. "angle gap". */
  label: string;
  /** e.g. "degrees", "prompts", "nats". */
  unit: string;
  /** Value that stands for "nothing there": 0 for a gap, 0.5 for an AUROC, the count at alpha 1. */
  reference: number | null;
  /** What the interval is, and which test gave p: every figure states them. */
  interval: string;
  test: string;
}

export interface ControlResult {
  name: string;
  axis: {
    kind: 'layer' | 'alpha' | 'list';
    label: string;
    /** Of the model: for `layer`. */
    layerCount: number;
  };
  measures: ControlMeasure[];
  rows: ControlRow[];
  /** What came out, in sentences made from the numbers. */
  findings: string[];
}
