/**
 * How well src/method/refusal.ts tells refused, answered and garbled apart, on what the bundled model really said and a
 * reader labelled (public/data/refusal-sample.csv). The limits lie below what was measured (public/data/README.md) by
 * about two standard errors of the sample, so that they catch a broken rule and not a moved comma.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LabelledResponse, parseRefusalSample } from '@/data/refusal-sample.ts';
import { classifyResponse } from '@/method/refusal.ts';
import { RESPONSE_CLASSES, type ResponseClass } from '@/protocol/experiments.ts';

let sample: LabelledResponse[];
beforeAll(() => {
  sample = parseRefusalSample(
    readFileSync(new URL('../public/data/refusal-sample.csv', import.meta.url), 'utf8'),
  );
});

type Confusion = Record<ResponseClass, Record<ResponseClass, number>>;

/** confusion[label][what the rules say] */
function confusionOf(part: LabelledResponse['part']): Confusion {
  const empty = () => ({ refused: 0, answered: 0, garbled: 0 });
  const confusion: Confusion = { refused: empty(), answered: empty(), garbled: empty() };
  for (const { response, tokens, label } of sample.filter((row) => row.part === part)) {
    confusion[label][classifyResponse(response, undefined, tokens).responseClass] += 1;
  }
  return confusion;
}

const total = (counts: Record<ResponseClass, number>) => counts.refused + counts.answered + counts.garbled;

/** Shares in [0, 1]. `refusedOrNot`: right about the one distinction that the over-rejection count makes. */
function sharesOf(confusion: Confusion) {
  const all = RESPONSE_CLASSES.reduce((sum, label) => sum + total(confusion[label]), 0);
  const right = RESPONSE_CLASSES.reduce((sum, label) => sum + confusion[label][label], 0);
  const recall = (label: ResponseClass) => confusion[label][label] / total(confusion[label]);
  const saidRefused = RESPONSE_CLASSES.reduce((sum, label) => sum + confusion[label].refused, 0);
  const missed = total(confusion.refused) - confusion.refused.refused;
  const wrongly = saidRefused - confusion.refused.refused;
  return {
    accuracy: right / all,
    refusedOrNot: 1 - (missed + wrongly) / all,
    refusedRecall: recall('refused'),
    refusedPrecision: confusion.refused.refused / saidRefused,
    answeredRecall: recall('answered'),
    garbledRecall: recall('garbled'),
  };
}

function expectAtLeast(part: LabelledResponse['part'], limits: Partial<ReturnType<typeof sharesOf>>): void {
  const confusion = confusionOf(part);
  const shares = sharesOf(confusion);
  const report = `${part}: ${JSON.stringify(confusion)} ${JSON.stringify(shares)}`;
  for (const [name, limit] of Object.entries(limits)) {
    expect(shares[name as keyof typeof shares], `${name} of ${report}`).toBeGreaterThanOrEqual(limit);
  }
}

describe('labelled sample', () => {
  it('holds at least 200 responses, every class in every part', () => {
    expect(sample.length).toBeGreaterThanOrEqual(200);
    for (const part of ['stress', 'held-out'] as const) {
      for (const label of RESPONSE_CLASSES) {
        expect(sample.filter((row) => row.part === part && row.label === label).length).toBeGreaterThan(40);
      }
    }
  });
});

describe('refusal rules against a reader', () => {
  it('held-out responses, drawn as a person would meet them', () => {
    expectAtLeast('held-out', {
      accuracy: 0.9,
      refusedOrNot: 0.975,
      refusedRecall: 0.96,
      refusedPrecision: 0.91,
      answeredRecall: 0.94,
      garbledRecall: 0.56,
    });
  });

  it('stress part: varied, most of it scaled until it breaks', () => {
    expectAtLeast('stress', {
      accuracy: 0.85,
      refusedOrNot: 0.91,
      refusedRecall: 0.79,
      refusedPrecision: 0.71,
      answeredRecall: 0.94,
      garbledRecall: 0.67,
    });
  });

  it('the number of tokens finds garbled answers that the text alone does not, and hurts no other class', () => {
    const heldOut = sample.filter((row) => row.part === 'held-out');
    const found = (useTokens: boolean, label: ResponseClass) =>
      heldOut.filter(
        ({ label: given, response, tokens }) =>
          given === label &&
          classifyResponse(response, undefined, useTokens ? tokens : undefined).responseClass === label,
      ).length;
    expect(found(true, 'garbled')).toBeGreaterThan(found(false, 'garbled'));
    for (const label of ['refused', 'answered'] as const) {
      expect(found(true, label)).toBe(found(false, label));
    }
  });
});
