/** What a run leaves behind: an adapter with its hash, and the files that PEFT or a checkpoint reader opens. */
import type { Trainer } from '@/engine/train/trainer.ts';
import { ADAPTER_WEIGHTS } from '@/model/adapter.ts';
import type { AdapterData, LayerInputName } from '@/model/adapter-spec.ts';
import { toPeftFiles } from '@/model/adapter-writer.ts';
import { ARCHITECTURES } from '@/model/architectures.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { sha256Hex } from '@/model/sha256.ts';
import { MATRIX_NAMES, type ModelEnd, type ModelSpec, matrixDims } from '@/model/spec.ts';

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
  const normNames = { attentionNorm: names.attentionNorm, ffnNorm: names.ffnNorm };
  const tensors = new Map<string, WritableTensor>();
  for (const [end, data] of Object.entries(replacedEnds) as Array<[ModelEnd, Float32Array]>) {
    const dims = end === 'finalNorm' ? [spec.hiddenSize] : [spec.vocabSize, spec.hiddenSize];
    tensors.set(names[end], { dtype: 'F32', dims, data });
  }
  replaced?.forEach((layer, index) => {
    if (!layer) return;
    for (const { module, parts } of names.projections) {
      // Of a frozen layer the norms alone may have trained.
      if (!parts.every((part) => layer[part])) continue;
      const rows = parts.reduce((sum, part) => sum + dims[part][0], 0);
      const width = dims[parts[0]!][1];
      const data = new Float32Array(rows * width);
      let start = 0;
      for (const part of parts) {
        data.set(layer[part]!, start);
        start += layer[part]!.length;
      }
      tensors.set(`${names.layer(index)}${module}.weight`, { dtype: 'F32', dims: [rows, width], data });
    }
    const isMatrix = (name: string) => MATRIX_NAMES.some((matrix) => matrix === name);
    for (const [name, data] of Object.entries(layer) as Array<[LayerInputName, Float32Array]>) {
      if (isMatrix(name)) continue;
      tensors.set(`${names.layer(index)}${normNames[name as 'attentionNorm' | 'ffnNorm']}`, {
        dtype: 'F32',
        dims: [data.length],
        data,
      });
    }
  });
  return tensors;
}
