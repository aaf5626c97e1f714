/**
 * Parity with the reference fixtures, measured the same way on every runtime: Node calls this directly, the browser suites
 * inside a page. Returns numbers; the tests compare them with tolerances.json.
 */
import type { Engine, ModelSetting } from '@/engine/engine.ts';
import type { ByteSource, FileSet } from '@/model/byte-source.ts';
import { openSafetensors, readBytes, readFloats, type SafetensorsFile } from '@/model/safetensors.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';

export interface Measured {
  /** Largest absolute difference by quantity. */
  maxAbs: Record<string, number>;
  /** Greedy continuations that agree, of how many. */
  greedy: { equal: number; total: number };
}

interface ForwardFile {
  sequences: Array<{ ids: number[]; greedy: number[]; greedy_min_margin: number }>;
}

interface ScaleFile {
  cases: Array<{
    first_layer: number;
    last_layer: number;
    alpha: number;
    matrices: keyof typeof MATRIX_SETS;
  }>;
}

const MATRIX_SETS = {
  all: MATRIX_NAMES,
  published: ['q', 'k', 'v', 'gate', 'up', 'down'],
  attention: ['q', 'k', 'v', 'o'],
  residual: ['o', 'down'],
} as const satisfies Record<string, readonly MatrixName[]>;

export const PLAIN: ModelSetting = { adapters: [], scale: [] };

export class Collector implements Measured {
  readonly maxAbs: Record<string, number> = {};
  readonly greedy = { equal: 0, total: 0 };

  compare(quantity: string, actual: Float32Array, expected: Float32Array): void {
    if (actual.length !== expected.length) {
      throw new Error(`${quantity}: ${actual.length} values, the reference has ${expected.length}`);
    }
    let worst = this.maxAbs[quantity] ?? 0;
    for (let i = 0; i < actual.length; i++) {
      const difference = Math.abs(actual[i]! - expected[i]!);
      // NaN compares false with everything and would pass unseen.
      worst = difference <= worst ? worst : Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
    this.maxAbs[quantity] = worst;
  }

  compareGreedy(actual: ArrayLike<number>, expected: readonly number[]): void {
    this.greedy.total += 1;
    if (expected.every((id, step) => actual[step] === id)) this.greedy.equal += 1;
  }
}

/** forward.json and forward.safetensors of one tiny model: hidden, final_norm, logits, attention, greedy. */
export async function measureForward(
  engine: Engine,
  folder: FileSet,
  stem = 'forward',
  withAttention = true,
): Promise<Measured> {
  const { sequences } = await readJson<ForwardFile>(folder, `${stem}.json`);
  const expected = await openTensors(folder, `${stem}.safetensors`);
  return measureSequences(engine, sequences, expected, withAttention);
}

export async function measureSequences(
  engine: Engine,
  sequences: ForwardFile['sequences'],
  expected: SafetensorsFile,
  withAttention: boolean,
): Promise<Measured> {
  const collector = new Collector();
  const ids = sequences.map((sequence) => sequence.ids);
  const states = await engine.hiddenStates(ids, PLAIN);
  const logits = await engine.logits(ids, PLAIN);
  const attention = withAttention ? await engine.attention(ids, PLAIN) : [];
  const answers = await engine.generate(ids, PLAIN, { maxNewTokens: 16, stopIds: [] });
  for (const [n, sequence] of sequences.entries()) {
    collector.compare('hidden', states[n]!.hidden, await readFloats(expected, `seq${n}.hidden`));
    collector.compare('final_norm', states[n]!.finalNorm, await readFloats(expected, `seq${n}.final_norm`));
    collector.compare('logits', logits[n]!, await readFloats(expected, `seq${n}.logits`));
    if (withAttention)
      collector.compare('attention', attention[n]!, await readFloats(expected, `seq${n}.attention`));
    collector.compareGreedy(answers[n]!, sequence.greedy);
  }
  return collector;
}

/** gguf/<file>: the same quantities but attention, with the dequantised weights. */
export async function measureGguf(engine: Engine, folder: FileSet, file: string): Promise<Measured> {
  const { models } = await readJson<{ models: Array<ForwardFile & { file: string }> }>(folder, 'gguf.json');
  const { sequences } = models.find((model) => model.file === file)!;
  const expected = await openTensors(folder, file.replace(/gguf$/, 'forward.safetensors'));
  return measureSequences(engine, sequences, expected, false);
}

/** scale.json and scale.safetensors: hidden, final_norm, logits with scaled weight matrices. */
export async function measureScaled(engine: Engine, folder: FileSet): Promise<Measured> {
  const collector = new Collector();
  const { sequences } = await readJson<ForwardFile>(folder, 'forward.json');
  const { cases } = await readJson<ScaleFile>(folder, 'scale.json');
  const expected = await openTensors(folder, 'scale.safetensors');
  const ids = sequences.map((sequence) => sequence.ids);
  for (const [c, { first_layer, last_layer, alpha, matrices }] of cases.entries()) {
    const scale = [{ first: first_layer, last: last_layer, alpha, matrices: MATRIX_SETS[matrices] }];
    const states = await engine.hiddenStates(ids, { adapters: [], scale });
    // Twice: from nothing, and from the unscaled states that the first call left in the cache.
    for (const logits of [
      await engine.logits(ids, { adapters: [], scale }),
      await engine.logits(ids, { adapters: [], scale }),
    ]) {
      for (const n of ids.keys()) {
        collector.compare('logits', logits[n]!, await readFloats(expected, `case${c}.seq${n}.logits`));
      }
    }
    for (const n of ids.keys()) {
      const name = `case${c}.seq${n}`;
      collector.compare('hidden', states[n]!.hidden, await readFloats(expected, `${name}.hidden`));
      collector.compare('final_norm', states[n]!.finalNorm, await readFloats(expected, `${name}.final_norm`));
    }
  }
  return collector;
}

/** lora/probe.safetensors: logits without, with and with the final adapter merged (which must agree). */
export async function measureAdapter(engine: Engine, folder: FileSet, adapter: string): Promise<Measured> {
  const collector = new Collector();
  const { probe_ids } = await readJson<{ probe_ids: number[] }>(folder, 'lora/lora.json');
  const expected = await openTensors(folder, 'lora/probe.safetensors');
  const [base] = await engine.logits([probe_ids], PLAIN);
  const [adapted] = await engine.logits([probe_ids], { adapters: [adapter], scale: [] });
  collector.compare('base', base!, await readFloats(expected, 'logits_base'));
  collector.compare('adapter', adapted!, await readFloats(expected, 'logits_adapter'));
  collector.compare('merged', adapted!, await readFloats(expected, 'logits_merged'));
  return collector;
}

interface SmolPrompts {
  prompts: Array<{
    template: 'chat' | 'alpaca';
    index: number;
    prompt: string;
    ids: number[];
    greedy: number[];
  }>;
}

/** smollm2/: hidden states, final norm, the 20 largest logits and greedy answers of 24 prompts under one template. */
export async function measureSmol(
  engine: Engine,
  folder: FileSet,
  template: 'chat' | 'alpaca',
): Promise<Measured> {
  const prompts = await smolPrompts(folder, template);
  const collector = await compareSmolLogits(engine, folder, template, prompts);
  const ids = prompts.map((prompt) => prompt.ids);
  const expected = await openTensors(folder, 'forward.safetensors');
  const states = await engine.hiddenStates(ids, PLAIN);
  const answers = await engine.generate(ids, PLAIN, { maxNewTokens: 16, stopIds: [] });
  const hidden = await readFloats(expected, `${template}.hidden`);
  const finalNorm = await readFloats(expected, `${template}.final_norm`);
  prompts.forEach((prompt, n) => {
    const { hidden: actual, finalNorm: actualNorm } = states[n]!;
    collector.compare('hidden', actual, rowOf(hidden, prompt.index, actual.length));
    collector.compare('final_norm', actualNorm, rowOf(finalNorm, prompt.index, actualNorm.length));
    collector.compareGreedy(answers[n]!, prompt.greedy);
  });
  return collector;
}

/** The 20 largest logits alone, of the first `count` prompts: what the manifest's parity figure states. */
export async function measureSmolLogits(
  engine: Engine,
  folder: FileSet,
  template: 'chat' | 'alpaca',
  count: number,
): Promise<Measured> {
  const prompts = (await smolPrompts(folder, template)).slice(0, count);
  return compareSmolLogits(engine, folder, template, prompts);
}

async function smolPrompts(folder: FileSet, template: string): Promise<SmolPrompts['prompts']> {
  const { prompts } = await readJson<SmolPrompts>(folder, 'prompts.json');
  return prompts.filter((prompt) => prompt.template === template);
}

async function compareSmolLogits(
  engine: Engine,
  folder: FileSet,
  template: string,
  prompts: SmolPrompts['prompts'],
): Promise<Collector> {
  const collector = new Collector();
  const expected = await openTensors(folder, 'forward.safetensors');
  const topLogits = await readFloats(expected, `${template}.top_logits`);
  const topIds = new Int32Array((await readBytes(expected, `${template}.top_ids`)).slice().buffer);
  const logits = await engine.logits(
    prompts.map((prompt) => prompt.ids),
    PLAIN,
  );
  prompts.forEach(({ index }, n) => {
    const top = Array.from({ length: 20 }, (_, i) => logits[n]![topIds[index * 20 + i]!]!);
    collector.compare('logits', Float32Array.from(top), rowOf(topLogits, index, 20));
  });
  return collector;
}

function rowOf(values: Float32Array, row: number, width: number): Float32Array {
  return values.subarray(row * width, (row + 1) * width);
}

export async function readJson<T>(folder: FileSet, path: string): Promise<T> {
  const source = await need(folder, path);
  return JSON.parse(new TextDecoder().decode(await source.read(0, source.sizeBytes))) as T;
}

export async function openTensors(folder: FileSet, path: string): Promise<SafetensorsFile> {
  return openSafetensors(await need(folder, path));
}

async function need(folder: FileSet, path: string): Promise<ByteSource> {
  const source = await folder.open(path);
  if (!source) throw new Error(`fixture ${path} is missing`);
  return source;
}
