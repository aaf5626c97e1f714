/**
 * Repositories of the Hugging Face hub (or of a mirror with the same paths) as FileSets.
 * Listing: GET /api/models/{repo}/tree/{revision}?recursive=true, pages linked by the Link header.
 * Files: GET /{repo}/resolve/{revision}/{path}. Nothing is contacted before a person asks for it.
 */
import { AppError } from './app-error.ts';
import type { FileSet } from './byte-source.ts';
import { encodePath, findUrl, type UrlOptions } from './url-files.ts';

export const HUB_ENDPOINT = 'https://huggingface.co';

export interface HubOptions extends UrlOptions {
  /** Default: the hub's own. */
  endpoint?: string;
  /** Branch, tag or commit. */
  revision?: string;
}

/** More pages than any model repository has; a server that links in circles must not keep us busy. */
const PAGE_LIMIT = 100;

export function hubFiles(repo: string, options: HubOptions = {}): FileSet {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(repo)) {
    throw new AppError('bad-input', `${repo} is not the name of a repository.`, 'Write it as "owner/name".');
  }
  const endpoint = (options.endpoint ?? HUB_ENDPOINT).replace(/\/+$/, '');
  const revision = encodeURIComponent(options.revision ?? 'main');
  return {
    name: repo,
    list: () => listTree(`${endpoint}/api/models/${repo}/tree/${revision}?recursive=true`, repo, options),
    open: async (path) => {
      const encoded = encodePath(path);
      const url = `${endpoint}/${repo}/resolve/${revision}/${encoded}`;
      return encoded === null ? null : findUrl(url, { ...options, name: path, refused: noRepository(repo) });
    },
  };
}

/** What is not there is refused with 401, as what is private: the hub does not tell which. */
const noRepository = (repo: string) => (status: number) =>
  new AppError(
    status === 404 || status === 401 ? 'not-found' : 'network',
    `The hub has no public repository ${repo} with this revision (HTTP ${status}).`,
    'Check the name and the revision; private and gated repositories can be opened from disk.',
  );

async function listTree(firstUrl: string, repo: string, { signal }: HubOptions): Promise<string[]> {
  const paths: string[] = [];
  let url: string | null = firstUrl;
  for (let page = 0; url && page < PAGE_LIMIT; page++) {
    let response: Response;
    let entries: unknown;
    try {
      response = await fetch(url, { signal });
      entries = response.ok ? await response.json() : null;
    } catch (error) {
      if (signal?.aborted) throw new AppError('cancelled', 'Loading was cancelled.');
      throw new AppError('network', `The hub did not answer for ${repo}.`, 'Check the connection.', {
        cause: error,
      });
    }
    if (!response.ok) throw noRepository(repo)(response.status);
    for (const entry of Array.isArray(entries) ? entries : []) {
      if (entry?.type === 'file' && typeof entry.path === 'string') paths.push(entry.path);
    }
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1];
    url = next ? new URL(next, url).href : null;
  }
  return paths;
}
