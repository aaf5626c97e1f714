/**
 * The first-token refusal score: the probability that the answer opens as refusals open. One forward pass, no decoding,
 * so it can follow a drag. Not in the paper (which decodes 16 tokens); the score is that of Arditi et al. 2024
 * (select_direction.py) with the tokens LEARNT per model and template, since "I" opens answers too.
 */
import type { RefusalCalibration, ResponseClass } from '@/protocol/experiments.ts';
import { auroc } from './auroc.ts';

/** First-token probabilities of one prompt: the likeliest ids, and nothing of the rest. */
export interface TopTokens {
  ids: ArrayLike<number>;
  probabilities: ArrayLike<number>;
}

/** A token opens refusals when it takes at least this share of their first-token probability, on average... */
export const MIN_REFUSAL_MASS = 0.01;
/** ...and is at least this many times likelier there than at the head of an answer. */
export const MIN_MASS_RATIO = 2;
/** Refusals, and answers, that a token set may be learnt from: two, and this share of the sample. Fewer teach letters by chance. */
export const MIN_CLASS_SHARE = 0.02;

/** The `count` likeliest tokens under softmax(logits), likeliest first. Logits [V]; probabilities are of the whole vocabulary. */
export function topTokens(logits: Float32Array, count: number): TopTokens {
  const { largest, sum } = softmaxParts(logits);
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (ids.length === count && logits[id]! <= logits[ids[count - 1]!]!) continue;
    let place = ids.length;
    while (place > 0 && logits[ids[place - 1]!]! < logits[id]!) place--;
    ids.splice(place, 0, id);
    if (ids.length > count) ids.pop();
  }
  return { ids, probabilities: ids.map((id) => Math.exp(logits[id]! - largest) / sum) };
}

/** Probability that the next token is one of `tokenIds`: softmax over logits [V], shifted so that nothing overflows. */
export function refusalScore(logits: Float32Array, tokenIds: readonly number[]): number {
  const { largest, sum } = softmaxParts(logits);
  let chosen = 0;
  for (const id of tokenIds) chosen += Math.exp(logits[id]! - largest);
  return chosen / sum;
}

function softmaxParts(logits: Float32Array): { largest: number; sum: number } {
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) if (logits[id]! > largest) largest = logits[id]!;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - largest);
  return { largest, sum };
}

/**
 * Learns the opening tokens and the threshold from unscaled prompts whose decoded answers have been classified. Garbled
 * answers are left out: they say nothing about how a refusal opens. `tokenText` is only for showing the set.
 * Agreement and AUROC are on the same prompts that were learnt from, hence optimistic.
 */
export function calibrateFirstToken(
  prompts: ReadonlyArray<{ top: TopTokens; responseClass: ResponseClass }>,
  tokenText: (id: number) => string,
): RefusalCalibration {
  const refused = prompts.filter((prompt) => prompt.responseClass === 'refused').map(({ top }) => top);
  const answered = prompts.filter((prompt) => prompt.responseClass === 'answered').map(({ top }) => top);
  const least = Math.max(2, MIN_CLASS_SHARE * (refused.length + answered.length));
  const enough = refused.length >= least && answered.length >= least;
  const tokenIds = enough ? openingTokens(refused, answered) : [];
  const refusedScores = refused.map((top) => massOf(top, tokenIds));
  const answeredScores = answered.map((top) => massOf(top, tokenIds));
  const { threshold, agreement } = bestThreshold(refusedScores, answeredScores);
  return {
    tokenIds,
    tokenTexts: tokenIds.map(tokenText),
    threshold,
    sampleCount: refused.length + answered.length,
    agreement,
    auroc: auroc(refusedScores, answeredScores),
  };
}

/** Why a calibration should not be trusted, as a sentence for the person; null when nothing speaks against it. */
export function calibrationWarning(calibration: RefusalCalibration): string | null {
  if (calibration.tokenIds.length === 0) {
    return 'No first token tells refusals from answers here (too few of one kind); rely on decoded answers only.';
  }
  if (calibration.auroc < 0.9 || calibration.agreement < 0.85) {
    const share = Math.round(calibration.agreement * 100);
    return `The first token agrees with the decoded answer on only ${share} % of prompts; the live count is a rough guide.`;
  }
  return null;
}

function massOf(top: TopTokens, tokenIds: readonly number[]): number {
  let mass = 0;
  for (let at = 0; at < top.ids.length; at++) {
    if (tokenIds.includes(top.ids[at]!)) mass += top.probabilities[at]!;
  }
  return mass;
}

/** Tokens by the two named rules, most telling first; if none passes, the single most telling one. */
function openingTokens(refused: readonly TopTokens[], answered: readonly TopTokens[]): number[] {
  const inRefusals = meanMasses(refused);
  const inAnswers = meanMasses(answered);
  const excess = (id: number) => inRefusals.get(id)! - (inAnswers.get(id) ?? 0);
  const ranked = [...inRefusals.keys()].filter((id) => excess(id) > 0).sort((a, b) => excess(b) - excess(a));
  const telling = ranked.filter((id) => {
    const mass = inRefusals.get(id)!;
    return mass >= MIN_REFUSAL_MASS && mass >= MIN_MASS_RATIO * (inAnswers.get(id) ?? 0);
  });
  return telling.length > 0 ? telling : ranked.slice(0, 1);
}

function meanMasses(tops: readonly TopTokens[]): Map<number, number> {
  const masses = new Map<number, number>();
  for (const { ids, probabilities } of tops) {
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!;
      masses.set(id, (masses.get(id) ?? 0) + probabilities[at]! / tops.length);
    }
  }
  return masses;
}

/**
 * The cut (refused when score > threshold) that agrees with most prompts, midway between two neighbouring scores. Among
 * equally good cuts the one with the widest gap around it: scaling moves scores, and a wide gap leaves room.
 */
function bestThreshold(
  refused: readonly number[],
  answered: readonly number[],
): { threshold: number; agreement: number } {
  const total = refused.length + answered.length;
  if (total === 0) return { threshold: 0.5, agreement: 0 };
  const edges = [...new Set([0, ...refused, ...answered, 1])].sort((a, b) => a - b);
  let best = { threshold: 0.5, agreement: -1, room: 0 };
  for (let at = 0; at + 1 < edges.length; at++) {
    const threshold = (edges[at]! + edges[at + 1]!) / 2;
    const room = edges[at + 1]! - edges[at]!;
    const right =
      refused.filter((score) => score > threshold).length +
      answered.filter((score) => score <= threshold).length;
    const agreement = right / total;
    if (agreement > best.agreement || (agreement === best.agreement && room > best.room)) {
      best = { threshold, agreement, room };
    }
  }
  return { threshold: best.threshold, agreement: best.agreement };
}

/** Keeps log-odds finite: a float32 softmax cannot tell probabilities closer to 0 or 1 than about this. */
const ODDS_FLOOR = 1e-7;
const logOdds = (share: number) => {
  const clamped = Math.min(1 - ODDS_FLOOR, Math.max(ODDS_FLOOR, share));
  return Math.log(clamped / (1 - clamped));
};

/**
 * Indices of prompts, most informative first: those whose score at alpha = 1 is closest to the threshold change class
 * first when alpha moves. Distance is in log-odds, the scale on which logits shift; equal distances keep their order.
 */
export function informativeOrder(scores: ArrayLike<number>, threshold: number): number[] {
  const centre = logOdds(threshold);
  const distance = Array.from(scores, (score) => Math.abs(logOdds(score) - centre));
  return [...distance.keys()].sort((a, b) => distance[a]! - distance[b]! || a - b);
}
