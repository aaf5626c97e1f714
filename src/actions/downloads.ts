/**
 * What a person does with models on servers: looks at one before downloading, loads it, takes its adapter, and keeps house
 * among what was downloaded. Fetched with the dialog and the section that offer it.
 */
import { browserChunkStore } from '@/downloads/browser-chunk-store.ts';
import { type KeptDownload, keptDownloads, removeDownload } from '@/downloads/kept.ts';
import { lookAtModel } from '@/downloads/look.ts';
import { remoteModel, withoutQuery } from '@/downloads/remote-models.ts';
import { chosenBackend } from '@/machine/backend-here.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import { AccessToken } from '@/model/access-token.ts';
import { fileCache } from '@/model/file-cache.ts';
import { HUB_ENDPOINT } from '@/model/hub-files.ts';
import { useDownloads } from '@/state/downloads.ts';
import { hubTokenFor, type RemoteModelSource } from '@/state/hub-access.ts';
import { type LookWords, lookWords } from '@/state/look-words.ts';
import { wordsFor } from '@/state/problems.ts';
import { getSession } from '@/state/session-instance.ts';
import { dismiss, notify, useApp } from '@/state/store.ts';
import { weightsOptions } from '@/state/weights-setting.ts';

/** From headers alone. @throws AppError that says why it cannot be opened */
export async function lookAt(source: RemoteModelSource, signal?: AbortSignal): Promise<LookWords> {
  const token = hubTokenFor(source);
  const access = { signal, token: token && new AccessToken(token.endpoint, token.value) };
  const look = await lookAtModel(remoteModel(source, access));
  const { backend: setting, weights } = useApp.getState().config;
  const [backend, room, store] = await Promise.all([chosenBackend(setting), readRoom(), browserChunkStore()]);
  return lookWords(look, backend, room, store, weightsOptions(weights));
}

export function nameOfSource(source: RemoteModelSource): string {
  return source.kind === 'hub' ? source.repo : withoutQuery(source.url);
}

export function openRemoteModel(source: RemoteModelSource): Promise<void> {
  const key =
    source.kind === 'hub'
      ? `hub:${source.endpoint ?? HUB_ENDPOINT}/${source.repo}@${source.revision}/${source.file ?? ''}`
      : `url:${withoutQuery(source.url)}`;
  return getSession().open({ key, name: nameOfSource(source), source });
}

/** A PEFT repository for the open model; says in a notice what became of it. */
export async function addRemoteAdapter(source: RemoteModelSource): Promise<void> {
  const name = nameOfSource(source);
  notify({ id: 'adapter', level: 'info', happened: `Loading the adapter ${name} …`, todo: '' });
  try {
    await getSession().addAdapter(source, name);
    notify({
      id: 'adapter',
      level: 'info',
      happened: `The adapter ${name} is on the model: “aligned” now means with it, “base” without.`,
      todo: '',
    });
  } catch (error) {
    dismiss('adapter');
    const { happened, todo } = wordsFor(error);
    notify({ id: 'file', level: 'problem', happened, todo });
  }
}

export function refreshDownloads(): Promise<void> {
  return attempt(async () => '');
}

export function removeKeptDownload(download: KeptDownload): Promise<void> {
  return attempt(async () => {
    await removeDownload(await browserChunkStore(), download);
    return `${download.label} was removed.`;
  });
}

export function removeBundledFiles(): Promise<void> {
  return attempt(async () => {
    await fileCache()?.clear();
    return 'The bundled model’s files were removed; the page loads them from its server again.';
  });
}

/** Asks the browser not to clear what is kept when storage runs short. */
export function askToPersist(): Promise<void> {
  return attempt(async () => {
    const isGranted = (await navigator.storage?.persist?.()) ?? false;
    return isGranted
      ? 'The browser keeps these files until you remove them.'
      : 'The browser made no promise: it may remove these files when storage runs short.';
  });
}

/** Does something with what is kept, and looks at it again. What it returns is shown. */
async function attempt(work: () => Promise<string>): Promise<void> {
  try {
    const notice = await work();
    const kept = await keptDownloads(await browserChunkStore());
    const bundledBytes = (await fileCache()?.sizeBytes()) ?? 0;
    useDownloads.setState({ notice, problem: null, kept, bundledBytes });
  } catch (error) {
    useDownloads.setState({ problem: wordsFor(error), notice: '' });
  }
}
