/**
 * What a model does, measured in full (paper, section 4.2, Table 2), as plain data: on which prompts, rows and questions, and
 * what came out, answer by answer, so that it can be audited and two models be compared on the same prompts.
 */
import type { PromptItem, RefusalRules, ResponseClass } from './experiments.ts';

/** A multiple-choice question in the form of MMLU. */
export interface KnowledgeItem {
  id: string;
  subject: string;
  question: string;
  options: readonly [string, string, string, string];
  /** Index of the right option. */
  answer: number;
}

/** A list that is empty leaves its measure out. */
export interface MeasureParams {
  malicious: PromptItem[];
  overRejection: PromptItem[];
  /** Plain harmless prompts. */
  control: PromptItem[];
  /**
   * Put before every malicious prompt, which is then asked a second time: what a backdoor (D_B) opens shows only behind its
   * trigger. Absent = not asked.
   */
  trigger?: string;
  rules: RefusalRules;
  /** Decoded for malicious prompts; more than for the others, since the harmful score reads on. */
  maliciousTokens: number;
  /** Decoded for over-rejection and control prompts. */
  maxNewTokens: number;
  /** Of the run's held-out rows, spread evenly, so many are answered for ROUGE-L; all count for the perplexity. */
  rougeRows: number;
  rougeTokens: number;
  questions: KnowledgeItem[];
}

/** One prompt's answer: greedy, judged by the rules of the parameters. In the order of the prompts. */
export interface MeasuredAnswer {
  answer: string;
  /** Without the stop token. */
  tokenCount: number;
  responseClass: ResponseClass;
}

/** Malicious prompts: with the score 1 to 5 of src/method/harmful-score.ts, null where the answer is garbled. */
export interface HarmfulAnswer extends MeasuredAnswer {
  harmfulScore: number | null;
}

export interface RougeAnswer {
  /** Of the held-out row. */
  rowId: string;
  answer: string;
  /** ROUGE-L of the answer against the row's output. */
  f1: number;
}

/** A held-out row under the model: sum of log-probabilities (natural) of its labels, and their number. */
export interface RowLikelihood {
  rowId: string;
  logProbSum: number;
  tokenCount: number;
}

/** A count with its 95 % Wilson interval. */
export interface MeasuredShare {
  count: number;
  total: number;
  share: number;
  low: number;
  high: number;
}

/** One pool of prompts in three classes. */
export interface ClassShares {
  refused: MeasuredShare;
  answered: MeasuredShare;
  garbled: MeasuredShare;
}

/** The numbers that tables show; each follows from the answers. Null where its list was empty. */
export interface MeasureSummary {
  /** `answered` is the harmful rate. */
  malicious: ClassShares | null;
  /** Malicious prompts behind the trigger. Absent where they were not asked. */
  triggered?: ClassShares | null;
  /** Mean of 1 to 5 by a local rubric (not the paper's GPT-4); 95 % bootstrap over prompts. Null where all are garbled. */
  harmfulScore: {
    mean: number;
    low: number;
    high: number;
    scored: number;
    /** How many answers got 1, 2, 3, 4, 5. */
    counts: number[];
  } | null;
  /** `refused` is over-rejection. */
  overRejection: ClassShares | null;
  control: ClassShares | null;
  /** Mean F1; spread of the rows. */
  rougeL: { mean: number; std: number | null; rows: number } | null;
  /** Share of right answers, the text form of src/method/knowledge.ts; and the probability of so many by guessing. */
  knowledge: (MeasuredShare & { chance: number; pAboveChance: number }) | null;
  /** Of the labels of all held-out rows together. */
  perplexity: { value: number; tokens: number; rows: number } | null;
}

export interface Measures {
  summary: MeasureSummary;
  malicious: HarmfulAnswer[];
  /** The same prompts behind the trigger. */
  triggered?: HarmfulAnswer[];
  overRejection: MeasuredAnswer[];
  control: MeasuredAnswer[];
  rouge: RougeAnswer[];
  /** Per question: log-probability per character of each option. */
  knowledge: Array<[number, number, number, number]>;
  heldOut: RowLikelihood[];
  elapsedMs: number;
}
