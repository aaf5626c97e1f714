/**
 * Repositories of the Hugging Face hub (or of a mirror with the same paths) as FileSets.
 * Listing: GET /api/models/{repo}/tree/{revision}?recursive=true, pages linked by the Link header.
 * Files: GET /{repo}/resolve/{revision}/{path}. Nothing is contacted before a person asks for it.
 */
import type { AccessToken } from './access-token.ts';
import { AppError } from './app-error.ts';
import type { FileSet } from './byte-source.ts';
import { type HttpOptions, networkError, request } from './http.ts';
import { encodePath, findUrl, type UrlOptions } from './url-files.ts';

export const HUB_ENDPOINT = 'https://huggingface.co';

export interface HubOptions extends UrlOptions {
  /** Default: the hub's own. */
  endpoint?: string;
  /** Branch, tag or commit. */
  revision?: string;
}

/** What the listing says of a file. */
export interface HubEntry {
  path: string;
  /** null where a mirror leaves it out. */
  sizeBytes: number | null;
  /** Of large files (LFS), whose object ids are hashes of their content. */
  sha256: string | null;
  /** Object id of this version, or null. */
  version: string | null;
}

export interface HubFileSet extends FileSet {
  entries(): Promise<HubEntry[]>;
  /** Address of a file, or null for a path that leads out of the repository. */
  address(path: string): string | null;
  /** For requests of this repository: its refusals in words. */
  http: HttpOptions;
}

/** More pages than any model repository has; a server that links in circles must not keep us busy. */
const PAGE_LIMIT = 100;

export function hubFiles(repo: string, options: HubOptions = {}): HubFileSet {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(repo) || repo.split('/').some((part) => /^\.+$/.test(part))) {
    throw new AppError('bad-input', `${repo} is not the name of a repository.`, 'Write it as "owner/name".');
  }
  const endpoint = (options.endpoint ?? HUB_ENDPOINT).replace(/\/+$/, '');
  const revision = encodeURIComponent(options.revision ?? 'main');
  const http = { signal: options.signal, token: options.token, refused: noRepository(repo, options.token) };
  let listed: Promise<HubEntry[]> | null = null;
  const entries = () => {
    listed ??= listTree(`${endpoint}/api/models/${repo}/tree/${revision}?recursive=true`, repo, http);
    return listed;
  };
  const address = (path: string) => {
    const encoded = encodePath(path);
    return encoded === null ? null : `${endpoint}/${repo}/resolve/${revision}/${encoded}`;
  };
  return {
    name: repo,
    http,
    entries,
    address,
    list: async () => (await entries()).map(({ path }) => path),
    open: async (path) => {
      const url = address(path);
      return url === null ? null : findUrl(url, { ...options, ...http, name: path });
    },
  };
}

/** What is not there is refused with 401, as what is private: the hub does not tell which. */
const noRepository = (repo: string, token?: AccessToken) => (status: number) => {
  if (status === 403) {
    return new AppError(
      'network',
      `The hub does not let ${token ? 'your account' : 'everyone'} read ${repo} (HTTP 403).`,
      'It is gated: accept its terms on the hub’s page of it with your account, then give an access token of that account.',
    );
  }
  if (token) {
    return new AppError(
      'not-found',
      `The hub has no repository ${repo} with this revision that the access token opens (HTTP ${status}).`,
      'Check the name, the revision and the token.',
    );
  }
  return new AppError(
    status === 404 || status === 401 ? 'not-found' : 'network',
    `The hub has no public repository ${repo} with this revision (HTTP ${status}).`,
    'Check the name and the revision; a private or gated one needs an access token of your account, or can be opened from disk.',
  );
};

async function listTree(firstUrl: string, repo: string, http: HttpOptions): Promise<HubEntry[]> {
  const found: HubEntry[] = [];
  let url: string | null = firstUrl;
  for (let page = 0; url && page < PAGE_LIMIT; page++) {
    const response: Response = await request(url, `the list of files of ${repo}`, {}, http);
    if (!response.ok) throw noRepository(repo, http.token)(response.status);
    let entries: unknown;
    try {
      entries = await response.json();
    } catch (error) {
      throw networkError(`The list of files of ${repo} is no list`, error);
    }
    for (const entry of Array.isArray(entries) ? entries : []) {
      const read = readEntry(entry);
      if (read) found.push(read);
    }
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1];
    url = next ? new URL(next, url).href : null;
    // The next page is the same server's, or it is none.
    if (url && new URL(url).origin !== new URL(firstUrl).origin) url = null;
  }
  return found;
}

function readEntry(entry: unknown): HubEntry | null {
  const { type, path, size, oid, lfs } = (entry ?? {}) as Record<string, unknown>;
  if (type !== 'file' || typeof path !== 'string') return null;
  const { oid: lfsId, size: lfsSize } = (lfs ?? {}) as Record<string, unknown>;
  const bytes = lfsSize ?? size;
  const sha256 = typeof lfsId === 'string' && /^[0-9a-f]{64}$/.test(lfsId) ? lfsId : null;
  return {
    path,
    sizeBytes: Number.isSafeInteger(bytes) && (bytes as number) >= 0 ? (bytes as number) : null,
    sha256,
    version: sha256 ?? (typeof oid === 'string' ? oid : null),
  };
}
