/**
 * Training parity: gradients, losses and results of the reference's own AdamW runs. Measured alike on every runtime. The runs
 * in lora/ and full/ came with the fixtures; everything/ and dropout/ were made by tests/python/make_training_fixtures.py.
 */
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { ADAMW_DEFAULTS } from '@/engine/train/adamw.ts';
import type { Dropout } from '@/engine/train/dropout.ts';
import { joinEnds } from '@/engine/train/end-parameters.ts';
import { trainingBatch } from '@/engine/train/examples.ts';
import { fromAdapter, type LayerValues, trainableShapes } from '@/engine/train/parameters.ts';
import { readAdapter } from '@/model/adapter.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import type { FileSet } from '@/model/byte-source.ts';
import { readFloats } from '@/model/safetensors.ts';
import { MATRIX_NAMES, MODEL_ENDS, type ModelEnd, type ModelSpec } from '@/model/spec.ts';
import { seededDropout } from '@/training/dropout-source.ts';
import { Collector, openTensors, readJson } from './measure.ts';

interface RunFile {
  frozen_layers_inclusive: [number, number];
  optimizer: { lr: number; betas: [number, number]; eps: number; weight_decay: number };
  steps: number;
  batch: Array<{ prompt: number[]; response: number[] }>;
  loss_at_step: number[];
  loss_after_last_step?: number;
  probe_ids: number[];
  dropout?: number;
  seed?: number;
}

export interface TrainingMeasured {
  maxAbs: Record<string, number>;
  /** Gradient entries of step 0 whose sign differs from the reference: Adam then takes another way. */
  signFlips: number;
  /** Mean absolute difference of the final trained tensors. */
  meanFinal: number;
}

/** Modules by matrix, or by all the parts of a fused one. */
const PROJECTION: Record<string, string> = {
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
  'q+k+v': 'self_attn.qkv_proj',
  'gate+up': 'mlp.gate_up_proj',
};

/** Norms, and what families with norms behind each sub-block call them. */
const NORM: Record<string, string> = {
  attentionNorm: 'input_layernorm',
  ffnNorm: 'post_attention_layernorm',
  qNorm: 'self_attn.q_norm',
  kNorm: 'self_attn.k_norm',
};
const POST_NORM: Record<string, string> = {
  ...NORM,
  postAttentionNorm: 'post_attention_layernorm',
  ffnNorm: 'pre_feedforward_layernorm',
  postFfnNorm: 'post_feedforward_layernorm',
};

const END: Record<ModelEnd, string> = {
  embedding: 'model.embed_tokens.weight',
  finalNorm: 'model.norm.weight',
  head: 'lm_head.weight',
};

/** Names in the reference files. */
const weightName = (layer: number, name: string, { postNorms }: Pick<ModelSpec, 'postNorms'> = {}) => {
  const bias = /^(.*)Bias$/.exec(name)?.[1];
  if (bias) return `model.layers.${layer}.${PROJECTION[bias]}.bias`;
  const module = (postNorms ? POST_NORM : NORM)[name] ?? PROJECTION[name];
  return `model.layers.${layer}.${module}.weight`;
};
const loraName = (layer: number, name: string) => {
  const [kind, unit] = name.split('.') as ['trainA' | 'trainB', string];
  return `base_model.model.model.layers.${layer}.${PROJECTION[unit]}.lora_${kind.at(-1)}.weight`;
};

function batchOf(run: RunFile) {
  return trainingBatch(
    run.batch.map(({ prompt, response }) => ({
      ids: [...prompt, ...response],
      responseStart: prompt.length,
    })),
  );
}

function adamwOf({ optimizer }: RunFile) {
  const [beta1, beta2] = optimizer.betas;
  return { ...ADAMW_DEFAULTS, beta1, beta2, epsilon: optimizer.eps, weightDecay: optimizer.weight_decay };
}

const trainsOf = (run: RunFile, layerCount: number) =>
  Array.from({ length: layerCount }, (_, layer) => {
    const [first, last] = run.frozen_layers_inclusive;
    return layer < first || layer > last;
  });

/** A trainer of LoRA that starts where the run did, and an adapter's tensors in the shapes that train. */
async function loraTrainer(engine: LayerEngine, run: RunFile, initial: FileSet, dropout?: Dropout) {
  const { spec } = engine.info;
  const start = await readAdapter(initial, spec, 'initial');
  const first = start.layers[0]!.q!;
  const part = { kind: 'lora', rank: first.rank, scaling: first.scaling, matrices: MATRIX_NAMES } as const;
  const trains = trainsOf(run, spec.layerCount);
  const values = (adapter: AdapterData) => fromAdapter(adapter, trainableShapes(spec, part), trains);
  const options = { part, trains, initial: values(start), adamw: adamwOf(run), clipNorm: null, dropout };
  return { trainer: engine.trainer([], options), values };
}

/** lora/: `folder` is the architecture's; the engine is fresh. */
export async function measureLora(
  engine: LayerEngine,
  folder: FileSet,
  initial: FileSet,
  final: FileSet,
): Promise<TrainingMeasured> {
  const { spec } = engine.info;
  const run = await readJson<RunFile>(folder, 'lora/lora.json');
  const { trainer, values } = await loraTrainer(engine, run, initial);
  const batch = batchOf(run);
  const collector = new Collector();
  const expected = await openTensors(folder, 'lora/gradients_step0.safetensors');
  const signFlips = await compareGradients(trainer.gradients([batch]), collector, (layer, name) =>
    readFloats(expected, loraName(layer, name)),
  );
  await compareLosses(trainer, batch, run, collector);

  const wanted = await readAdapter(final, spec, 'reference');
  const parameters = await trainer.parameters();
  const meanFinal = meanDifference(
    values(wanted).flatMap((layer, index) =>
      (layer ?? []).map(({ name, data }) => [parameters[index]!.get(name)!, data]),
    ),
  );
  engine.addAdapter(await trainer.adapter('trained'));
  const [probe] = await engine.logits([run.probe_ids], { adapters: ['trained'], scale: [] });
  const probes = await openTensors(folder, 'lora/probe.safetensors');
  collector.compare('probe_logits', probe!, await readFloats(probes, 'logits_adapter'));
  return { maxAbs: collector.maxAbs, signFlips, meanFinal };
}

/** lora/: the gradients of step 0 alone, for what is too slow to take the steps. */
export async function measureGradients(
  engine: LayerEngine,
  folder: FileSet,
  initial: FileSet,
): Promise<TrainingMeasured> {
  const run = await readJson<RunFile>(folder, 'lora/lora.json');
  const { trainer } = await loraTrainer(engine, run, initial);
  const collector = new Collector();
  const expected = await openTensors(folder, 'lora/gradients_step0.safetensors');
  const signFlips = await compareGradients(trainer.gradients([batchOf(run)]), collector, (layer, name) =>
    readFloats(expected, loraName(layer, name)),
  );
  return { maxAbs: collector.maxAbs, signFlips, meanFinal: 0 };
}

/** llama/full: every matrix and norm of the layers that train. Changes the engine's weights. */
export async function measureFull(engine: LayerEngine, folder: FileSet): Promise<TrainingMeasured> {
  const { spec } = engine.info;
  const run = await readJson<RunFile>(folder, 'full/full.json');
  const trainer = engine.trainer([], {
    part: { kind: 'full', norms: true },
    trains: trainsOf(run, spec.layerCount),
    initial: [],
    adamw: adamwOf(run),
    clipNorm: null,
  });
  const batch = batchOf(run);
  const collector = new Collector();
  const expected = await openTensors(folder, 'full/gradients_step0.safetensors');
  const signFlips = await compareGradients(trainer.gradients([batch]), collector, (layer, name) =>
    readFloats(expected, weightName(layer, name)),
  );
  await compareLosses(trainer, batch, run, collector);
  const final = await openTensors(folder, 'full/final_weights.safetensors');
  const pairs = await besideReference(await trainer.parameters(), (layer, name) =>
    readFloats(final, weightName(layer, name)),
  );
  for (const [data, reference] of pairs) collector.compare('final_weights', data, reference);
  return { maxAbs: collector.maxAbs, signFlips, meanFinal: meanDifference(pairs) };
}

/**
 * everything/: all parameters but the matrices of the frozen layers, whose norms train. What is no matrix of a layer is
 * compared; the matrices stand behind the losses. Small pieces, so that there are several of them.
 */
export async function measureEverything(engine: LayerEngine, folder: FileSet): Promise<TrainingMeasured> {
  const { spec } = engine.info;
  const run = await readJson<RunFile>(folder, 'everything/run.json');
  const trainer = engine.trainer([], {
    part: { kind: 'full', norms: true, frozenNorms: true, ends: MODEL_ENDS },
    trains: trainsOf(run, spec.layerCount),
    initial: [],
    adamw: adamwOf(run),
    clipNorm: null,
    pieceElements: 100 * spec.hiddenSize,
  });
  const batch = batchOf(run);
  const collector = new Collector();
  const compare = async (what: string, values: LayerValues) => {
    const expected = await openTensors(folder, `everything/${what}.safetensors`);
    const pairs: Pair[] = [];
    for (const [layer, tensors] of values.entries()) {
      const named = layer < spec.layerCount ? [...(tensors ?? [])] : Object.entries(joinEnds(tensors!));
      for (const [name, data] of named) {
        if (MATRIX_NAMES.some((matrix) => matrix === name)) continue;
        const path = layer < spec.layerCount ? weightName(layer, name, spec) : END[name as ModelEnd];
        const reference = await readFloats(expected, path);
        // Norms that the reference has as w are computed with as 1 + w; their gradients are the same.
        const offset = what === 'final' && name.endsWith('Norm') ? (spec.normCentre ?? 0) : 0;
        pairs.push([data, reference.map((value) => value + offset)]);
      }
    }
    for (const [data, reference] of pairs) collector.compare(what, data, reference);
    return pairs;
  };
  const gradients = await compare('gradients_step0', await trainer.gradients([batch]));
  await compareLosses(trainer, batch, run, collector);
  const final = await compare('final', await trainer.parameters());
  return {
    maxAbs: collector.maxAbs,
    signFlips: countFlips(gradients),
    meanFinal: meanDifference(final),
  };
}

/** dropout/: LoRA whose inputs are dropped by the seeded masks. */
export async function measureDropout(
  engine: LayerEngine,
  folder: FileSet,
  initial: FileSet,
): Promise<TrainingMeasured> {
  const run = await readJson<RunFile>(folder, 'dropout/run.json');
  const dropout = seededDropout(run.dropout!, run.seed!);
  const { trainer } = await loraTrainer(engine, run, initial, dropout);
  const batch = batchOf(run);
  const collector = new Collector();
  const gradients = await openTensors(folder, 'dropout/gradients_step0.safetensors');
  const signFlips = await compareGradients(trainer.gradients([batch]), collector, (layer, name) =>
    readFloats(gradients, loraName(layer, name)),
  );
  await compareLosses(trainer, batch, run, collector);
  const final = await openTensors(folder, 'dropout/final.safetensors');
  const pairs = await besideReference(await trainer.parameters(), (layer, name) =>
    readFloats(final, loraName(layer, name)),
  );
  return { maxAbs: collector.maxAbs, signFlips, meanFinal: meanDifference(pairs) };
}

type Pair = readonly [data: Float32Array, reference: Float32Array];

async function besideReference(
  computed: LayerValues,
  reference: (layer: number, name: string) => Promise<Float32Array>,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [layer, values] of computed.entries()) {
    for (const [name, data] of values ?? []) pairs.push([data, await reference(layer, name)]);
  }
  return pairs;
}

async function compareGradients(
  computed: Promise<LayerValues>,
  collector: Collector,
  reference: (layer: number, name: string) => Promise<Float32Array>,
): Promise<number> {
  const pairs = await besideReference(await computed, reference);
  for (const [data, expected] of pairs) collector.compare('gradients_step0', data, expected);
  return countFlips(pairs);
}

async function compareLosses(
  trainer: ReturnType<LayerEngine['trainer']>,
  batch: ReturnType<typeof trainingBatch>,
  run: RunFile,
  collector: Collector,
): Promise<void> {
  for (const [step, expected] of run.loss_at_step.entries()) {
    const { loss } = await trainer.step([batch], run.optimizer.lr);
    collector.compare(step === 0 ? 'loss_step0' : 'loss', Float32Array.of(loss), Float32Array.of(expected));
  }
  if (run.loss_after_last_step === undefined) return;
  const after = await trainer.loss(batch);
  collector.compare('loss', Float32Array.of(after), Float32Array.of(run.loss_after_last_step));
}

/** Entries of different sign; 0 has its own. */
const flips = (a: Float32Array, b: Float32Array) =>
  a.reduce((count, value, i) => count + Number(Math.sign(value) !== Math.sign(b[i]!)), 0);

const countFlips = (pairs: readonly Pair[]) => pairs.reduce((sum, [a, b]) => sum + flips(a, b), 0);

function meanDifference(pairs: readonly Pair[]): number {
  let sum = 0;
  let count = 0;
  for (const [a, b] of pairs) {
    a.forEach((value, i) => {
      sum += Math.abs(value - b[i]!);
    });
    count += a.length;
  }
  return sum / count;
}
