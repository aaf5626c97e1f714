/**
 * What came out, in plain words, from the results at hand: no sentence without its numbers, and "nothing singles out a
 * range" is an answer like any other. Pure.
 */
import { summariseBandScan } from '@/method/localisation.ts';
import type { ProposalMark } from '@/views/index.ts';
import type { Config } from './config.ts';
import type { Change, Tally } from './outcomes.ts';
import type { Scan } from './results.ts';

export interface ReadingInput {
  measureWords: string;
  proposal: ProposalMark | null;
  scan: Scan | null;
  scanComplete: boolean;
  alpha: number;
  range: readonly [number, number];
  /** Which layers come from the aligned model. */
  transplant?: Config['transplant'];
  overRejection: { now: Tally; change: Change | null; complete: boolean } | null;
  malicious: { now: Tally; before: Tally | null; complete: boolean } | null;
  /** AUROC of the probe per layer (mean over folds); null = not computed. */
  auroc: readonly number[] | null;
}

/** Above this share of garbled answers a refusal count says little. */
const GARBLED_SHARE = 0.1;

/** From this AUROC on, a probe is said to tell the pools apart. */
const SEPARATES = 0.95;

export interface ReadingWords {
  /** What alpha does: it is what the page is for. Null while it is not counted. */
  lead: string | null;
  rest: string[];
}

export function readingOf(input: ReadingInput): ReadingWords {
  return {
    lead: effect(input),
    rest: [...brokenness(input), ...localisation(input), ...separability(input)],
  };
}

const layers = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `layer ${first}` : `layers ${first}–${last}`;

/** The method's own test of what the bands do; null before the scan is complete. */
export function scanSummary(scan: Scan | null, complete: boolean, alpha: number) {
  return scan?.baseline && complete
    ? summariseBandScan({ baseline: scan.baseline, points: [...scan.points] }, alpha)
    : null;
}

/** The gap's answer and the scan's in one sentence; the scan's test stands beside its picture. */
function localisation({ measureWords, proposal, scan, scanComplete, alpha }: ReadingInput): string[] {
  const gap = proposal
    ? proposal.kind === 'range'
      ? `The ${measureWords} angle gap proposes ${layers(proposal)}`
      : `The ${measureWords} angle gap singles out no range`
    : null;
  const summary = scanSummary(scan, scanComplete, alpha);
  if (!summary) return gap ? [`${gap}.`] : [];
  const safetyLike = summary.safetyLike;
  const found =
    safetyLike &&
    `${safetyLike.bands.map(layers).join(' or ')} (${safetyLike.bands[0]!.refused} of ${safetyLike.bands[0]!.total})`;
  const connected = found
    ? proposal?.kind === 'range'
      ? `the band scan points to ${found}`
      : `the band scan does: ${found}`
    : proposal?.kind === 'range'
      ? 'the band scan singles out none'
      : 'neither does the band scan';
  return [
    gap
      ? `${gap}; ${connected}.`
      : `${capital(found ? `the band scan points to ${found}` : 'the band scan singles out no range')}.`,
  ];
}

/** A range or none: the pools can be told apart long before, or without, an angle that shows it. */
function separability({ auroc }: ReadingInput): string[] {
  if (!auroc || auroc.length === 0) return [];
  const from = auroc.findLastIndex((value) => !(value >= SEPARATES)) + 1;
  if (from < auroc.length) {
    const where = from === 0 ? 'in every layer' : `from layer ${from} on`;
    return [`One direction tells malicious from normal prompts ${where} (AUROC at least ${SEPARATES}).`];
  }
  const best = Math.max(...auroc.filter(Number.isFinite));
  if (!Number.isFinite(best)) return [];
  return [
    `One direction tells malicious from normal prompts at best with AUROC ${best.toFixed(2)}, at layer ${auroc.indexOf(best)}.`,
  ];
}

function effect({ overRejection, alpha, range, transplant = 'all' }: ReadingInput): string | null {
  if (!overRejection?.complete) return null;
  const { now, change } = overRejection;
  if (alpha === 1 && transplant === 'all')
    return `At alpha 1 nothing is scaled: ${now.counts.refused} of ${now.total} harmless prompts are refused.`;
  if (!change) return null;
  const { difference, pValue, low, high, total } = change;
  const band = layers({ first: range[0], last: range[1] });
  const exchanged =
    transplant === 'all'
      ? ''
      : ` with ${transplant === 'only' ? 'only' : 'all but'} ${band} from the aligned model`;
  const where = alpha === 1 ? exchanged.trim() : `at alpha ${alpha} on ${band}${exchanged}`;
  const p = pValue < 0.001 ? 'p\u00a0<\u00a00.001' : `p\u00a0=\u00a0${pValue.toFixed(pValue < 0.1 ? 3 : 2)}`;
  const test = `${signed(difference)} [${signed(low)}, ${signed(high)}], ${p}`;
  // The counts are paired: the same prompts, before and after.
  const counts = `from ${now.counts.refused - difference} to ${now.counts.refused} of ${total} ${where}`;
  const certain = pValue < 0.05 && (low > 0 || high < 0);
  if (!certain) return `Over-rejections go ${counts}: within chance (${test}).`;
  // The interval stands beside the count itself.
  return `Over-rejections ${difference > 0 ? 'rise' : 'fall'} ${counts} (${p}).`;
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
