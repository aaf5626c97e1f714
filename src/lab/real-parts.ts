/**
 * The parts of a lab in a browser: models from the bundle, a URL, a hub, or files that a person chose, and the real engine.
 * Disk paths are node-parts.ts's, so that no browser bundle holds node:fs.
 */
import { progressMaker } from '@/experiments/event-stream.ts';
import type { Room } from '@/machine/fit.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import { readAdapter } from '@/model/adapter.ts';
import { AppError } from '@/model/app-error.ts';
import { browserFiles } from '@/model/browser-files.ts';
import { openBundled } from '@/model/bundled.ts';
import type { FileSet } from '@/model/byte-source.ts';
import { openModel } from '@/model/open-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { urlFiles } from '@/model/url-files.ts';
import { BrowserCheckpointStore } from '@/training/browser-checkpoint-store.ts';
import type { LabParts, OpenedAdapter, OpenedModel, OpenHooks } from './lab-parts.ts';
import { chooseResidency } from './room.ts';

/** Fetched with the first model that a person names on a server. */
const downloads = () => import('./downloads.ts');

export const realParts: LabParts = {
  openModel: async (source, options, hooks) => {
    switch (source.kind) {
      case 'bundled':
        return openBundle(urlFiles(source.root, { name: 'bundled models' }), hooks);
      case 'hub':
      case 'url':
        return (await downloads()).downloadModel(source, options, hooks);
      case 'files': {
        const model = await openModel(browserFiles(source.files), {
          // What a person chose lies on this machine: reading it once more for its hash costs no download.
          sha256: 'compute',
          signal: hooks.signal,
          onProgress: bytesSeen(hooks),
        });
        return { model, adapters: [], parity: {} };
      }
      case 'path':
        throw onDisk(source.path);
      default:
        return source satisfies never;
    }
  },
  openAdapter: async (source, name, spec, access) => {
    switch (source.kind) {
      case 'hub':
      case 'url':
        return (await downloads()).downloadAdapter(source, name, spec, access);
      case 'files':
        return adapterOf(browserFiles(source.files), spec, name);
      case 'bundled':
        return adapterOf(urlFiles(source.root), spec, name);
      case 'path':
        throw onDisk(source.path);
      default:
        return source satisfies never;
    }
  },
  training: () => ({
    checkpoints: browserCheckpoints,
    // Chromium alone tells, in whole gigabytes up to 8; a tab gets about half of them.
    memoryLimitBytes: deviceMemoryGiB() === undefined ? null : (deviceMemoryGiB()! / 2) * 2 ** 30,
  }),
  measureSpeed: async (backend, seconds, signal) => {
    const { measureSpeed } = await import('@/machine/measure-speed.ts');
    return measureSpeed(backend, seconds, signal);
  },
  warmUp: async (options) => (await import('@/engine/create-engine.ts')).warmUp(options),
  createEngine: engineIn(readRoom),
};

/** The engine of a machine with so much room. */
export function engineIn(room: () => Room | Promise<Room>): LabParts['createEngine'] {
  return async (model, options, hooks) => {
    const { createEngine } = await import('@/engine/create-engine.ts');
    const { name, spec, weights } = model;
    const residency = await chooseResidency(name, spec, options, weights.quantisedType, await room());
    const progress = progressMaker('layers');
    return createEngine(model, {
      ...options,
      residency,
      signal: hooks.signal,
      onLayer: (done, total) => hooks.onProgress?.(progress('Preparing layers', done, total).progress),
    });
  };
}

const browserCheckpoints = new BrowserCheckpointStore();

const deviceMemoryGiB = () => (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory;

/** The bundle's model and adapters; adapters go by their ids, which settings and addresses hold. Shared with node-parts. */
export async function openBundle(files: FileSet, hooks: OpenHooks, modelId?: string): Promise<OpenedModel> {
  const progress = progressMaker('bytes');
  const warnings: string[] = [];
  const bundle = await openBundled(files, {
    modelId,
    signal: hooks.signal,
    later: hooks.later,
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

async function adapterOf(files: FileSet, spec: ModelSpec, name: string): Promise<OpenedAdapter> {
  return { data: await readAdapter(files, spec, name), label: `Loaded from ${files.name}.` };
}

function onDisk(path: string): AppError {
  return new AppError(
    'bad-input',
    `${path} is a path on a disk, which only the command line can read.`,
    'Choose the files in the page, or give an address.',
  );
}

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
