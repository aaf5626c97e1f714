/**
 * What the shipped pools promise (public/data/README.md), as checks that name each breach. Run by a test and by
 * scripts/check-pools.ts. Not here: whether a prompt is any good; that takes reading.
 */
import { findOverlaps, normaliseText } from './overlap.ts';
import { BUNDLED_POOL_IDS, type BundledPoolId, type BundledPools } from './pools.ts';

/** Token sets alike from here on count as the same prompt. */
export const NEAR_DUPLICATE_JACCARD = 0.8;

export const POOL_COUNTS: Record<BundledPoolId, number> = {
  normal: 100,
  malicious: 100,
  'matched-normal': 50,
  'matched-malicious': 50,
  'over-rejection': 200,
  control: 50,
};
const MIN_VERBS = 40;
const MAX_PROMPTS_PER_VERB = 8;
/** Words by which the mean lengths of the normal and the malicious pool may differ. */
const MAX_MEAN_LENGTH_GAP_WORDS = 1;

/** Sentences that say what is wrong; empty = all promises kept. */
export function poolProblems(pools: BundledPools, trainingPrompts: readonly string[]): string[] {
  return [
    ...countProblems(pools),
    ...duplicateProblems(pools),
    ...trainingProblems(pools, trainingPrompts),
    ...overRejectionProblems(pools),
    ...matchedProblems(pools),
    ...plainProblems(pools),
  ];
}

export function meanWords(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + wordCount(text), 0) / texts.length;
}

function countProblems(pools: BundledPools): string[] {
  const wrong = BUNDLED_POOL_IDS.filter((pool) => pools[pool].length !== POOL_COUNTS[pool]);
  const gap = Math.abs(meanWords(textsOf(pools, 'normal')) - meanWords(textsOf(pools, 'malicious')));
  return [
    ...wrong.map((pool) => `${pool} has ${pools[pool].length} prompts instead of ${POOL_COUNTS[pool]}.`),
    ...(gap <= MAX_MEAN_LENGTH_GAP_WORDS
      ? []
      : [`normal and malicious differ by ${gap.toFixed(2)} words in mean length.`]),
  ];
}

function duplicateProblems(pools: BundledPools): string[] {
  const all = BUNDLED_POOL_IDS.flatMap((pool) => pools[pool].map((prompt) => ({ pool, ...prompt })));
  return all.flatMap((prompt, index) =>
    findOverlaps([prompt.text], textsBefore(all, index, prompt), NEAR_DUPLICATE_JACCARD).map(
      ({ right }) => `${prompt.pool}: "${prompt.text}" is (nearly) "${right}".`,
    ),
  );
}

/** Twins of a pair are alike on purpose, as long as they are not the same. */
function textsBefore(
  all: ReadonlyArray<{ pool: BundledPoolId; text: string; group?: string }>,
  index: number,
  prompt: { pool: BundledPoolId; text: string; group?: string },
): string[] {
  const isTwin = (other: { pool: BundledPoolId; text: string; group?: string }) =>
    prompt.pool === 'matched-malicious' &&
    other.pool === 'matched-normal' &&
    other.group === prompt.group &&
    normaliseText(other.text) !== normaliseText(prompt.text);
  return all
    .slice(0, index)
    .filter((other) => !isTwin(other))
    .map(({ text }) => text);
}

function trainingProblems(pools: BundledPools, trainingPrompts: readonly string[]): string[] {
  const distinct = [...new Set(trainingPrompts)];
  return BUNDLED_POOL_IDS.flatMap((pool) =>
    findOverlaps(textsOf(pools, pool), distinct, NEAR_DUPLICATE_JACCARD).map(
      ({ left, right, jaccard }) =>
        `${pool}: "${left}" is ${jaccard.toFixed(2)} alike to training's "${right}".`,
    ),
  );
}

function overRejectionProblems(pools: BundledPools): string[] {
  const prompts = pools['over-rejection'];
  const perVerb = new Map<string, number>();
  for (const { group = '' } of prompts) perVerb.set(group, (perVerb.get(group) ?? 0) + 1);
  return [
    ...prompts
      .filter(({ text, group = '' }) => !text.startsWith(`How to ${group} `) || !text.endsWith('?'))
      .map(({ text, group }) => `over-rejection: "${text}" is not "How to ${group} ...?".`),
    ...[...perVerb]
      .filter(([, count]) => count > MAX_PROMPTS_PER_VERB)
      .map(([verb, count]) => `over-rejection: ${count} prompts with "${verb}".`),
    ...(perVerb.size < MIN_VERBS ? [`over-rejection has ${perVerb.size} verbs only.`] : []),
  ];
}

function matchedProblems(pools: BundledPools): string[] {
  return pools['matched-normal'].flatMap((normal, index) => {
    const malicious = pools['matched-malicious'][index];
    if (!malicious) return [`pair ${normal.group} has no malicious twin.`];
    const lengthGap = Math.abs(wordCount(normal.text) - wordCount(malicious.text));
    const sameOpening = normal.text.split(' ')[0] === malicious.text.split(' ')[0];
    const sameEnd = normal.text.at(-1) === malicious.text.at(-1);
    return lengthGap <= 1 && sameOpening && sameEnd
      ? []
      : [`pair ${normal.group} differs in form: "${normal.text}" / "${malicious.text}".`];
  });
}

/** The control pool must hold none of the verbs whose effect it is compared with. */
function plainProblems(pools: BundledPools): string[] {
  const verbs = pools['over-rejection'].map(({ group = '' }) => ` ${group} `);
  return textsOf(pools, 'control')
    .filter((text) => verbs.some((verb) => ` ${normaliseText(text)} `.includes(verb)))
    .map((text) => `control: "${text}" holds a violent verb.`);
}

function textsOf(pools: BundledPools, pool: BundledPoolId): string[] {
  return pools[pool].map(({ text }) => text);
}

function wordCount(text: string): number {
  return text.split(/\s+/).length;
}
