/** What a run leaves behind: an adapter with its hash, and the files that PEFT or a checkpoint reader opens. */
import type { Trainer } from '@/engine/train/trainer.ts';
import { ADAPTER_WEIGHTS } from '@/model/adapter.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { toPeftFiles } from '@/model/adapter-writer.ts';
import { ARCHITECTURES } from '@/model/architectures.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { sha256Hex } from '@/model/sha256.ts';
import { type ModelEnd, type ModelSpec, matrixDims, NORM_NAMES } from '@/model/spec.ts';

export const REPLACED_WEIGHTS = 'trained_weights.safetensors';

export async function finishedAdapter(trainer: Trainer, name: string, spec: ModelSpec): Promise<AdapterData> {
  const adapter = await trainer.adapter(name);
  const files = adapterFiles(adapter, spec, '');
  return { ...adapter, sha256: sha256Hex(files.get(ADAPTER_WEIGHTS) ?? files.get(REPLACED_WEIGHTS)!) };
}

/** LoRA: the two files of a PEFT folder. Full parameters: the trained tensors under the checkpoint's own names. */
export function adapterFiles(
  adapter: AdapterData,
  spec: ModelSpec,
  baseModel: string,
): Map<string, Uint8Array> {
  if (!adapter.replaced) return toPeftFiles(adapter, spec, baseModel);
  return new Map([[REPLACED_WEIGHTS, writeSafetensors(replacedTensors(adapter, spec), { format: 'pt' })]]);
}

/** Parts of a fused projection are joined again, one above the other, as the checkpoint has them. */
function replacedTensors(
  { replaced, replacedEnds = {} }: AdapterData,
  spec: ModelSpec,
): Map<string, WritableTensor> {
  const names = ARCHITECTURES[spec.architecture]!.safetensors;
  const dims = matrixDims(spec);
  const offset = names.normOffset ?? 0;
  /** As the checkpoint has it, whose norms may lack the 1 that they are computed with. */
  const asStored = (norm: Float32Array) => (offset === 0 ? norm : norm.map((value) => value - offset));
  const tensors = new Map<string, WritableTensor>();
  for (const [end, data] of Object.entries(replacedEnds) as Array<[ModelEnd, Float32Array]>) {
    const dims = end === 'finalNorm' ? [spec.hiddenSize] : [spec.vocabSize, spec.hiddenSize];
    tensors.set(names[end], { dtype: 'F32', dims, data: end === 'finalNorm' ? asStored(data) : data });
  }
  replaced?.forEach((layer, index) => {
    if (!layer) return;
    for (const { module, parts } of names.projections) {
      const path = names.layer(index) + module;
      const width = dims[parts[0]!][1];
      const rows = joined(parts.map((part) => layer[part]));
      // Of a frozen layer the norms alone may have trained.
      if (rows)
        tensors.set(`${path}.weight`, { dtype: 'F32', dims: [rows.length / width, width], data: rows });
      const bias = joined(parts.map((part) => layer[`${part}Bias`]));
      if (bias) tensors.set(`${path}.bias`, { dtype: 'F32', dims: [bias.length], data: bias });
    }
    for (const norm of NORM_NAMES) {
      const data = layer[norm];
      if (!data) continue;
      const path = `${names.layer(index)}${names[norm]}`;
      tensors.set(path, { dtype: 'F32', dims: [data.length], data: asStored(data) });
    }
  });
  return tensors;
}

/** One behind the other; null where a part is missing. */
function joined(parts: ReadonlyArray<Float32Array | undefined>): Float32Array | null {
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length < parts.length) return null;
  const data = new Float32Array(whole.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of whole) {
    data.set(part, start);
    start += part.length;
  }
  return data;
}
