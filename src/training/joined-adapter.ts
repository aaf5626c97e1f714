/**
 * Several stacked adapters as one, by concatenating ranks: what was trained over an adapter is then complete in one PEFT
 * folder, and gives on the plain weights what the stack gives. Nothing is multiplied out; no weight is read.
 */
import type { AdapterData, LoraPair } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';

/** @throws AppError for an adapter of whole weights, which has no ranks to join */
export function joinAdapters(adapters: readonly AdapterData[], name: string): AdapterData {
  const whole = adapters.find(({ replaced }) => replaced);
  if (whole) {
    throw new AppError(
      'bad-input',
      `"${whole.name}" holds whole weights, which cannot be joined with another adapter.`,
      'Save it by itself; it belongs on top of the adapters it was trained over.',
    );
  }
  const layerCount = Math.max(...adapters.map(({ layers }) => layers.length));
  const layers = Array.from({ length: layerCount }, (_, layer) => {
    const joined: AdapterData['layers'][number] = {};
    for (const matrix of MATRIX_NAMES) {
      const pairs = adapters.flatMap((adapter) => adapter.layers[layer]?.[matrix] ?? []);
      if (pairs.length > 0) joined[matrix] = pairs.length === 1 ? pairs[0]! : joinPairs(pairs);
    }
    return joined;
  });
  // Its hash is that of its file, which is not written yet.
  return { name, sha256: '', layers };
}

/** [A1; A2] and [s1 B1, s2 B2]: scaling 1, the same float32 values as the engine stacks. */
function joinPairs(pairs: readonly LoraPair[]): LoraPair {
  const rank = pairs.reduce((sum, pair) => sum + pair.rank, 0);
  const [first] = pairs;
  const columns = first!.a.length / first!.rank;
  const rows = first!.b.length / first!.rank;
  const a = new Float32Array(rank * columns);
  const b = new Float32Array(rows * rank);
  let start = 0;
  for (const pair of pairs) {
    a.set(pair.a, start * columns);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < pair.rank; k++)
        b[row * rank + start + k] = pair.scaling * pair.b[row * pair.rank + k]!;
    }
    start += pair.rank;
  }
  return { rank, scaling: 1, a, b };
}
