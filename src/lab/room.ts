/** Refuses a model that cannot fit before its weights are moved, on the backend that would be taken. */
import { checkFits, type Fit, type Room } from '@/machine/fit.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { LoadOptions } from '@/protocol/lab.ts';

/** @throws AppError 'out-of-memory' with a smaller suggestion */
export async function checkRoom(
  name: string,
  spec: ModelSpec,
  backend: LoadOptions['backend'],
  room?: Room,
): Promise<Fit> {
  const { automaticKind } = await import('@/engine/create-engine.ts');
  const kind = backend === 'auto' ? await automaticKind() : backend;
  return checkFits(name, spec, kind, room ?? (await readRoom()));
}
