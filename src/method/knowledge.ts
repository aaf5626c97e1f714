/**
 * Multiple-choice knowledge in the form of MMLU (Hendrycks et al. 2021; paper, Table 2: utility after fine-tuning): how a
 * question is put, and how log-probabilities become an accuracy. Pure; the engine gives the log-probabilities, src/data
 * reads the files.
 */
import { type Share, shareOf } from './metrics.ts';

export const CHOICE_LETTERS = ['A', 'B', 'C', 'D'] as const;
export type ChoiceLetter = (typeof CHOICE_LETTERS)[number];
export const CHANCE_ACCURACY = 1 / CHOICE_LETTERS.length;

export interface KnowledgeQuestion {
  id: string;
  /** As in MMLU's file names: high_school_biology. */
  subject: string;
  question: string;
  options: readonly [string, string, string, string];
  /** Index of the right option. */
  answer: number;
}

/**
 * MMLU's own prompt (evaluate.py), to be sent without a chat template; what follows is the letter after a space. `shots`
 * are solved examples of the subject (the published figures use five of its dev file).
 */
export function knowledgePrompt(
  question: KnowledgeQuestion,
  shots: readonly KnowledgeQuestion[] = [],
): string {
  const subject = question.subject.replaceAll('_', ' ');
  const solved = shots.map((shot) => `${withOptions(shot)} ${CHOICE_LETTERS[shot.answer]}\n\n`);
  return `The following are multiple choice questions (with answers) about ${subject}.\n\n${solved.join('')}${withOptions(question)}`;
}

/** The four texts whose first token after `knowledgePrompt` is compared. */
export const CHOICE_CONTINUATIONS: readonly string[] = CHOICE_LETTERS.map((letter) => ` ${letter}`);

/**
 * The other usual form, for models too small to use letters: the bare question, and the log-probability of each option's
 * text, best divided by its characters (as "acc_norm" of lm-evaluation-harness does). Figures of the two forms differ: the
 * bundled model of 135 million parameters always says A in the first form and has 83 of 120 own questions right in this one.
 */
export function clozePrompt({ question }: KnowledgeQuestion): string {
  return `Question: ${question}\nAnswer:`;
}
export function clozeContinuations({ options }: KnowledgeQuestion): string[] {
  return options.map((option) => ` ${option}`);
}
export function perCharacter(logProbs: readonly number[], continuations: readonly string[]): number[] {
  return logProbs.map((logProb, at) => logProb / [...continuations[at]!].length);
}

export interface KnowledgeResult {
  accuracy: Share;
  chance: number;
  /** Exact one-sided binomial probability of so many right answers by guessing. */
  pAboveChance: number;
  bySubject: Array<{ subject: string; accuracy: Share }>;
  /** How often each letter was chosen: a model that always says A is seen here, not in the accuracy. */
  chosen: [number, number, number, number];
  /** Per question, for paired comparison of two models. */
  correct: boolean[];
}

/** `scores`: [questions][4], higher = likelier; equal scores go to the first letter. */
export function scoreKnowledge(
  questions: readonly KnowledgeQuestion[],
  scores: ReadonlyArray<ArrayLike<number>>,
): KnowledgeResult {
  if (questions.length !== scores.length) throw new RangeError('each question needs its four scores');
  const chosen: KnowledgeResult['chosen'] = [0, 0, 0, 0];
  const correct = questions.map(({ answer }, at) => {
    const choice = bestOf(scores[at]!);
    chosen[choice]! += 1;
    return choice === answer;
  });
  const subjects = [...new Set(questions.map(({ subject }) => subject))];
  const accuracyOf = (flags: readonly boolean[]) => shareOf(flags.filter(Boolean).length, flags.length);
  const accuracy = accuracyOf(correct);
  return {
    accuracy,
    chance: CHANCE_ACCURACY,
    pAboveChance: upperTail(accuracy.count, accuracy.total, CHANCE_ACCURACY),
    bySubject: subjects.map((subject) => ({
      subject,
      accuracy: accuracyOf(correct.filter((_, at) => questions[at]!.subject === subject)),
    })),
    chosen,
    correct,
  };
}

/** P(X >= successes) of a binomial, summed in logarithms; exact enough for thousands of questions. */
export function upperTail(successes: number, total: number, share: number): number {
  let logTerm = total * Math.log1p(-share);
  let tail = successes <= 0 ? Math.exp(logTerm) : 0;
  for (let k = 1; k <= total; k++) {
    logTerm += Math.log((total - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    if (k >= successes) tail += Math.exp(logTerm);
  }
  return Math.min(1, tail);
}

function withOptions({ question, options }: KnowledgeQuestion): string {
  const lines = options.map((option, at) => `${CHOICE_LETTERS[at]}. ${option}`);
  return `${question}\n${lines.join('\n')}\nAnswer:`;
}

function bestOf(scores: ArrayLike<number>): number {
  let best = 0;
  for (let at = 0; at < CHOICE_LETTERS.length; at++) {
    if (!Number.isFinite(scores[at])) throw new RangeError('a score is missing or is no finite number');
    if (scores[at]! > scores[best]!) best = at;
  }
  return best;
}
