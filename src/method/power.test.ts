/** Power of the exact McNemar test: closed forms, a published value, and simulation of the very test that is shown. */
import { describe, expect, it } from 'vitest';
import { mcnemarPower, promptsNeeded } from './power.ts';
import { createRandom } from './random.ts';
import { mcnemarExact } from './statistics.ts';

describe('mcnemarPower', () => {
  it('is in closed form where every prompt changes the same way: all or nothing at six prompts', () => {
    // Two-sided p of n to 0 is 2^(1-n): 0.0625 for five, 0.03125 for six.
    expect(mcnemarPower(5, 1, 0)).toBe(0);
    expect(mcnemarPower(6, 1, 0)).toBeCloseTo(1, 12);
    // Of seven prompts at least six must change: 7 q^6 (1 - q) + q^7.
    const q = 0.7;
    expect(mcnemarPower(7, q, 0)).toBeCloseTo(7 * q ** 6 * (1 - q) + q ** 7, 12);
  });

  it("is G*Power's for O'Brien's example, one-sided 0.05: 0.839343 of 50 pairs, discordant 0.40, odds ratio 0.25", () => {
    // One-sided 0.05 is two-sided 0.1 but for rejections in the wrong direction, which happen here once in 60 000.
    expect(Math.abs(mcnemarPower(50, 0.08, 0.32, 0.1) - 0.839343)).toBeLessThan(2e-5);
  });

  it('under no difference rejects at most at the level, as an exact test must', () => {
    for (const count of [10, 40, 64, 200]) expect(mcnemarPower(count, 0.1, 0.1)).toBeLessThanOrEqual(0.05);
    expect(mcnemarPower(64, 0, 0)).toBe(0);
  });

  it.each([
    [64, 0.2, 0.05],
    [30, 0.4, 0.35],
    [120, 0.06, 0.01],
  ])(
    'is how often the test finds the difference when it is played through: %i prompts, %d, %d',
    (count, up, down) => {
      const random = createRandom(7);
      const rounds = 4000;
      let found = 0;
      for (let round = 0; round < rounds; round++) {
        let [gained, lost] = [0, 0];
        for (let prompt = 0; prompt < count; prompt++) {
          const draw = random();
          if (draw < up) gained++;
          else if (draw < up + down) lost++;
        }
        if (mcnemarExact(gained, lost).p <= 0.05) found++;
      }
      // Three standard errors of a simulated share.
      expect(Math.abs(found / rounds - mcnemarPower(count, up, down))).toBeLessThan(
        3 * Math.sqrt(0.25 / rounds),
      );
    },
  );
});

describe('promptsNeeded', () => {
  it('is the number at which the power is reached and, being a saw, stays', () => {
    const seen = { gained: 12, lost: 4, total: 64 };
    const needed = promptsNeeded(seen)!;
    const powerOf = (count: number) => mcnemarPower(count, 12 / 64, 4 / 64);
    for (let count = needed; count < needed + 10; count++) expect(powerOf(count)).toBeGreaterThanOrEqual(0.8);
    expect(powerOf(Math.floor(needed * 0.9))).toBeLessThan(0.8);
  });

  it('is near the large-sample formula (Connor 1987) where that holds', () => {
    // ((1.96 sqrt(pd) + 0.842 sqrt(pd - d^2)) / d)^2 with pd = 0.2, d = 0.1 is 155; the exact test asks for a little more.
    const needed = promptsNeeded({ gained: 15, lost: 5, total: 100 })!;
    expect(needed).toBeGreaterThanOrEqual(155);
    expect(needed).toBeLessThan(155 * 1.12);
  });

  it('grows as the difference shrinks, and is no number where there is none or it is out of reach', () => {
    expect(promptsNeeded({ gained: 20, lost: 2, total: 64 })!).toBeLessThan(
      promptsNeeded({ gained: 12, lost: 6, total: 64 })!,
    );
    expect(promptsNeeded({ gained: 5, lost: 5, total: 64 })).toBeNull();
    expect(promptsNeeded({ gained: 501, lost: 500, total: 2000 })).toBeNull();
  });
});
