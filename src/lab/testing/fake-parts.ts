/** Parts of a lab for tests: a fake engine, a path "bad" that is refused, progress in three steps. */
import { createFakeEngine, FAKE_SPEC, fakeCodec } from '@/experiments/testing/fake-engine.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import type { WeightReader } from '@/model/spec.ts';
import type { LabParts } from '../lab-parts.ts';

const noWeights = new Proxy({} as WeightReader, {
  get: () => () => Promise.reject(new Error('a fake model has no weights')),
});
const adapter = (name: string, digit: string): AdapterData => ({
  name,
  sha256: digit.repeat(64),
  layers: [],
});

export function createFakeParts(): LabParts {
  return {
    openModel: async (source, _, { onProgress }) => {
      const name = source.kind === 'path' ? source.path : source.kind;
      if (name === 'bad') throw new AppError('bad-file', 'bad is damaged.', 'Download it again.');
      if (name === 'huge') throw new RangeError('Array buffer allocation failed');
      if (name === 'defect') throw new TypeError('x is not a function');
      for (const done of [0, 50, 100]) {
        onProgress?.({ phase: 'Loading', done, total: 100, unit: 'bytes', elapsedMs: done });
      }
      return {
        model: {
          name: `fake ${name}`,
          spec: FAKE_SPEC,
          weights: noWeights,
          text: fakeCodec,
          sha256: null,
          templates: ['none', 'alpaca'],
          warnings: [],
        },
        adapters: [{ data: adapter('safety', 'a'), label: 'Refuses more.' }],
        parity: {
          node: { maxAbsLogit: 1e-5, origin: 'a test' },
          wasm: { maxAbsLogit: 1, origin: 'elsewhere' },
        },
      };
    },
    openAdapter: async (_, name) => ({ data: adapter(name, 'b'), label: 'Added.' }),
    measureSpeed: async (backend, seconds) => ({
      backend,
      threads: 2,
      wideGflops: 10,
      narrowGflops: 1,
      narrowRows: 8,
      elapsedMs: seconds * 1000,
    }),
    createEngine: async () => createFakeEngine(),
  };
}
