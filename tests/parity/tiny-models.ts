/** Opens the reference models as engines, on whatever backend. */
import type { Backend } from '@/backends/backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import type { WeightPrecision } from '@/engine/engine.ts';
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { readAdapter } from '@/model/adapter.ts';
import { ARCHITECTURES } from '@/model/architectures.ts';
import type { ByteSource, FileSet } from '@/model/byte-source.ts';
import { specFromConfig } from '@/model/config.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { checkpointReader, openCheckpoint } from '@/model/tensor-store.ts';

/** Folders of tests/fixtures, one for each family and, of llama, one for its rope scaling. */
export const TINY_MODELS = [
  'llama',
  'llama-rope3',
  'mistral',
  'qwen2',
  'qwen3',
  'gemma',
  'gemma2',
  'gemma3_text',
  'phi3',
] as const;

/** The checkpoint in `model`, with the adapter in `adapter` loaded under the name "final". */
export async function openTiny(backend: Backend, model: FileSet, adapter?: FileSet): Promise<LayerEngine> {
  const config = await model.open('config.json');
  const spec = specFromConfig(new TextDecoder().decode(await config!.read(0, config!.sizeBytes)));
  const store = await openCheckpoint(model);
  const weights = checkpointReader(spec, ARCHITECTURES[spec.architecture]!, store);
  const engine = await engineOn(backend, { spec, weights });
  if (adapter) engine.addAdapter(await readAdapter(adapter, spec, 'final'));
  return engine;
}

/** A GGUF file; no tokenizer is needed where the references give ids. */
export async function openGgufEngine(
  backend: Backend,
  source: ByteSource,
  precision: WeightPrecision = 'float32',
): Promise<LayerEngine> {
  return engineOn(backend, await openGgufModel(await openGguf(source)), { precision });
}
