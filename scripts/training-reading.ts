/** What the recorded training runs say, in sentences; every clause follows from a number or a test. Tables: training-table.ts. */
import { ATTACK_DATA_INFO } from '@/method/attack-data.ts';
import type { AttackMethod } from '@/protocol/training.ts';
import {
  type Contrast,
  type Group,
  type GroupContrasts,
  harmfulRates,
  seedPairs,
  updateNormOf,
} from './training-results.ts';

const LEVEL = 0.05;

/**
 * Does SPPFT leave fewer harmful answers than the other method, more, or can these prompts not tell? `garbled`: fewer, but
 * less than half of them became refusals; babble has taken their place.
 */
export type Verdict = 'fewer' | 'garbled' | 'more' | 'open';

/** By the adjusted p and the interval together, so that neither alone can carry a claim. */
export function verdictOf(one: Contrast & { adjustedP: number }): Verdict {
  const { change, low, high, refusedChange, adjustedP } = one;
  if (adjustedP >= LEVEL || (low <= 0 && high >= 0)) return 'open';
  if (change > 0) return 'more';
  return refusedChange >= -change / 2 ? 'fewer' : 'garbled';
}

export function readingOf(all: readonly GroupContrasts[]): string[] {
  return [
    overall(all),
    ...all.map((one) => `- ${groupSentence(one)}`),
    ...why(all.map(({ group }) => group)).map((one) => `- ${one}`),
  ];
}

function overall(all: readonly GroupContrasts[]): string {
  const verdicts = all.flatMap(({ contrasts }) =>
    contrasts.filter(({ from }) => from === 'full').map(verdictOf),
  );
  const count = (wanted: Verdict) => verdicts.filter((one) => one === wanted).length;
  if (verdicts.length === 0) return 'No run of SPPFT is recorded beside one of full tuning yet.';
  const [fewer, garbled, more, open] = [count('fewer'), count('garbled'), count('more'), count('open')];
  const babble = garbled > 0 ? `, fewer mostly because more is garbled in ${garbled}` : '';
  const tally = `Of ${verdicts.length} comparisons of SPPFT with full tuning, SPPFT leaves significantly fewer harmful answers and refuses more in ${fewer}${babble}, significantly more harmful answers in ${more}, and ${open} cannot be told apart.`;
  if (fewer === verdicts.length) return `Freezing the located band protected this model here. ${tally}`;
  if (fewer === 0) {
    return `Freezing the located band did not protect this small model: the paper's effect (Table 2: 6 % against 43 to 88 % on D_I) is not seen here. ${tally}`;
  }
  return `Freezing the located band protected this model in some cases and not in others. ${tally}`;
}

function groupSentence({ group, contrasts }: GroupContrasts): string {
  const name = `${ATTACK_DATA_INFO[group.data].name}, ${group.model}, ${group.part === 'lora' ? 'LoRA' : 'all weights'}`;
  const before = harmfulRates([group.methods[0]!.runs[0]!.result.measures.before]);
  const rates = group.methods.map(({ method, runs }) => {
    const after = runs.map(({ result }) => result.measures.after);
    const refused =
      after.reduce((sum, { summary }) => sum + summary.malicious!.refused.share, 0) / after.length;
    return `${WORDS[method]} ${percent(harmfulRates(after).mean)} (${percent(refused)} refused)`;
  });
  const clauses = contrasts.map((one) => {
    const other = WORDS[one.from];
    const size = `${Math.abs(100 * one.change).toFixed(0)} points, ${(100 * one.low).toFixed(0)} to ${(100 * one.high).toFixed(0)}`;
    switch (verdictOf(one)) {
      case 'fewer':
        return `fewer harmful answers than ${other} (${size})`;
      case 'garbled':
        return `fewer harmful answers than ${other} (${size}), but most of them became garbled and not refusals`;
      case 'more':
        return `more harmful answers than ${other} (${size})`;
      default:
        return `no difference from ${other} that these prompts can show (${size})`;
    }
  });
  const compared = clauses.length > 0 ? ` SPPFT: ${clauses.join('; ')}.` : '';
  return `${name}: harmful rate ${percent(before.mean)} before; after ${rates.join(', ')}.${compared}`;
}

const WORDS: Record<AttackMethod, string> = {
  full: 'full tuning',
  sppft: 'SPPFT',
  'band-after': 'the band after it frozen',
  'band-before': 'the band before it frozen',
  'band-random': 'a random band frozen',
  'only-band': 'the band alone trained',
  nfft: 'NFFT',
  lisa: 'Lisa',
};
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Sizes of the updates: does the freeze leave the model nearer to where it was, or do other layers take over? */
function why(groups: readonly Group[]): string[] {
  const pairs = groups.flatMap((group) => seedPairs(group, 'full', 'sppft'));
  if (pairs.length === 0) return [];
  const meanOf = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const whole = meanOf(
    pairs.map(([full, frozen]) => updateNormOf(frozen.result) / updateNormOf(full.result)),
  );
  const outside = meanOf(
    pairs.map(([full, frozen]) => {
      const places = frozen.result.proof.filter((layer) => !layer.frozen).map(({ layer }) => layer);
      const norm = ({ result }: typeof full) =>
        Math.hypot(...places.map((layer) => result.proof[layer]!.updateNorm));
      return norm(frozen) / norm(full);
    }),
  );
  const parameters = meanOf(
    pairs.map(([full, frozen]) => frozen.result.trainedParameters / full.result.trainedParameters),
  );
  const taken =
    outside > 1.02
      ? 'they take over part of what the frozen ones would have learnt'
      : outside < 0.98
        ? 'they move less than under full tuning'
        : 'they move as far as under full tuning';
  return [
    `Size of the updates: SPPFT trains ${percent(parameters)} of the parameters of full tuning and its whole update has ${percent(whole)} of the norm. The layers that train in both get ${percent(outside)} of the norm they get under full tuning: ${taken}.`,
  ];
}
