/**
 * A proposed range [i, j] from the angle gap (paper, section 3.3): "from where the gap appears to where it first becomes
 * smooth". The authors pick it by eye; here the reading is a rule with named thresholds, said in words and drawn, and
 * it may answer that the picture singles out no range. What the layers DO is localisation.ts's question.
 */
import type { GapCurve } from '@/protocol/experiments.ts';

export interface RangeThresholds {
  /** A gap that never exceeds this is no gap. The paper's aligned models show 10 degrees and far more. */
  minGapDeg: number;
  /** The gap has begun where it exceeds this share of its largest value, and so on up to that value. */
  onsetShare: number;
  /** The gap flattens where the next step up is below this share of its steepest step since it began... */
  flatShare: number;
  /** ...provided that it has reached this share of its largest value: a pause half-way up is no plateau. */
  minRiseShare: number;
}

export const RANGE_THRESHOLDS: RangeThresholds = {
  minGapDeg: 5,
  onsetShare: 0.15,
  flatShare: 0.25,
  minRiseShare: 0.5,
};

/** A point or line to draw on the gap's picture. Without a layer it is a horizontal line. */
export interface RangeMark {
  layer?: number;
  valueDeg: number;
  label: string;
}

export type RangeProposal = {
  /** The rule in words, with its thresholds. */
  rule: string;
  /** What the rule found on this curve. */
  reason: string;
  marks: RangeMark[];
} & ({ kind: 'range'; first: number; last: number } | { kind: 'none' });

/** Applies the rule to the code's definition of the gap (difference of arccos of means) and its 95 % band. */
export function proposeRange(
  gap: Pick<GapCurve, 'ofMeansDeg' | 'lowDeg'>,
  thresholds: RangeThresholds = RANGE_THRESHOLDS,
): RangeProposal {
  const { ofMeansDeg: values, lowDeg } = gap;
  const rule = ruleInWords(thresholds);
  const none = (reason: string, marks: RangeMark[]): RangeProposal => ({ kind: 'none', rule, reason, marks });
  if (values.length === 0) return none('There are no layers.', []);

  const largest = values.reduce((best, value, layer) => (value > values[best]! ? layer : best), 0);
  const largestDeg = values[largest]!;
  const peak: RangeMark = { layer: largest, valueDeg: largestDeg, label: 'largest gap' };
  const floor: RangeMark = { valueDeg: thresholds.minGapDeg, label: 'least gap that counts' };
  if (!(largestDeg > thresholds.minGapDeg)) {
    return none(
      `The gap singles out no range: its largest value is ${degrees(largestDeg)}, at layer ${largest}, and a gap below ` +
        `${degrees(thresholds.minGapDeg)} does not count.`,
      [peak, floor],
    );
  }
  if (!(lowDeg[largest]! > 0)) {
    return none(
      `The gap singles out no range: even at its largest, ${degrees(largestDeg)} at layer ${largest}, its 95 % band ` +
        'reaches down to zero. More prompts would narrow it.',
      [peak, floor],
    );
  }

  const onsetDeg = thresholds.onsetShare * largestDeg;
  const isOpen = (layer: number) => values[layer]! > onsetDeg && lowDeg[layer]! > 0;
  let first = largest;
  while (first > 0 && isOpen(first - 1)) first--;
  if (first === 0) {
    return none(
      `The gap singles out no range: it is open from layer 0 on (${degrees(values[0]!)} there), so it begins nowhere. ` +
        'Pools that differ in form, not only in intent, look like this.',
      [peak, floor],
    );
  }
  const last = firstFlatLayer(values, first, largestDeg, thresholds);
  const lastDeg = values[last]!;
  return {
    kind: 'range',
    first,
    last,
    rule,
    reason:
      `The gap begins at layer ${first} (${degrees(values[first]!)}) and first flattens at layer ${last} ` +
      `(${degrees(lastDeg)}); its largest value is ${degrees(largestDeg)}, at layer ${largest}.`,
    marks: [
      { layer: first, valueDeg: values[first]!, label: 'gap begins' },
      { layer: last, valueDeg: lastDeg, label: 'gap first flattens' },
      { valueDeg: onsetDeg, label: 'onset threshold' },
    ],
  };
}

function firstFlatLayer(
  values: readonly number[],
  first: number,
  largestDeg: number,
  { flatShare, minRiseShare }: RangeThresholds,
): number {
  // The step into the first layer is where the gap opens, often the steepest of all.
  let steepest = values[first]! - values[first - 1]!;
  for (let layer = first; layer + 1 < values.length; layer++) {
    const step = values[layer + 1]! - values[layer]!;
    if (values[layer]! >= minRiseShare * largestDeg && step < flatShare * steepest) return layer;
    steepest = Math.max(steepest, step);
  }
  return values.length - 1;
}

function ruleInWords({ minGapDeg, onsetShare, flatShare, minRiseShare }: RangeThresholds): string {
  return (
    `Look at the gap's largest value; it must exceed ${degrees(minGapDeg)} and its 95 % band must exclude zero. The ` +
    `range begins at the first layer from which the gap stays above ${percent(onsetShare)} of that value, with its band ` +
    `above zero, up to that value. It ends at the first layer at which the gap has reached ${percent(minRiseShare)} of ` +
    `that value and the next step is below ${percent(flatShare)} of the steepest step so far.`
  );
}

/** Never "-0.0": a rounded zero has no sign. */
const degrees = (value: number) => `${(Math.round(value * 10) / 10 || 0).toFixed(1)}°`;
const percent = (share: number) => `${Math.round(share * 100)} %`;
