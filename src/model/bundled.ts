/** Opening the bundled model and its adapters: sizes and sha256 are checked, a damaged file is named. */
import { ADAPTER_WEIGHTS, readAdapter } from './adapter.ts';
import type { AdapterData } from './adapter-spec.ts';
import { AppError } from './app-error.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { parseJsonObject } from './config.ts';
import { type FileCache, fileCache } from './file-cache.ts';
import type { LoadedModel } from './loaded-model.ts';
import {
  MANIFEST_NAME,
  type Manifest,
  type ManifestAdapter,
  type ManifestModel,
  parseManifest,
} from './manifest.ts';
import { memorySource } from './memory-source.ts';
import { openModel } from './open-model.ts';
import { readText } from './tensor-store.ts';
import { hashSources, readWhole } from './whole-file.ts';

export interface BundleProgress {
  /** The file that is being loaded. */
  file: string;
  /** Over all files of the bundle. */
  doneBytes: number;
  totalBytes: number;
}

export interface BundleOptions {
  onProgress?: (progress: BundleProgress) => void;
  /** Check sha256 (default). Sizes are always checked. */
  verify?: boolean;
  signal?: AbortSignal;
  /** Default: the manifest's first. */
  modelId?: string;
  /** Where verified downloads are kept; default: the browser's, null = nowhere. */
  cache?: FileCache | null;
  /** Takes the storing of downloads, which nobody waits for; default: it begins at once. */
  later?: (work: () => void) => void;
  /** Sentences for the person that come after loading, e.g. that a file could not be kept. */
  onWarning?: (sentence: string) => void;
}

export interface Bundle {
  manifest: Manifest;
  entry: ManifestModel;
  model: LoadedModel;
  adapters: Array<{ entry: ManifestAdapter; data: AdapterData }>;
}

interface BundledFile {
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** `files` is the folder that holds manifest.json. */
export async function openBundled(files: FileSet, options: BundleOptions = {}): Promise<Bundle> {
  const manifest = await readManifest(files);
  const entry = options.modelId
    ? manifest.models.find((model) => model.id === options.modelId)
    : manifest.models[0];
  if (!entry) {
    const ids = manifest.models.map((model) => model.id).join(', ');
    throw new AppError(
      'not-found',
      `There is no bundled model ${options.modelId}.`,
      `Choose one of: ${ids}.`,
    );
  }
  const loader = new BundleLoader(files, options, [entry, ...manifest.adapters.flatMap(adapterFiles)]);
  const source = await loader.load(entry);
  // They arrive while the model's tokenizer is built.
  const folders = manifest.adapters.map((adapter) => loadFolder(loader, adapter));
  for (const folder of folders) folder.catch(() => undefined);
  const model = await openModel(source, { name: entry.name, sha256: entry.sha256 });
  const adapters: Bundle['adapters'] = [];
  for (const [n, adapter] of manifest.adapters.entries()) {
    const folder = await folders[n]!;
    const checked = options.verify !== false && adapter.files.find((file) => file.path === ADAPTER_WEIGHTS);
    const data = await readAdapter(folder, model.spec, adapter.name, checked ? checked.sha256 : undefined);
    adapters.push({ entry: adapter, data });
  }
  return { manifest, entry, model, adapters };
}

export async function readManifest(files: FileSet): Promise<Manifest> {
  const source = await files.open(MANIFEST_NAME);
  if (!source) {
    throw new AppError(
      'not-found',
      `${files.name} holds no ${MANIFEST_NAME}.`,
      'Start the program from a complete copy of the repository.',
    );
  }
  return parseManifest(parseJsonObject(await readText(source), MANIFEST_NAME));
}

async function loadFolder(loader: BundleLoader, adapter: ManifestAdapter): Promise<FileSet> {
  const files = await Promise.all(
    adapterFiles(adapter).map(async (file) => [file.path, await loader.load(file)] as const),
  );
  const sources = new Map<string, ByteSource>(files);
  return {
    name: adapter.path,
    list: async () => adapter.files.map((file) => file.path),
    open: async (path) => sources.get(`${adapter.path}/${path}`) ?? null,
  };
}

/** An adapter's files with paths relative to the bundle. */
function adapterFiles(adapter: ManifestAdapter): BundledFile[] {
  return adapter.files.map((file) => ({ ...file, path: `${adapter.path}/${file.path}` }));
}

class BundleLoader {
  /** By file: several are on their way at once. */
  private readonly doneBytes = new Map<string, number>();
  /** To be stored, of which the browser knows nothing yet. */
  private plannedBytes = 0;
  private hasNoRoom = false;
  private readonly totalBytes: number;
  private readonly cache: FileCache | null;

  constructor(
    private readonly files: FileSet,
    private readonly options: BundleOptions,
    all: readonly BundledFile[],
  ) {
    this.totalBytes = all.reduce((sum, file) => sum + file.sizeBytes, 0);
    this.cache = options.cache === undefined ? fileCache() : options.cache;
  }

  async load(file: BundledFile): Promise<ByteSource> {
    const name = file.path.split('/').at(-1)!;
    const report = (bytes: number) => {
      this.doneBytes.set(file.path, bytes);
      const doneBytes = [...this.doneBytes.values()].reduce((sum, one) => sum + one, 0);
      this.options.onProgress?.({ file: name, doneBytes, totalBytes: this.totalBytes });
    };
    const source = (await this.findKept(file, name)) ?? (await this.loadAndCheck(file, name, report));
    report(file.sizeBytes);
    return source;
  }

  /** Kept files were checked before they were stored under their hash; only the size is checked again. */
  private async findKept(file: BundledFile, name: string): Promise<ByteSource | null> {
    const kept = await this.cache?.find(file.sha256, name);
    if (!kept) return null;
    if (kept.sizeBytes === file.sizeBytes) return kept;
    await this.cache?.remove(file.sha256);
    return null;
  }

  private async loadAndCheck(
    file: BundledFile,
    name: string,
    onProgress: (doneBytes: number) => void,
  ): Promise<ByteSource> {
    const { signal, verify = true } = this.options;
    const source = await this.files.open(file.path);
    if (!source) throw new AppError('not-found', `The bundled file ${file.path} is missing.`, REPAIR);
    if (source.sizeBytes !== file.sizeBytes) {
      throw new AppError(
        'hash-mismatch',
        `The bundled file ${file.path} is damaged: it has ${source.sizeBytes} bytes instead of ${file.sizeBytes}.`,
        REPAIR,
      );
    }
    // What comes over the network is kept in memory; what lies on disk is hashed and then read where it is.
    const whole = source.stream ? await readWhole(source, { onProgress, signal }) : null;
    if (verify) {
      const sha256 = whole?.sha256 ?? (await hashSources([source], { onProgress, signal }));
      if (sha256 !== file.sha256) {
        throw new AppError(
          'hash-mismatch',
          `The bundled file ${file.path} is damaged: its sha256 is ${sha256}, the manifest says ${file.sha256}.`,
          REPAIR,
        );
      }
    }
    if (!whole) return source;
    if (verify) await this.keep(file.sha256, whole.bytes);
    return memorySource(whole.bytes, name);
  }

  /** In the background: the model can run before the browser has written 98 MB, and loads faster while it does not. */
  private async keep(sha256: string, bytes: Uint8Array): Promise<void> {
    const { later = (work) => work(), onWarning } = this.options;
    if (!this.cache || this.hasNoRoom) return;
    this.plannedBytes += bytes.length;
    const warning = await this.cache.lacksRoom(this.plannedBytes);
    if (!warning) return later(() => void this.cache!.store(sha256, bytes));
    if (!this.hasNoRoom) onWarning?.(warning);
    this.hasNoRoom = true;
  }
}

const REPAIR = 'Reload the page; if it happens again, restore the folder public/models from the repository.';
