/**
 * Many ranges that begin at one layer, in one go: the scaled run is extended layer by layer, and at the end of each range
 * the unscaled rest of the model branches off. Equal to one full pass per range, at a third of its layer runs. The head
 * below the range comes from the cache of unscaled states, the template's head is run once for all prompts.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { MatrixName, ModelSpec } from '@/model/spec.ts';
import { type AdapterStack, endsInUse } from './adapter-stack.ts';
import { causalBatch, type KeyValue, releaseKeys } from './batch-inputs.ts';
import { type Batch, planBatches } from './batches.ts';
import { readLogits } from './decoder.ts';
import { planOver } from './derived-stack.ts';
import { type DeviceWeights, embedBatch } from './device-weights.ts';
import type { ModelSetting, TokenIds } from './engine.ts';
import { batchKey, type HiddenCache } from './hidden-cache.ts';
import type { LayerLoop } from './layer-loop.ts';
import type { PrefixStore } from './prefix-store.ts';
import type { ScalePlan } from './scale-plan.ts';

/** Ranges first..last for each of `lasts`, multiplied by alpha on top of the setting's own rules. */
export interface RangeFan {
  first: number;
  lasts: readonly number[];
  alpha: number;
  matrices: readonly MatrixName[];
}

export interface RangeFanOptions {
  signal?: AbortSignal;
  /** Logits [V] that follow the last token of one sequence under the range that ends at `last`. */
  onItem: (last: number, index: number, logits: Float32Array) => void;
}

/**
 * What a fan took, and what one full pass per range and sequence would have: in layers x sequences, and in layers x token
 * positions. The last layer counts as whole although it answers for last tokens alone.
 */
export interface FanWork {
  layerRuns: { run: number; full: number };
  tokenRuns: { run: number; full: number };
}

interface Parts {
  backend: Backend;
  spec: ModelSpec;
  weights: DeviceWeights;
  loop: LayerLoop;
  prefixes: PrefixStore;
  hidden: HiddenCache;
}

/** One call: the plans with and without the ranges, and where they part. */
interface FanCall {
  adapters: AdapterStack;
  prefixIds: Int32Array;
  /** The setting's own rules. */
  base: ScalePlan;
  /** With layers first..end - 1 scaled on top. */
  scaled: ScalePlan;
  /** First layer that is not as in the bare model. */
  start: number;
  /** Ascending, each once. */
  lasts: number[];
  /** Behind the last layer of the widest range. */
  end: number;
  signal?: AbortSignal;
  work: FanWork;
}

export async function runRangeFan(
  parts: Parts,
  adapters: AdapterStack,
  sequences: readonly TokenIds[],
  setting: ModelSetting,
  fan: RangeFan,
  { signal, onItem }: RangeFanOptions,
): Promise<FanWork> {
  const { layerCount } = parts.spec;
  const lasts = [...new Set(fan.lasts)].sort((a, b) => a - b);
  const { prefix: prefixIds, batches } = planBatches(sequences);
  const planOf = (scale: ModelSetting['scale']) => planOver(adapters, { ...setting, scale }, parts.spec);
  const base = planOf(setting.scale);
  const rules = lasts.map((last) => ({ ...fan, last }));
  // Every range is checked; the widest holds the others.
  const plans = rules.map((rule) => planOf([...setting.scale, rule]));
  const tokenCount = sequences.reduce((sum, { length }) => sum + length, 0);
  const passes = lasts.length * layerCount;
  const work = {
    layerRuns: { run: 0, full: passes * sequences.length },
    tokenRuns: { run: 0, full: passes * tokenCount },
  };
  if (lasts.length === 0 || sequences.length === 0) return work;
  const call: FanCall = {
    adapters,
    prefixIds,
    base,
    scaled: plans.at(-1)!,
    start: Math.min(fan.first, base.firstScaled),
    lasts,
    end: lasts.at(-1)! + 1,
    signal,
    work,
  };
  const prefix = await prefixFan(parts, call);
  try {
    for (const batch of batches) {
      await runBatch(parts, call, prefix, batch, (last, row, logits) =>
        onItem(last, batch.indices[row]!, logits),
      );
    }
  } finally {
    prefix.release();
  }
  return work;
}

async function runBatch(
  parts: Parts,
  call: FanCall,
  prefix: PrefixFan,
  batch: Batch,
  onRow: (last: number, row: number, logits: Float32Array) => void,
): Promise<void> {
  const { backend, loop, spec } = parts;
  const { layerCount } = spec;
  const rowCount = batch.indices.length;
  const lengths = batch.suffixes.map(({ length }) => length);
  const inputs = causalBatch(spec, rowCount, batch.paddedLength, call.prefixIds.length, lengths);
  const shared = { batch: inputs, adapters: call.adapters, signal: call.signal };
  const tokenCount = lengths.reduce((sum, length) => sum + length, 0);
  const count = (layers: number) => {
    call.work.layerRuns.run += layers * rowCount;
    call.work.tokenRuns.run += layers * tokenCount;
  };
  const trunk = await runTrunk(parts, call, prefix, batch, shared, count);
  try {
    for (const last of call.lasts) {
      let y = trunk.get(last)!;
      trunk.delete(last);
      if (last + 1 < layerCount) {
        const tail = { ...shared, x: y, first: last + 1, end: layerCount, plan: call.base };
        count(layerCount - last - 1);
        ({ y } = await loop.run({ ...tail, prefix: prefix.keysOf(last), lastOnly: true }));
      }
      const logits = await readLogits(backend, loop, y, call.adapters);
      for (const [row, own] of logits.entries()) onRow(last, row, own);
    }
  } finally {
    for (const x of trunk.values()) backend.release(x);
  }
}

/** The scaled run: what leaves the last layer of each range. The caller releases it. */
async function runTrunk(
  { backend, loop, spec, weights, hidden }: Parts,
  call: FanCall,
  prefix: PrefixFan,
  batch: Batch,
  shared: Pick<Parameters<LayerLoop['run']>[0], 'batch' | 'adapters' | 'signal'>,
  count: (layers: number) => void,
): Promise<Map<number, DeviceTensor>> {
  const { start, end } = call;
  const key = batchKey(call.adapters, call.prefixIds, batch);
  const known = hidden.deepest(key, start);
  const embed = () => embedBatch(backend, endsInUse(weights, call.adapters), spec, batch.suffixes);
  const leaving = new Map<number, DeviceTensor>();
  const first = known?.layer ?? 0;
  count(end - first);
  const request = {
    ...shared,
    x: known?.x ?? embed(),
    borrowed: known !== null,
    first,
    end,
    plan: call.scaled,
    prefix: prefix.keysOf(end - 1),
    // Only at the model's end do the last tokens stand for all.
    lastOnly: end === spec.layerCount,
    onEnter: (layer: number, x: DeviceTensor) => {
      if (x === known?.x || layer === end) return false;
      if (call.lasts.includes(layer - 1)) {
        leaving.set(layer - 1, x);
        return true;
      }
      return layer > 0 && layer <= start && hidden.put(key, layer, x);
    },
  };
  try {
    const { y } = await loop.run(request);
    return leaving.set(end - 1, y);
  } catch (error) {
    for (const x of leaving.values()) backend.release(x);
    throw error;
  }
}

/** Keys and values of the shared beginning under each range. */
interface PrefixFan {
  keysOf(last: number): readonly KeyValue[] | undefined;
  release(): void;
}

async function prefixFan({ backend, loop, spec, prefixes }: Parts, call: FanCall): Promise<PrefixFan> {
  const { prefixIds, adapters, signal, start, end, lasts, base } = call;
  if (prefixIds.length === 0) return { keysOf: () => undefined, release: () => undefined };
  const { layerCount } = spec;
  const bare = await prefixes.unscaled(prefixIds, adapters, signal);
  const batch = causalBatch(spec, 1, prefixIds.length, 0);
  const own: KeyValue[][] = [];
  const leaving = new Map<number, DeviceTensor>();
  const keys = new Map<number, KeyValue[]>();
  const shared = { batch, adapters, signal, keepKeys: true };
  const count = (layers: number) => {
    call.work.tokenRuns.run += layers * prefixIds.length;
  };
  const release = () => {
    for (const one of own) releaseKeys(backend, one);
    for (const x of leaving.values()) backend.release(x);
  };
  try {
    count(end - start);
    const trunk = await loop.run({
      ...shared,
      x: bare.entering[start]!,
      borrowed: true,
      first: start,
      end,
      plan: call.scaled,
      onEnter: (layer, x) => {
        if (layer === end || layer === start || !lasts.includes(layer - 1)) return false;
        leaving.set(layer - 1, x);
        return true;
      },
    });
    own.push(trunk.present);
    leaving.set(end - 1, trunk.y);
    for (const last of lasts) {
      const x = leaving.get(last)!;
      leaving.delete(last);
      const whole = [...bare.keys.slice(0, start), ...trunk.present.slice(start, last + 1)];
      keys.set(last, whole);
      if (last + 1 === layerCount) {
        backend.release(x);
        continue;
      }
      count(layerCount - last - 1);
      const tail = await loop.run({ ...shared, x, first: last + 1, end: layerCount, plan: base });
      backend.release(tail.y);
      own.push(tail.present);
      whole.push(...tail.present.slice(last + 1));
    }
  } catch (error) {
    release();
    throw error;
  }
  return { keysOf: (last) => keys.get(last), release };
}
