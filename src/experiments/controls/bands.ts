/** Bands and ranges of layers as cells of a control, the choice of prompts to count, and how an outlier is said in words. */
import { bandOrder } from '@/method/localisation.ts';
import type { ControlOption, ControlPool, ControlRow } from '@/protocol/controls.ts';
import type { ControlRun } from './control.ts';
import { layersInWords } from './rows.ts';

export const WIDTH_OPTION = (fallback: number): ControlOption => ({
  key: 'width',
  label: 'Layers per band',
  description: 'A band of so many layers moves over the model, one layer at a time.',
  kind: 'integer',
  default: fallback,
  min: 1,
  max: 512,
});

export const POOL_OPTION: ControlOption = {
  key: 'prompts',
  label: 'Prompts to count',
  description: 'Refusals of malicious prompts are safety; refusals of over-rejection prompts are its price.',
  kind: 'choice',
  default: 'malicious',
  choices: [
    { value: 'malicious', label: 'malicious prompts' },
    { value: 'counted', label: 'over-rejection prompts' },
  ],
};

export const chosenPool = (run: ControlRun): ControlPool => run.choice('prompts') as ControlPool;

export interface Band {
  first: number;
  last: number;
}

export const layersOf = ({ first, last }: Band): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** Every band of the width, which is cut to the model; the coarse picture first. */
export const bandsOf = ({ layerCount, number }: ControlRun): Band[] =>
  bandOrder(layerCount, Math.min(number('width'), layerCount));

/** The first of those whose value lies furthest from the unchanged one; `rows` are not empty. */
export const furthestFrom = (unchanged: number, rows: readonly ControlRow[]): ControlRow =>
  rows.reduce((top, row) => (Math.abs(row.value - unchanged) > Math.abs(top.value - unchanged) ? row : top));

/** The rows whose count stands out from the unchanged one, the furthest in words. */
export function standingOut(rows: readonly ControlRow[], unchanged: number, total: number): string {
  const counts = rows.filter(({ measure, pAdjusted }) => measure === 'refused' && pAdjusted !== undefined);
  const significant = counts.filter(({ pAdjusted }) => pAdjusted! <= 0.05);
  if (significant.length === 0) {
    return `None of ${counts.length} changes the count of ${unchanged} of ${total} beyond noise.`;
  }
  const furthest = furthestFrom(unchanged, significant);
  const where = furthest.last === undefined ? furthest.label : layersInWords(furthest.x, furthest.last);
  const equal = significant.filter(({ value }) => value === furthest.value).length - 1;
  const ties = equal > 0 ? `, and ${equal} more with the same count` : '';
  const kl = rows.find(({ measure, label }) => measure === 'kl' && label === furthest.label);
  const damage = kl ? ` at ${kl.value.toFixed(3)} nats of damage` : '';
  return `${significant.length} of ${counts.length} change the count of ${unchanged} of ${total} (at most 5 % false discoveries); the furthest: ${where}, ${furthest.value}${damage}${ties}.`;
}
