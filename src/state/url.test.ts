import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MATRIX_PRESET_KEYS } from '@/method/scaling.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import {
  type Config,
  DEFAULT_CONFIG,
  normaliseMatrices,
  PAGE_VARIANTS,
  SETTING_KEYS,
  SETTINGS,
  snapAlpha,
} from './config.ts';
import { decodeConfig, encodeConfig } from './url.ts';

const prefixes = fc.array(
  fc
    .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
    .map((text) => text.trim())
    .filter((text) => text.length > 0),
  { maxLength: 4 },
);
const layer = fc.integer({ min: 0, max: 512 });
const anyConfig: fc.Arbitrary<Config> = fc.record({
  model: fc.constantFrom(...PAGE_VARIANTS),
  training: fc.stringMatching(/^[a-z.0-9_-]{0,60}$/),
  search: fc.stringMatching(/^[a-z.0-9_-]{0,60}$/),
  control: fc.stringMatching(/^[a-z.,0-9_-]{0,60}$/),
  template: fc.constantFrom('chat' as const, 'alpaca' as const, 'none' as const),
  range: fc.tuple(layer, layer).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
  alpha: fc.integer({ min: 10, max: 30 }).map((step) => snapAlpha(step * 0.05)),
  transplant: fc.constantFrom('all' as const, 'only' as const, 'without' as const),
  matrices: fc.oneof(
    fc.constantFrom(...MATRIX_PRESET_KEYS),
    fc.subarray([...MATRIX_NAMES], { minLength: 1 }).map(normaliseMatrices),
  ),
  measure: fc.constantFrom('raw' as const, 'centred' as const, 'auroc' as const),
  pairs: fc.oneof(
    fc.constant({ kind: 'all' as const }),
    fc.record({
      kind: fc.constant('draws' as const),
      draws: fc.integer({ min: 2, max: 100_000 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    }),
  ),
  pools: fc.constantFrom('plain' as const, 'form-matched' as const),
  lastPoint: fc.constantFrom('before-final-norm' as const, 'after-final-norm' as const),
  gap: fc.constantFrom('of-means' as const, 'of-angles' as const),
  showBase: fc.boolean(),
  mapLayer: layer,
  attentionPromptA: fc.string({ maxLength: 40 }),
  attentionPromptB: fc.string({ maxLength: 40 }),
  attentionHead: fc.integer({ min: -1, max: 255 }),
  attentionScale: fc.constantFrom('per-layer' as const, 'raw' as const),
  attentionLayout: fc.constantFrom('stacked' as const, 'beside' as const),
  questionOnly: fc.boolean(),
  bandWidth: fc.integer({ min: 1, max: 64 }),
  promptCount: fc.integer({ min: 8, max: 2000 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  prefixesAdded: prefixes,
  prefixesRemoved: prefixes,
  backend: fc.constantFrom('auto' as const, 'wasm' as const, 'webgpu' as const),
  weights: fc.constantFrom('auto' as const, 'float32' as const, 'stored' as const, 'streamed' as const),
  theme: fc.constantFrom('system' as const, 'light' as const, 'dark' as const),
  stage: fc.boolean(),
  revealHarmful: fc.boolean(),
});

describe('the address bar', () => {
  it('holds the whole state: decode(encode(c)) is c, except for harmful text, which is never written', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const { config: back, problems } = decodeConfig(encodeConfig(config));
        expect(problems).toEqual([]);
        expect(back).toEqual({ ...config, revealHarmful: false });
      }),
      { numRuns: 500 },
    );
  });
  it('says nothing at the defaults', () => {
    expect(encodeConfig(DEFAULT_CONFIG)).toBe('');
    expect(encodeConfig({ ...DEFAULT_CONFIG, revealHarmful: true })).toBe('');
  });
  it('writes only what differs, readably', () => {
    expect(encodeConfig({ ...DEFAULT_CONFIG, model: 'base', range: [7, 12], alpha: 1.2 })).toBe(
      'model=base&range=7-12&alpha=1.2&v=1',
    );
  });
  it('never throws and always gives a valid configuration, whatever is written there', () => {
    const keys = SETTING_KEYS.flatMap((key) => SETTINGS[key].urlKey ?? []);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.string())),
        (entries) => {
          const { config } = decodeConfig(new URLSearchParams(entries).toString());
          for (const key of SETTING_KEYS)
            expect(SETTINGS[key].schema.safeParse(config[key]).success).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
  it('names a bad value and keeps the good ones', () => {
    const { config, problems } = decodeConfig('?alpha=9&range=13-8&model=base');
    expect(config).toEqual({ ...DEFAULT_CONFIG, model: 'base' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain('alpha=9');
  });
  it('tells of another version and of unknown keys', () => {
    expect(decodeConfig('?v=7&foo=1').problems).toHaveLength(2);
  });
});
