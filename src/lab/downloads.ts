/** Models and adapters from servers: looked at, refused where they cannot fit, downloaded and kept, opened from what is kept. */
import { browserChunkStore } from '@/downloads/browser-chunk-store.ts';
import type { ChunkStore } from '@/downloads/chunk-store.ts';
import { type FetchProgress, fetchModel } from '@/downloads/fetch-model.ts';
import { lookAtModel } from '@/downloads/look.ts';
import type { RemoteSourceOfModel } from '@/downloads/record.ts';
import type { OpenedRemote } from '@/downloads/remote-file.ts';
import { type RemoteModel, remoteModel } from '@/downloads/remote-models.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import { AccessToken } from '@/model/access-token.ts';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, readAdapter } from '@/model/adapter.ts';
import { AppError } from '@/model/app-error.ts';
import { openModel } from '@/model/open-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { AccessOptions, LoadOptions } from '@/protocol/lab.ts';
import type { OpenedAdapter, OpenedModel, OpenHooks } from './lab-parts.ts';
import { chooseResidency } from './room.ts';

/** `store` is a parameter for tests. */
export async function downloadModel(
  source: RemoteSourceOfModel,
  options: LoadOptions,
  hooks: OpenHooks,
  store?: ChunkStore,
): Promise<OpenedModel> {
  const { signal } = hooks;
  const remote = remoteModel(source, { signal, token: tokenOf(options) });
  const look = await lookAtModel(remote);
  const room = await readRoom();
  await chooseResidency(look.origin.label, look.spec, options, look.storedAs, room);
  const fetched = await fetchModel(look, store ?? (await browserChunkStore()), {
    ...remote.http,
    storageBytes: room.storageBytes,
    onProgress: inBytes(hooks),
  });
  const model = await openModel(fetched.files, {
    name: look.origin.label,
    file: look.format === 'GGUF' ? look.files[0]!.name : undefined,
    // It is on this machine now: without the hub's word for it, it is read once more.
    sha256: fetched.sha256 ?? 'compute',
    signal,
  });
  const warnings = [...model.warnings, ...fetched.warnings];
  return { model: { ...model, warnings }, adapters: [], parity: {} };
}

export async function downloadAdapter(
  source: RemoteSourceOfModel,
  name: string,
  spec: ModelSpec,
  access: AccessOptions = {},
  store?: ChunkStore,
): Promise<OpenedAdapter> {
  const remote = remoteModel(source, { token: tokenOf(access) });
  const files = [await needed(remote, ADAPTER_CONFIG), await needed(remote, ADAPTER_WEIGHTS)];
  for (const one of files) one.close();
  const all = files.map(({ file }) => file);
  const look = {
    origin: remote.origin,
    files: all,
    totalBytes: all.reduce((sum, one) => sum + one.sizeBytes, 0),
  };
  const { storageBytes } = await readRoom();
  const fetched = await fetchModel(look, store ?? (await browserChunkStore()), {
    ...remote.http,
    storageBytes,
  });
  const data = await readAdapter(fetched.files, spec, name, fetched.sha256 ?? undefined);
  return { data, label: `Loaded from ${remote.origin.label}.` };
}

async function needed(remote: RemoteModel, path: string): Promise<OpenedRemote> {
  const found = await remote.open(path);
  if (found) return found;
  throw new AppError(
    'not-found',
    `${remote.origin.label} holds no ${path}.`,
    'Name the repository of an adapter saved by PEFT.',
  );
}

function tokenOf({ token }: AccessOptions): AccessToken | undefined {
  return token && new AccessToken(token.endpoint, token.value);
}

function inBytes({ onProgress }: OpenHooks): (progress: FetchProgress) => void {
  const startMs = performance.now();
  return ({ phase, doneBytes, totalBytes, keptBytes }) =>
    onProgress?.({
      phase,
      done: doneBytes,
      total: totalBytes,
      unit: 'bytes',
      elapsedMs: performance.now() - startMs,
      kept: keptBytes,
    });
}
