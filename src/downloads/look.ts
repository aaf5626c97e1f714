/**
 * What a model on a server is, from its headers alone: family, size, what would have to be downloaded. A model that cannot be
 * opened says why here, before anything large is asked for.
 */
import { AppError } from '@/model/app-error.ts';
import { ARCHITECTURES } from '@/model/architectures.ts';
import type { ByteSource } from '@/model/byte-source.ts';
import { specFromConfig } from '@/model/config.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { onlyGguf } from '@/model/only-gguf.ts';
import { openSafetensors } from '@/model/safetensors.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { checkpointReader, openCheckpoint, readText } from '@/model/tensor-store.ts';
import { typesByBytes } from '@/model/types-by-bytes.ts';
import type { Origin } from './record.ts';
import type { OpenedRemote, RemoteFile } from './remote-file.ts';
import { headersOnly, type RemoteModel } from './remote-models.ts';

export interface ModelLook {
  origin: Origin;
  format: 'safetensors' | 'GGUF';
  spec: ModelSpec;
  /** How most of the weights are stored, e.g. BF16, Q4_1. */
  storedAs: string;
  /** Elements of all tensors in the files. */
  parameterCount: number;
  /** All that is to be downloaded, in the order in which it is used. */
  files: RemoteFile[];
  totalBytes: number;
}

/** Beside the weights, where they are there. */
const SMALL_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
];

const NO_MODEL = 'Name a repository with a safetensors checkpoint, or a GGUF file.';

/** @throws AppError that says why this is no model that can be opened */
export async function lookAtModel(model: RemoteModel): Promise<ModelLook> {
  const opened: OpenedRemote[] = [];
  try {
    const isGguf = model.only !== null;
    const config = isGguf ? null : await model.open('config.json');
    if (config) {
      opened.push(config);
      return await lookAtFolder(model, config, opened);
    }
    const path =
      model.only ?? (await onlyGguf({ name: model.origin.label, list: () => model.list() }, NO_MODEL));
    return await lookAtGguf(model, path, opened);
  } finally {
    for (const remote of opened) remote.close();
  }
}

async function lookAtGguf(model: RemoteModel, path: string, opened: OpenedRemote[]): Promise<ModelLook> {
  const remote = await model.open(path);
  if (!remote) {
    throw new AppError('not-found', `${model.origin.label} holds no ${path}.`, 'Check the name of the file.');
  }
  opened.push(remote);
  const file = await openGguf(readOnce(remote.source));
  const { spec } = await openGgufModel(file);
  const tensors = [...file.tensors.values()].map(({ type, elementCount, sizeBytes }) => ({
    type: type.name,
    elementCount,
    sizeBytes,
  }));
  return describe(model, 'GGUF', spec, tensors, [remote.file]);
}

async function lookAtFolder(
  model: RemoteModel,
  config: OpenedRemote,
  opened: OpenedRemote[],
): Promise<ModelLook> {
  const spec = specFromConfig(await readText(config.source));
  const weights: OpenedRemote[] = [];
  const files = headersOnly(model, weights);
  const cached = { ...files, open: async (path: string) => orReadOnce(await files.open(path)) };
  try {
    const store = await openCheckpoint(cached);
    // Names and shapes of all tensors; no data is read.
    checkpointReader(spec, ARCHITECTURES[spec.architecture]!, store);
    const tensors = [];
    for (const source of store.sources) {
      for (const { dtype, dims, sizeBytes } of (await openSafetensors(source)).entries.values()) {
        const elementCount = dims.reduce((product, dim) => product * dim, 1);
        tensors.push({ type: dtype, elementCount, sizeBytes });
      }
    }
    const small: RemoteFile[] = [];
    for (const path of SMALL_FILES) {
      const remote = await model.open(path);
      if (!remote) continue;
      opened.push(remote);
      small.push(remote.file);
    }
    const all = [config.file, ...small, ...weights.map(({ file }) => file)];
    return describe(model, 'safetensors', spec, tensors, all);
  } finally {
    opened.push(...weights);
  }
}

interface TensorFacts {
  type: string;
  elementCount: number;
  sizeBytes: number;
}

function describe(
  { origin }: RemoteModel,
  format: ModelLook['format'],
  spec: ModelSpec,
  tensors: readonly TensorFacts[],
  files: RemoteFile[],
): ModelLook {
  const [storedAs = 'nothing'] = typesByBytes(tensors);
  return {
    origin,
    format,
    spec,
    storedAs,
    parameterCount: tensors.reduce((sum, { elementCount }) => sum + elementCount, 0),
    files,
    totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

const orReadOnce = (source: ByteSource | null) => source && readOnce(source);

/** The same header is read by more than one reader: what was read is kept while the look lasts. */
function readOnce(source: ByteSource): ByteSource {
  const seen = new Map<string, Promise<Uint8Array>>();
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    read: (offset, length) => {
      const key = `${offset}+${length}`;
      const reading = seen.get(key) ?? source.read(offset, length);
      seen.set(key, reading);
      return reading;
    },
  };
}
