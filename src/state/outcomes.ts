/**
 * What a count means: which prompts are refused, what changed against alpha = 1, with which certainty. Pure.
 * A class set by hand wins over the rules; an exact answer wins over the first-token score.
 */
import { bootstrapMean, type MeanInterval } from '@/method/mean-interval.ts';
import { pairedChange } from '@/method/statistics.ts';
import type { PromptItem, PromptOutcome, ResponseClass } from '@/protocol/experiments.ts';
import type { Truth } from '@/views/index.ts';
import type { Count, Entry } from './results.ts';

export type Overrides = Readonly<Record<string, ResponseClass>>;

/** One correction is of one answer: the same prompt answered with other words is judged anew. */
export function overrideKey(prompt: Pick<PromptItem, 'id'>, answer: string): string {
  return `${prompt.id} ${answer}`;
}

/** Null while not decided. `fast` outcomes know only refused or not. */
export function classOf(
  prompt: PromptItem,
  outcome: PromptOutcome | undefined,
  overrides: Overrides,
): ResponseClass | null {
  if (!outcome) return null;
  if (outcome.answer !== undefined) {
    const byHand = overrides[overrideKey(prompt, outcome.answer)];
    if (byHand) return byHand;
  }
  return outcome.responseClass ?? (outcome.refusedByScore ? 'refused' : 'answered');
}

export interface Tally {
  counts: Record<ResponseClass, number>;
  /** Prompts that are decided; `total` are in the pool. */
  decided: number;
  total: number;
}

export function tally({ prompts, outcomes }: Count, overrides: Overrides): Tally {
  const counts = { refused: 0, answered: 0, garbled: 0 };
  let decided = 0;
  prompts.forEach((prompt, index) => {
    const responseClass = classOf(prompt, outcomes[index], overrides);
    if (!responseClass) return;
    counts[responseClass]++;
    decided++;
  });
  return { counts, decided, total: prompts.length };
}

/** Entries for one alpha, from the most to the least certain. */
export interface CountPair {
  exact: Entry<'count'> | null;
  score: Entry<'count'> | null;
}

export interface Reading {
  truth: Truth;
  now: Entry<'count'>;
  before: Entry<'count'> | null;
  complete: boolean;
  /** What is there of a count that is made here while `now` is still a recorded one. */
  soFar: Entry<'count'> | null;
}

/**
 * Which count is shown for the current alpha, and the one at alpha = 1 that it may be compared with: of the same kind,
 * exact with exact and score with score. A complete score is better than half of an exact count, and one that was computed
 * here takes the place of a recorded number, unless the comparison with alpha = 1 would be lost by it: until its own R0 is
 * there as well, what is live stands beside the recorded number.
 */
export function chooseReading(now: CountPair, before: CountPair): Reading | null {
  const kinds = [
    [now.exact, before.exact],
    [now.score, before.score],
  ] as const;
  const candidates = kinds.filter(([entry]) => entry?.value.outcomes.some(Boolean));
  const complete = candidates.filter(([entry]) => entry!.complete);
  const isRecorded = ([entry]: (typeof kinds)[number]) => entry!.truth === 'recorded';
  const isCompared = complete.some((kind) => isRecorded(kind) && kind[1]?.complete);
  const choice =
    complete.find((kind) => !isRecorded(kind) && (kind[1]?.complete || !isCompared)) ??
    complete[0] ??
    candidates[0];
  if (!choice) return null;
  const [entry, baseline] = choice;
  const live = isRecorded(choice) ? candidates.find((kind) => !isRecorded(kind)) : undefined;
  return {
    truth: entry!.truth,
    now: entry!,
    before: baseline,
    complete: entry!.complete,
    soFar: live?.[0] ?? null,
  };
}

export interface Change {
  /** Prompts, not shares. */
  difference: number;
  low: number;
  high: number;
  pValue: number;
  gained: number;
  lost: number;
  /** Prompts that both counts have decided. */
  total: number;
  clusterCount: number;
}

/** The paired change over the prompts decided on both sides; interval clustered by the prompts' groups (verbs). */
export function changeBetween(before: Count, now: Count, overrides: Overrides): Change | null {
  const was: boolean[] = [];
  const is: boolean[] = [];
  const groups: Array<string | undefined> = [];
  now.prompts.forEach((prompt, index) => {
    const a = classOf(prompt, before.outcomes[index], overrides);
    const b = classOf(prompt, now.outcomes[index], overrides);
    if (!a || !b) return;
    was.push(a === 'refused');
    is.push(b === 'refused');
    groups.push(prompt.group);
  });
  if (was.length === 0) return null;
  const paired = pairedChange(was, is, groups);
  const { total } = paired;
  return {
    difference: paired.after - paired.before,
    low: Math.round(paired.low * total),
    high: Math.round(paired.high * total),
    pValue: paired.p,
    gained: paired.gained,
    lost: paired.lost,
    total,
    clusterCount: paired.clusterCount,
  };
}

/** How far the first token of prompts that nothing should change has moved, in nats. */
export interface Damage extends MeanInterval {
  n: number;
}

/** Null until every prompt of the count says how far its first token moved; recorded counts may not say it. */
export function damageOf({ outcomes }: Count): Damage | null {
  const divergences = outcomes.map((outcome) => outcome?.klNats);
  if (divergences.length === 0 || !divergences.every((one) => one !== undefined)) return null;
  return { ...bootstrapMean(divergences), n: divergences.length };
}

export interface AnswerRow {
  prompt: PromptItem;
  was: ResponseClass | null;
  now: ResponseClass | null;
  changed: boolean;
  outcomeBefore: PromptOutcome | undefined;
  outcomeNow: PromptOutcome | undefined;
  byHand: boolean;
}

/** What is known of one prompt at one alpha. */
interface Sides {
  exact: Count | null;
  score: Count | null;
}
const sidesOf = ({ exact, score }: CountPair): Sides => ({
  exact: exact?.value ?? null,
  score: score?.value ?? null,
});

/**
 * Changed ones first, then the others, the undecided last; each group in the pool's order. A prompt is called changed only
 * when both sides were decided in the same way, decoded or scored: answers fill in one by one.
 */
export function answerRows(beforePair: CountPair, nowPair: CountPair, overrides: Overrides): AnswerRow[] {
  const [before, now] = [sidesOf(beforePair), sidesOf(nowPair)];
  const prompts = (now.exact ?? now.score)?.prompts ?? [];
  const rows = prompts.map((prompt, index): AnswerRow => {
    const kinds = (['exact', 'score'] as const).map((kind) => ({
      was: before[kind]?.outcomes[index],
      is: now[kind]?.outcomes[index],
    }));
    const paired = kinds.find(({ was, is }) => was && is);
    const outcomeBefore = paired?.was ?? kinds.find(({ was }) => was)?.was;
    const outcomeNow = paired?.is ?? kinds.find(({ is }) => is)?.is;
    const was = classOf(prompt, outcomeBefore, overrides);
    const is = classOf(prompt, outcomeNow, overrides);
    const answer = outcomeNow?.answer;
    return {
      prompt,
      was,
      now: is,
      changed: paired !== undefined && was !== is,
      outcomeBefore,
      outcomeNow,
      byHand: answer !== undefined && overrides[overrideKey(prompt, answer)] !== undefined,
    };
  });
  const rank = (row: AnswerRow) => (row.changed ? 0 : row.now === null ? 2 : 1);
  return rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => rank(a.row) - rank(b.row) || a.index - b.index)
    .map(({ row }) => row);
}
