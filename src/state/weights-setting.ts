/** What the choice of how weights are kept means for a load, or for a look at what a load would take. */
import type { LoadOptions } from '@/protocol/lab.ts';
import type { Config } from './config.ts';

export function weightsOptions(weights: Config['weights']): Pick<LoadOptions, 'precision' | 'residency'> {
  if (weights === 'auto') return {};
  return weights === 'streamed' ? { residency: 'streamed' } : { precision: weights };
}
