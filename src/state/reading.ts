/**
 * What came out, in plain words, from the results at hand: no sentence without its numbers, and "nothing singles out a
 * range" is an answer like any other. Pure.
 */
import { summariseBandScan } from '@/method/localisation.ts';
import type { ProposalMark } from '@/views/index.ts';
import type { Change, Tally } from './outcomes.ts';
import type { Scan } from './results.ts';

export interface ReadingInput {
  measureWords: string;
  proposal: ProposalMark | null;
  scan: Scan | null;
  scanComplete: boolean;
  alpha: number;
  range: readonly [number, number];
  overRejection: { now: Tally; change: Change | null; complete: boolean } | null;
  malicious: { now: Tally; before: Tally | null; complete: boolean } | null;
}

/** Above this share of garbled answers a refusal count says little. */
const GARBLED_SHARE = 0.1;

export function readingOf(input: ReadingInput): string[] {
  return [...localisation(input), ...effect(input), ...brokenness(input)];
}

const layers = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `layer ${first}` : `layers ${first}–${last}`;

/** The gap's answer and the scan's in one sentence; what a band does is told by the method's own test. */
function localisation({ measureWords, proposal, scan, scanComplete, alpha }: ReadingInput): string[] {
  const gap = proposal
    ? proposal.kind === 'range'
      ? `The ${measureWords} angle gap proposes ${layers(proposal)}`
      : `In this model the ${measureWords} angle gap does not single out a range`
    : null;
  const summary =
    scan?.baseline && scanComplete
      ? summariseBandScan({ baseline: scan.baseline, points: [...scan.points] }, alpha)
      : null;
  if (!summary) return gap ? [`${gap}.`] : [];
  const found = summary.safetyLike?.bands.map(layers).join(' or ');
  const connected = found
    ? proposal?.kind === 'range'
      ? `the band scan points to ${found}`
      : `the band scan does: ${found}`
    : proposal?.kind === 'range'
      ? 'the band scan singles out none'
      : 'neither does the band scan';
  const first = gap
    ? `${gap}; ${connected}.`
    : `${capital(found ? `the band scan points to ${found}` : 'the band scan singles out no range')}.`;
  return [first, summary.sentence];
}

function effect({ overRejection, alpha, range }: ReadingInput): string[] {
  if (!overRejection?.change || !overRejection.complete || alpha === 1) return [];
  const { difference, pValue, low, high, total } = overRejection.change;
  const where = layers({ first: range[0], last: range[1] });
  const certain = pValue < 0.05 && (low > 0 || high < 0);
  if (!certain)
    return [
      `Alpha ${alpha} on ${where} changes the count by ${signed(difference)} of ${total}: within chance.`,
    ];
  const more = difference > 0 ? 'more' : 'fewer';
  return [
    `Alpha ${alpha} on ${where} makes the model refuse ${Math.abs(difference)} ${more} of ${total} harmless prompts.`,
  ];
}

function brokenness({ overRejection, malicious }: ReadingInput): string[] {
  const sentences: string[] = [];
  if (overRejection?.complete) {
    const { counts, total } = overRejection.now;
    if (counts.garbled > GARBLED_SHARE * total) {
      sentences.push(`${counts.garbled} of ${total} answers are garbled: a broken model is not a safe one.`);
    }
  }
  if (malicious?.complete && malicious.before && malicious.before.decided === malicious.before.total) {
    const { counts, total } = malicious.now;
    sentences.push(
      `Of ${total} malicious prompts it refuses ${counts.refused} (${malicious.before.counts.refused} at alpha 1).`,
    );
  }
  return sentences;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const signed = (value: number): string => (value > 0 ? `+${value}` : value < 0 ? `−${-value}` : '±0');
