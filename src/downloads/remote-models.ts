/** A model on a server, as its files by path: a repository of a hub, a folder under an address, one GGUF file. */
import type { AccessToken } from '@/model/access-token.ts';
import { AppError } from '@/model/app-error.ts';
import type { FileSet } from '@/model/byte-source.ts';
import type { HttpOptions } from '@/model/http.ts';
import { type HubEntry, type HubFileSet, hubFiles } from '@/model/hub-files.ts';
import { encodePath, nameOf } from '@/model/url-files.ts';
import type { Origin, RemoteSourceOfModel } from './record.ts';
import { type OpenedRemote, openRemote } from './remote-file.ts';

export interface RemoteModel {
  origin: Origin;
  /** The one GGUF file that was named, or null. */
  only: string | null;
  http: HttpOptions;
  /** null = there is no such file. */
  open(path: string): Promise<OpenedRemote | null>;
  /** Empty where the server lists nothing. */
  list(): Promise<string[]>;
}

export interface AccessOptions {
  signal?: AbortSignal;
  token?: AccessToken;
}

/** What an address is called by: a query may be a signature. */
export const withoutQuery = (url: string): string => url.replace(/[?#].*$/, '');

export const isGguf = (url: string): boolean => /\.gguf($|[?#])/i.test(url);

export function remoteModel(source: RemoteSourceOfModel, access: AccessOptions = {}): RemoteModel {
  if (source.kind === 'hub') return hubModel(source, access);
  return isGguf(source.url) ? urlFile(source, access) : urlFolder(source, access);
}

function hubModel(source: Extract<RemoteSourceOfModel, { kind: 'hub' }>, access: AccessOptions): RemoteModel {
  const { repo, revision, endpoint, file } = source;
  const files = hubFiles(repo, { ...access, revision, endpoint });
  // A mirror may have files and no list of them; what the hub says of a name that is wrong comes with the first file.
  const listed = () => files.entries().catch(nullWhereNotFound);
  return {
    origin: { label: repo, source },
    only: file ?? null,
    http: files.http,
    list: async () => (await listed())?.map(({ path }) => path) ?? (await files.list()),
    open: async (path) => {
      const entries = await listed();
      const entry = entries?.find((one) => one.path === path);
      if (entries && !entry) return null;
      return openHubFile(files, path, entry);
    },
  };
}

function openHubFile(files: HubFileSet, path: string, entry?: HubEntry): Promise<OpenedRemote | null> {
  const url = files.address(path);
  if (url === null) return Promise.resolve(null);
  const { sizeBytes = null, sha256 = null, version = null } = entry ?? {};
  return openRemote(url, path, files.http, sizeBytes === null ? null : { sizeBytes, sha256, version });
}

function nullWhereNotFound(error: unknown): null {
  if (error instanceof AppError && error.code === 'not-found') return null;
  throw error;
}

function urlFile(source: Extract<RemoteSourceOfModel, { kind: 'url' }>, http: AccessOptions): RemoteModel {
  const name = nameOf(source.url);
  return {
    origin: { label: withoutQuery(source.url), source },
    only: name,
    http,
    list: async () => [name],
    open: async (path) => (path === name ? openRemote(source.url, name, http) : null),
  };
}

function urlFolder(source: Extract<RemoteSourceOfModel, { kind: 'url' }>, http: AccessOptions): RemoteModel {
  const base = source.url.endsWith('/') ? source.url : `${source.url}/`;
  return {
    origin: { label: source.url, source },
    only: null,
    http,
    list: async () => [],
    open: async (path) => {
      const encoded = encodePath(path);
      return encoded === null ? null : openRemote(base + encoded, path, http);
    },
  };
}

/** As a FileSet that reads where it is asked to, for headers; `opened` collects what has to be closed. */
export function headersOnly(model: RemoteModel, opened: OpenedRemote[]): FileSet {
  return {
    name: model.origin.label,
    list: () => model.list(),
    open: async (path) => {
      const remote = await model.open(path);
      if (!remote) return null;
      opened.push(remote);
      return remote.source;
    },
  };
}
