/** The parts of a lab in Node: as in the browser, and files on disk. The command line uses this; no page may import it. */
import { statSync } from 'node:fs';
import { ADAPTER_CONFIG, readAdapter } from '@/model/adapter.ts';
import { readCheckpointAdapter } from '@/model/checkpoint-adapter.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { FolderCheckpointStore } from '@/training/node-checkpoint-store.ts';
import type { LabParts } from './lab-parts.ts';
import { bytesSeen, engineIn, notAnAdapter, openBundle, realParts } from './real-parts.ts';

export interface NodePartsOptions {
  /** Find the sha256 of models opened by path, which reads their weights once more. */
  hash: boolean;
  /** Which of the bundle's models; default its first. */
  modelId?: string;
  /** Where checkpoints of training go; default the lab's memory. */
  checkpoints?: string;
}

/** What could be had: free, and what the system holds as caches; the model that is loaded already counts as had. */
const freeMemoryBytes = () => process.availableMemory() + process.memoryUsage().rss;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

export function nodeParts({ hash, modelId, checkpoints }: NodePartsOptions): LabParts {
  return {
    ...realParts,
    training: checkpoints
      ? () => ({ checkpoints: new FolderCheckpointStore(checkpoints), memoryLimitBytes: freeMemoryBytes() })
      : undefined,
    createEngine: engineIn(() => ({ memoryBytes: freeMemoryBytes(), isAtLeast: false, storageBytes: null })),
    openModel: async (source, options, hooks) => {
      if (source.kind === 'bundled') return openBundle(diskFiles(source.root), hooks, modelId);
      if (source.kind !== 'path') return realParts.openModel(source, options, hooks);
      const { path } = source;
      const model = await openModel(isFolder(path) ? diskFiles(path) : diskFile(path), {
        sha256: hash ? 'compute' : undefined,
        signal: hooks.signal,
        onProgress: bytesSeen(hooks),
      });
      return { model, adapters: [], parity: {} };
    },
    openAdapter: async (source, name, spec, access) => {
      if (source.kind !== 'path') return realParts.openAdapter(source, name, spec, access);
      const { path } = source;
      const label = `Loaded from ${path}.`;
      const files = isFolder(path) ? diskFiles(path) : null;
      if (files && (await files.open(ADAPTER_CONFIG)))
        return { data: await readAdapter(files, spec, name), label };
      // A second checkpoint: base and aligned model need not be one with an adapter.
      if (!files && !path.toLowerCase().endsWith('.gguf')) throw notAnAdapter(diskFile(path).name);
      if (files && !(await files.open('config.json')))
        return { data: await readAdapter(files, spec, name), label };
      return { data: await readCheckpointAdapter(files ?? diskFile(path), spec, name), label };
    },
  };
}
