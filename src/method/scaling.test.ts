/** Presets and the identity alpha = 1. */
import { describe, expect, it } from 'vitest';
import { MATRIX_NAMES } from '@/model/spec.ts';
import {
  effectiveAlpha,
  firstScaledLayer,
  isIdentity,
  MATRIX_PRESET_KEYS,
  MATRIX_PRESETS,
  presetOf,
  type ScaleRule,
  withoutIdentities,
} from './scaling.ts';

const rule = (
  first: number,
  last: number,
  alpha: number,
  matrices: ScaleRule['matrices'] = MATRIX_NAMES,
) => ({
  first,
  last,
  alpha,
  matrices,
});

describe('scaling', () => {
  it('alpha = 1 everywhere is the identity, whatever the layers and matrices', () => {
    const rules = MATRIX_PRESET_KEYS.map((key) => rule(2, 5, 1, MATRIX_PRESETS[key].matrices));
    expect(isIdentity(rules)).toBe(true);
    expect(withoutIdentities(rules)).toEqual([]);
    expect(firstScaledLayer(rules)).toBeNull();
    for (const matrix of MATRIX_NAMES) expect(effectiveAlpha(rules, 3, matrix)).toBe(1);
  });

  it('reaches both ends of the range, the named matrices and nothing else; rules multiply', () => {
    const rules = [rule(2, 4, 1.5, ['q', 'o']), rule(4, 6, 2, ['o'])];
    expect(isIdentity(rules)).toBe(false);
    expect([1, 2, 4, 5, 7].map((layer) => effectiveAlpha(rules, layer, 'o'))).toEqual([1, 1.5, 3, 2, 1]);
    expect(effectiveAlpha(rules, 4, 'down')).toBe(1);
    expect(firstScaledLayer([rule(0, 9, 1), ...rules])).toBe(2);
  });

  it('presets are told apart, in any order', () => {
    for (const key of MATRIX_PRESET_KEYS) {
      expect(presetOf([...MATRIX_PRESETS[key].matrices].reverse())).toBe(key);
    }
    expect(presetOf(['q'])).toBeNull();
    expect(
      MATRIX_PRESETS.all.matrices.filter((name) => !MATRIX_PRESETS.published.matrices.includes(name)),
    ).toEqual(['o']);
  });
});
