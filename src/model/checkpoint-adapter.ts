/**
 * A second checkpoint of the same shape as an adapter that replaces every weight of the first: with it any layer can come
 * from either, where base and aligned model are two checkpoints and not one with an adapter. Costs its float32 weights.
 */
import type { AdapterData, LayerInputName } from './adapter-spec.ts';
import { AppError } from './app-error.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { openModel } from './open-model.ts';
import { MATRIX_NAMES, type ModelSpec, vectorSizes } from './spec.ts';

/** What two checkpoints may differ in and still be run by the same graphs. */
const FREE: readonly (keyof ModelSpec)[] = ['contextLength'];

/**
 * @param input a checkpoint folder or a GGUF file
 * @param spec of the model whose weights are replaced
 * @throws AppError 'adapter-mismatch' where the two are not of one shape
 */
export async function readCheckpointAdapter(
  input: FileSet | ByteSource,
  spec: ModelSpec,
  name: string,
): Promise<AdapterData> {
  const other = await openModel(input, { sha256: 'compute' });
  checkSameShape(spec, other.spec, input.name);
  const { weights } = other;
  const replaced: NonNullable<AdapterData['replaced']> = [];
  for (let layer = 0; layer < spec.layerCount; layer++) {
    const { matrices, ...vectors } = await weights.layer(layer);
    const own: Partial<Record<LayerInputName, Float32Array>> = {};
    for (const vector of vectorSizes(spec).keys()) own[vector] = vectors[vector];
    for (const matrix of MATRIX_NAMES) own[matrix] = matrices[matrix];
    replaced.push(own);
  }
  const head = spec.tiedEmbeddings ? null : await weights.head();
  return {
    name,
    sha256: other.sha256!,
    layers: Array.from({ length: spec.layerCount }, () => ({})),
    replaced,
    replacedEnds: {
      embedding: await weights.embedding(),
      finalNorm: await weights.finalNorm(),
      ...(head ? { head } : {}),
    },
  };
}

function checkSameShape(ours: ModelSpec, theirs: ModelSpec, name: string): void {
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])] as Array<keyof ModelSpec>;
  const differing = keys.filter(
    (key) => !FREE.includes(key) && JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]),
  );
  if (differing.length === 0) return;
  const say = (spec: ModelSpec) =>
    differing.map((key) => `${key} ${JSON.stringify(spec[key]) ?? 'none'}`).join(', ');
  throw new AppError(
    'adapter-mismatch',
    `${name} is not of the open model's shape: it has ${say(theirs)}; the model has ${say(ours)}.`,
    'Layers can be exchanged between two checkpoints of one architecture and size.',
  );
}
