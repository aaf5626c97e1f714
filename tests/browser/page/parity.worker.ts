/** Measures parity inside a worker, where the product's engine lives too. */
import { expose } from 'comlink';
import { createBackend } from '@/backends/create-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { changedSettings } from '@/engine/testing/changed-settings.ts';
import { memoryNeed } from '@/machine/memory-need.ts';
import type { FileSet } from '@/model/byte-source.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openModel } from '@/model/open-model.ts';
import {
  type Measured,
  measureAdapter,
  measureForward,
  measureGguf,
  measureScaled,
  measureSmol,
  measureSmolLogits,
} from '../../parity/measure.ts';
import {
  measureDropout,
  measureEverything,
  measureFull,
  measureGradients,
  measureLora,
  type TrainingMeasured,
} from '../../parity/measure-training.ts';
import { openGgufEngine, openTiny } from '../../parity/tiny-models.ts';
import { aliveBuffers, takePeakBytes } from './gpu-buffers.ts';

export type WebBackend = 'wasm' | 'webgpu';
export type TinyPart = 'forward' | 'scale' | 'adapter';
export type TrainingRun = 'lora' | 'gradients' | 'full' | 'everything' | 'dropout';

/** A folder of the test server, each file fetched whole. */
function served(root: string): FileSet {
  return {
    name: root,
    list: () => Promise.reject(new Error('the test server lists nothing')),
    async open(path) {
      const response = await fetch(new URL(`${root}/${path}`, location.origin));
      if (response.status === 404) return null;
      return memorySource(new Uint8Array(await response.arrayBuffer()), path);
    },
  };
}

const backendOf = (kind: WebBackend) => createBackend(kind, { threads: 2 });

async function withTiny<T>(
  kind: WebBackend,
  name: string,
  use: (engine: LayerEngine) => Promise<T>,
): Promise<T> {
  const root = `/fixtures/${name}`;
  const engine = await openTiny(await backendOf(kind), served(`${root}/model`), served(`${root}/lora/final`));
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const measures = {
  /** Reference values of one tiny model: `parts` of them. */
  tiny(
    kind: WebBackend,
    name: string,
    parts: readonly TinyPart[],
  ): Promise<Partial<Record<TinyPart, Measured>>> {
    const folder = served(`/fixtures/${name}`);
    const part: Record<TinyPart, (engine: LayerEngine) => Promise<Measured>> = {
      forward: (engine) => measureForward(engine, folder),
      scale: (engine) => measureScaled(engine, folder),
      adapter: (engine) => measureAdapter(engine, folder, 'final'),
    };
    return withTiny(kind, name, async (engine) => {
      const measured: Partial<Record<TinyPart, Measured>> = {};
      for (const one of parts) measured[one] = plain(await part[one](engine));
      return measured;
    });
  },

  /** Logits [V] per setting and sequence: layers left out, exchanged, disturbed, directions taken out and added. */
  interventions(kind: WebBackend, sequences: number[][]): Promise<Record<string, number[][]>> {
    return withTiny(kind, 'llama', async (engine) => {
      const logits: Record<string, number[][]> = {};
      for (const [name, setting] of Object.entries(changedSettings(engine.info.spec.hiddenSize))) {
        logits[name] = (await engine.logits(sequences, setting)).map((row) => [...row]);
      }
      return logits;
    });
  },

  /** One of the reference's training runs. */
  async training(kind: WebBackend, name: string, run: TrainingRun): Promise<TrainingMeasured> {
    const folder = served(`/fixtures/${name}`);
    const [initial, final] = ['initial', 'final'].map((one) => served(`/fixtures/${name}/lora/${one}`));
    const measured: Record<TrainingRun, (engine: LayerEngine) => Promise<TrainingMeasured>> = {
      lora: (engine) => measureLora(engine, folder, initial!, final!),
      gradients: (engine) => measureGradients(engine, folder, initial!),
      full: (engine) => measureFull(engine, folder),
      everything: (engine) => measureEverything(engine, folder),
      dropout: (engine) => measureDropout(engine, folder, initial!),
    };
    return withTiny(kind, name, measured[run]);
  },

  async gguf(kind: WebBackend, file: string): Promise<Measured> {
    const folder = served('/fixtures/gguf');
    const engine = await openGgufEngine(await backendOf(kind), (await folder.open(file))!, precisionOf(kind));
    return plain(await measureGguf(engine, folder, file));
  },

  /** Logits of the bundled model alone, under both templates. */
  async bundledLogits(kind: WebBackend, count: number): Promise<number> {
    const source = await served('/models/smollm2-135m-instruct').open('SmolLM2-135M-Instruct.Q4_1.gguf');
    const engine = await openGgufEngine(await backendOf(kind), source!, precisionOf(kind));
    const folder = served('/fixtures/smollm2');
    const chat = await measureSmolLogits(engine, folder, 'chat', count);
    const alpaca = await measureSmolLogits(engine, folder, 'alpaca', count);
    return Math.max(chat.maxAbs.logits!, alpaca.maxAbs.logits!);
  },

  /** Several loads in this one worker: GPU buffers after a pass of each, and after it was closed. */
  async gpuLoads(loads: number) {
    const seen = [];
    for (let load = 0; load < loads; load++) {
      const working = await withTiny('webgpu', 'llama', async (engine) => {
        await engine.logits(SOME_PROMPTS, { adapters: [], scale: [] });
        return aliveBuffers();
      });
      seen.push({ working, closed: aliveBuffers() });
    }
    return seen;
  },

  /** The bundled model on WebGPU, loaded and asked once: the most bytes in GPU buffers, and what was predicted for it. */
  async gpuMemory() {
    const source = await served('/models/smollm2-135m-instruct').open('SmolLM2-135M-Instruct.Q4_1.gguf');
    const model = await openModel(source!);
    const engine = await engineOn(await backendOf('webgpu'), model);
    await engine.logits(SOME_PROMPTS, { adapters: [], scale: [] });
    const { spec, weights } = model;
    const need = memoryNeed(spec, 'webgpu', { quantisedAs: weights.quantisedType });
    const embeddingBytes = 4 * spec.vocabSize * spec.hiddenSize;
    const loadedBytes = aliveBuffers().bytes;
    await engine.close();
    // The embedding is looked up in JavaScript.
    return {
      loadedBytes,
      peakBytes: takePeakBytes(),
      need,
      predictedBytes: need.weightsBytes - embeddingBytes,
    };
  },

  /** The bundled model under both templates. */
  async bundled(kind: WebBackend): Promise<Record<'chat' | 'alpaca', Measured>> {
    const source = await served('/models/smollm2-135m-instruct').open('SmolLM2-135M-Instruct.Q4_1.gguf');
    const engine = await openGgufEngine(await backendOf(kind), source!, precisionOf(kind));
    const folder = served('/fixtures/smollm2');
    return {
      chat: plain(await measureSmol(engine, folder, 'chat')),
      alpaca: plain(await measureSmol(engine, folder, 'alpaca')),
    };
  },
};

/** Ids of any text: enough for one batch of several rows. */
const SOME_PROMPTS = Array.from({ length: 4 }, (_, row) => Array.from({ length: 12 }, (_, t) => 3 + row + t));

/** As the product has it (create-engine.ts). */
const precisionOf = (kind: WebBackend) => (kind === 'webgpu' ? 'stored' : 'float32');

/** Class instances do not cross to the page. */
function plain({ maxAbs, greedy }: Measured): Measured {
  return { maxAbs, greedy };
}

export type Measures = typeof measures;
expose(measures);
