/**
 * The parts of a lab in a browser: models from the bundle, a URL, a hub, or files that a person chose, and the real engine.
 * Disk paths are node-parts.ts's, so that no browser bundle holds node:fs.
 */
import { progressMaker } from '@/experiments/event-stream.ts';
import { readAdapter } from '@/model/adapter.ts';
import { AppError } from '@/model/app-error.ts';
import { browserFiles } from '@/model/browser-files.ts';
import { openBundled } from '@/model/bundled.ts';
import type { ByteSource, FileSet } from '@/model/byte-source.ts';
import { hubFiles } from '@/model/hub-files.ts';
import { openModel } from '@/model/open-model.ts';
import { openUrl, urlFiles } from '@/model/url-files.ts';
import type { ModelSource } from '@/protocol/lab.ts';
import { BrowserCheckpointStore } from '@/training/browser-checkpoint-store.ts';
import type { LabParts, OpenedModel, OpenHooks } from './lab-parts.ts';

export const realParts: LabParts = {
  openModel: async (source, _, hooks) => {
    if (source.kind === 'bundled')
      return openBundle(urlFiles(source.root, { name: 'bundled models' }), hooks);
    const file = source.kind === 'hub' ? source.file : undefined;
    // What a person chose lies on this machine: reading it once more for its hash costs no download.
    const sha256 = source.kind === 'files' ? 'compute' : undefined;
    const input = await filesOf(source, hooks);
    const model = await openModel(input, {
      file,
      sha256,
      signal: hooks.signal,
      onProgress: bytesSeen(hooks),
    });
    return { model, adapters: [], parity: {} };
  },
  openAdapter: async (source, name, spec) => {
    const input = await filesOf(source, {});
    if (!('open' in input)) throw notAnAdapter(input.name);
    return { data: await readAdapter(input, spec, name), label: `Loaded from ${input.name}.` };
  },
  training: () => ({
    checkpoints: browserCheckpoints,
    // Chromium alone tells, in whole gigabytes up to 8; a tab gets about half of them.
    memoryLimitBytes: deviceMemoryGiB() === undefined ? null : (deviceMemoryGiB()! / 2) * 2 ** 30,
  }),
  createEngine: async (model, options, hooks) => {
    const { createEngine } = await import('@/engine/create-engine.ts');
    const progress = progressMaker('layers');
    return createEngine(model, {
      ...options,
      signal: hooks.signal,
      onLayer: (done, total) => hooks.onProgress?.(progress('Preparing layers', done, total).progress),
    });
  },
};

const browserCheckpoints = new BrowserCheckpointStore();

const deviceMemoryGiB = () => (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory;

/** The bundle's model and adapters; adapters go by their ids, which settings and addresses hold. Shared with node-parts. */
export async function openBundle(files: FileSet, hooks: OpenHooks, modelId?: string): Promise<OpenedModel> {
  const progress = progressMaker('bytes');
  const warnings: string[] = [];
  const bundle = await openBundled(files, {
    modelId,
    signal: hooks.signal,
    onProgress: ({ file, doneBytes, totalBytes }) =>
      hooks.onProgress?.(progress(`Loading ${file}`, doneBytes, totalBytes).progress),
    onWarning: (sentence) => warnings.push(sentence),
  });
  return {
    model: { ...bundle.model, warnings: [...bundle.model.warnings, ...warnings] },
    adapters: bundle.adapters.map(({ entry, data }) => ({
      data: { ...data, name: entry.id },
      label: entry.label,
    })),
    parity: bundle.entry.parity,
  };
}

async function filesOf(source: ModelSource, hooks: OpenHooks): Promise<FileSet | ByteSource> {
  const options = { signal: hooks.signal };
  switch (source.kind) {
    case 'url':
      return isGguf(source.url) ? openUrl(source.url, options) : urlFiles(source.url, options);
    case 'hub': {
      const { repo, revision, endpoint } = source;
      return hubFiles(repo, { ...options, revision, endpoint });
    }
    case 'files':
      return browserFiles(source.files);
    case 'bundled':
      return urlFiles(source.root, options);
    case 'path':
      throw new AppError(
        'bad-input',
        `${source.path} is a path on a disk, which only the command line can read.`,
        'Choose the files in the page, or give an address.',
      );
    default:
      return source satisfies never;
  }
}

const isGguf = (url: string): boolean => /\.gguf($|[?#])/i.test(url);

export function bytesSeen(hooks: OpenHooks): (done: number, total: number) => void {
  const progress = progressMaker('bytes');
  return (done, total) => hooks.onProgress?.(progress('Checking the weights', done, total).progress);
}

export function notAnAdapter(name: string): AppError {
  return new AppError(
    'bad-input',
    `${name} is a single file, not the folder of an adapter.`,
    'Choose a PEFT folder.',
  );
}
