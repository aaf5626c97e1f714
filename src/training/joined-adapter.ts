/**
 * Several stacked adapters as one, by concatenating ranks: what was trained over an adapter is then complete in one PEFT
 * folder, and gives on the plain weights what the stack gives. Nothing is multiplied out; no weight is read.
 */
import { concatenateRanks } from '@/engine/adapter-stack.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
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
      if (pairs.length > 0) joined[matrix] = pairs.length === 1 ? pairs[0]! : concatenateRanks(pairs);
    }
    return joined;
  });
  // Its hash is that of its file, which is not written yet.
  return { name, sha256: '', layers };
}
