import { describe, expect, it } from 'vitest';
import { attentionDifference, questionPlaces } from '@/method/attention-difference.ts';
import { summariseStages } from '@/method/attention-stages.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import {
  differenceTable,
  headsTable,
  hiddenByNormalising,
  linesTable,
  placeText,
  stagesTable,
} from './layout.ts';

function picture(tokens: string[], row: number[]): AttentionPicture {
  const sum = row.reduce((a, b) => a + b, 0);
  return {
    prompt: { id: 'p', text: tokens.join('') },
    tokens,
    questionSpan: [1, tokens.length - 1],
    layerCount: 3,
    headCount: 1,
    // Layer 1 looks at the question least of all.
    attention: Float32Array.from([0, 1, 2].flatMap((layer) => scaled(row, layer === 1 ? 0.1 : 1, sum))),
  };
}
/** The question's tokens times a factor, the first token takes the rest. */
function scaled(row: number[], factor: number, sum: number): number[] {
  const inner = row.slice(1).map((one) => (factor * one) / sum);
  return [1 - inner.reduce((a, b) => a + b, 0), ...inner];
}
const a = picture(['<s>', ' kill', ' a', ' pro', 'cess', '\n'], [5, 1, 1, 1, 1, 1]);
const b = picture(['<s>', ' kill', ' a', ' person', '\n'], [5, 1, 1, 2, 1]);

describe('tables of the deeper attention pictures', () => {
  it('what normalising hides is said in this prompt’s numbers', () => {
    // 4 of 10 in layers 0 and 2, 0.4 of 10 in layer 1: 28 % on average.
    expect(hiddenByNormalising(a)).toMatch(/28 % of the attention on average here, 4\.0 % in layer 1;/);
  });

  it('a place shows the token both have, or both words with their spaces', () => {
    const { places } = attentionDifference(a, b, 'mean');
    expect(places.map((place) => placeText(place, a, b))).toEqual([
      '<s>',
      'kill',
      'a',
      'process | person',
      '⏎',
    ]);
    const alone = attentionDifference(b, picture(['<s>', ' kill', ' a', '\n'], [5, 1, 1, 1]), 'mean').places;
    expect(placeText(alone[3]!, b, b)).toBe('person | –');
  });

  it('the table of differences has a row per layer and shown place, and B − A is what it says', () => {
    const difference = attentionDifference(a, b, 'mean');
    const shown = questionPlaces(difference.places, a, b);
    const table = differenceTable(difference, shown, String, 'raw');
    expect(table.rows).toHaveLength(3 * shown.length);
    for (const row of table.rows) expect(row[5]).toBeCloseTo((row[4] as number) - (row[3] as number), 12);
    expect(table.columns.find(({ key }) => key === 'tokens')!.sensitive).toBe(true);
  });

  it('every other table has one row per layer, head or stage', () => {
    expect(linesTable([{ key: 'a', label: 'A', values: [1, 2, 3] }], 'bits').rows).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(
      headsTable(
        [
          [0.1, 0.2],
          [0.3, 0.4],
        ],
        'kill',
      ).rows.map((row) => row.slice(0, 2)),
    ).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const stages = summariseStages(a, { first: 1, last: 1 }, 'mean');
    expect(stagesTable([{ label: 'A', stages }]).rows.map((row) => row.slice(0, 4))).toEqual([
      ['A', 'before', 0, 0],
      ['A', 'within', 1, 1],
      ['A', 'after', 2, 2],
    ]);
  });
});
