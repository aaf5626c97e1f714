/** Where a model's layers stay, decided before its weights are moved, on the backend that would be taken; or that it cannot fit. */
import type { Residency } from '@/engine/engine.ts';
import { chosenBackend } from '@/machine/backend-here.ts';
import { checkFits, keptWith, type Room } from '@/machine/fit.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { LoadOptions } from '@/protocol/lab.ts';

/**
 * @param storedAs the type that most weights have in their file
 * @throws AppError 'out-of-memory' with a smaller suggestion
 */
export async function chooseResidency(
  name: string,
  spec: ModelSpec,
  options: Pick<LoadOptions, 'backend' | 'residency' | 'precision'>,
  storedAs: string | undefined,
  room: Room,
): Promise<Residency> {
  const kind = await chosenBackend(options.backend);
  const kept = keptWith(kind, options, storedAs);
  return checkFits(name, spec, kind, room, kept).residency;
}
