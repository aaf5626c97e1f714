/**
 * One HTTP request whose failures are words for people, and patience with servers that ask for it. Not here: what the
 * bytes are (url-files.ts), hubs (hub-files.ts), keeping what came (src/downloads).
 */
import type { AccessToken } from './access-token.ts';
import { AppError } from './app-error.ts';
import { throwIfCancelled } from './whole-file.ts';

export interface HttpOptions {
  signal?: AbortSignal;
  /** Goes to the server it was given for, and to no other. */
  token?: AccessToken;
  /** The error for a server that lets nobody in (HTTP 401, 403); default: the file is private or gated. */
  refused?: (status: number) => AppError;
}

/** A request that failed in a way that may pass. */
export class HttpError extends AppError {
  constructor(
    message: string,
    advice: string,
    /** 0: no answer, or one that broke off. */
    readonly status: number,
    /** What the server asked for (Retry-After), or null. */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super('network', message, advice, options);
  }

  /** The server is busy or the connection broke; a page that is not there will not come. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const CHECK = 'Check the address and the connection, then load it again.';

export function networkError(what: string, cause?: unknown): HttpError {
  return new HttpError(`${what}.`, CHECK, 0, null, { cause });
}

/** What a request may answer with besides success: the caller judges these. */
const JUDGED_BY_CALLER = [404, 416];

/** fetch whose failures are AppErrors; HTTP 404 and 416 come back for the caller to judge. */
export async function request(
  url: string,
  name: string,
  init: RequestInit,
  { signal, token, refused = privateFile(name, token) }: HttpOptions = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal, headers: { ...init.headers, ...token?.headersFor(url) } });
  } catch (error) {
    throwIfCancelled(signal);
    throw networkError(`${name} could not be loaded: the server did not answer`, error);
  }
  if (response.ok || JUDGED_BY_CALLER.includes(response.status)) return response;
  await response.body?.cancel();
  const { status } = response;
  if (status === 401 || status === 403) throw refused(status);
  if (status === 429) throw busy(name, waitAsked(response));
  throw new HttpError(`${name} could not be loaded (HTTP ${status}).`, CHECK, status, waitAsked(response));
}

function busy(name: string, retryAfterMs: number | null): HttpError {
  const seconds = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000);
  return new HttpError(
    `${name} could not be loaded: the server has had too many requests (HTTP 429).`,
    seconds === null
      ? 'Try again in a few minutes.'
      : `The server asks to wait ${seconds} s; try again then.`,
    429,
    retryAfterMs,
  );
}

const privateFile = (name: string, token?: AccessToken) => (status: number) =>
  new AppError(
    'network',
    `The server refuses ${name} (HTTP ${status}).`,
    token
      ? 'The access token does not open it: check it, and whether your account has been given access.'
      : 'The file is private or gated: give an access token of your account, or download it and open it from disk.',
  );

/** Retry-After in milliseconds: seconds or a date, by RFC 9110. Readable across origins only where the server says so. */
function waitAsked(response: Response): number | null {
  const text = response.headers.get('Retry-After');
  if (!text) return null;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

export interface Patience {
  /** How often a request is sent at most. */
  attempts: number;
  /** First wait; it doubles. Servers that name a time are given that. */
  firstWaitMs: number;
  /** Longer waits are for people to decide. */
  longestWaitMs: number;
}

export const PATIENCE: Patience = { attempts: 5, firstWaitMs: 500, longestWaitMs: 60_000 };

/** Runs `work` again while its failures may pass. The error of the last attempt is thrown as it is. */
export async function withPatience<T>(
  work: () => Promise<T>,
  signal?: AbortSignal,
  { attempts, firstWaitMs, longestWaitMs }: Patience = PATIENCE,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HttpError) || !error.mayPass || attempt >= attempts) throw error;
      const waitMs = error.retryAfterMs ?? firstWaitMs * 2 ** (attempt - 1);
      if (waitMs > longestWaitMs) throw error;
      await pause(waitMs, signal);
    }
  }
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
  throwIfCancelled(signal);
}

/** A server that sends nothing for so long has broken off. */
const SILENCE_LIMIT_MS = 30_000;

/** The body piece by piece. @throws HttpError where it breaks off or goes silent */
export async function readBody(
  response: Response,
  name: string,
  onChunk: (bytes: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
  silenceLimitMs = SILENCE_LIMIT_MS,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await orSilence(reader.read(), name, silenceLimitMs);
      if (done) return;
      await onChunk(value);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throwIfCancelled(signal);
    throw networkError(`The connection broke while ${name} was loading`, error);
  } finally {
    // An abandoned download must not go on in the background. A stream that hangs may never confirm that.
    void reader.cancel().catch(() => {});
  }
}

async function orSilence<T>(reading: Promise<T>, name: string, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    const error = networkError(`The server sent nothing of ${name} for ${limitMs / 1000} s`);
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
