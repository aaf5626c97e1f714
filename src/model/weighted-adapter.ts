/** An adapter with its update times a factor: W + w · scaling · BA. 1 is the adapter, 0 the base, beyond 1 more of it than was trained. */
import type { AdapterData, LoraPair } from './adapter-spec.ts';
import { AppError } from './app-error.ts';
import type { MatrixName } from './spec.ts';

/** Nothing is copied but the factors. @throws AppError for an adapter of whole weights, which has no factor */
export function weightedAdapter(adapter: AdapterData, weight: number, name: string): AdapterData {
  if (!Number.isFinite(weight)) {
    throw new AppError('bad-input', `${weight} is no weight for ${adapter.name}.`, 'Give a number.');
  }
  if (adapter.replaced || adapter.replacedEnds) {
    throw new AppError(
      'bad-input',
      `${adapter.name} holds whole weights, which cannot be weighted.`,
      'Only LoRA adapters can.',
    );
  }
  const layers = adapter.layers.map((layer) => {
    const scaled: Partial<Record<MatrixName, LoraPair>> = {};
    for (const [matrix, pair] of Object.entries(layer) as Array<[MatrixName, LoraPair]>) {
      scaled[matrix] = { ...pair, scaling: pair.scaling * weight };
    }
    return scaled;
  });
  return { ...adapter, name, layers };
}
