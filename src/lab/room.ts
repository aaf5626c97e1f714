/** Where a model's layers stay, decided before its weights are moved, on the backend that would be taken; or that it cannot fit. */
import type { Residency } from '@/engine/engine.ts';
import { checkFits, type Room, staysQuantised } from '@/machine/fit.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { LoadOptions } from '@/protocol/lab.ts';

/**
 * @param storedAs the type that most weights have in their file
 * @throws AppError 'out-of-memory' with a smaller suggestion
 */
export async function chooseResidency(
  name: string,
  spec: ModelSpec,
  { backend, residency, precision }: Pick<LoadOptions, 'backend' | 'residency' | 'precision'>,
  storedAs?: string,
  room?: Room,
): Promise<Residency> {
  const { automaticKind } = await import('@/engine/create-engine.ts');
  const kind = backend === 'auto' ? await automaticKind() : backend;
  const kept = { residency, ...staysQuantised(kind, precision, storedAs) };
  return checkFits(name, spec, kind, room ?? (await readRoom()), kept).residency;
}
