/** What every run file of the page begins with: who computed it, on which model with which adapters. Pure. */
import type { BackendInfo } from '@/engine/engine.ts';
import type { RunFile } from '@/protocol/run-file.ts';

export type NewRunFile = Omit<RunFile, 'schema' | 'version'>;
export type AdapterHashes = ReadonlyArray<{ name: string; sha256: string }>;

/**
 * @param used names of the adapters that its parts were computed with
 * @param known adapters of the open model, for their hashes
 */
export function runFileHead(
  { name, sha256, backend }: { name: string; sha256: string | null; backend: BackendInfo },
  used: readonly string[],
  known: AdapterHashes,
  version: string,
): Pick<NewRunFile, 'app' | 'backend' | 'model'> {
  const adapters = known
    .filter((adapter) => used.includes(adapter.name))
    .map((adapter) => ({ name: adapter.name, sha256: adapter.sha256 }));
  return {
    app: { name: 'Stratascope', version },
    backend: { ...backend },
    model: { name, sha256, adapters },
  };
}
