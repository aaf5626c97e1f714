/**
 * The static server of the built page: cross-origin isolated (WASM threads need it), byte ranges (weights are read in
 * pieces), several folders under one address so that 100 MB of models need not be copied into the build.
 * Importable: `npm start`, the browser tests and the benchmarks use the same one. Needs installed packages.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import serveStatic from 'serve-static';
import { projectRoot, SetupError } from './setup.mjs';

/** What makes `crossOriginIsolated` true; the same for `npm run dev` (vite.config.ts). */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * What the page may do, whatever a file brings into it. Scripts, workers and styles come from this server alone; text is never
 * run as code, WebAssembly apart. Requests may go to any https address and to this machine, because a person names hubs and
 * addresses freely: that no other is asked is the page's own doing, and tested (e2e/safety.test.ts). blob: and data: hold
 * figures, downloads and the threads of ONNX Runtime; inline styles are set by the widgets' library.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:* blob: data:",
  "form-action 'none'",
  "base-uri 'none'",
];

/** As a meta element can hold it, for hosts that send no headers (vite.config.ts). */
export const metaPolicy = policy.join('; ');

/** Sent with everything, since a worker has the policy of its own script's answer. */
export const safetyHeaders = {
  // In a meta element this one would be ignored.
  'Content-Security-Policy': [...policy, "frame-ancestors 'none'"].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** @typedef {{ prefix: string, folder: string }} Mount folder relative to the project, prefix like "/fixtures" or "/" */

/** The shipped page. @type {Mount[]} */
export const appMounts = [
  { prefix: '/', folder: 'dist' },
  { prefix: '/', folder: 'public' },
];

/** The browser tests' page with the fixtures they compare with. @type {Mount[]} */
export const testPageMounts = [
  { prefix: '/', folder: 'dist-test' },
  { prefix: '/fixtures', folder: 'tests/fixtures' },
  { prefix: '/', folder: 'public' },
];

/** @param {Mount[]} mounts */
function createHandler(mounts) {
  const handlers = mounts.map(({ prefix, folder }) => ({
    prefix: prefix === '/' ? '' : prefix,
    handle: serveStatic(join(projectRoot, folder), {
      redirect: false,
      dotfiles: 'ignore',
      // Hashed names never change their content; everything else is asked for again (a 304 costs nothing here).
      setHeaders: (response, path) => {
        const isHashed = /[\\/]assets[\\/]/.test(path);
        response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  }));

  /** @type {import('node:http').RequestListener} */
  return (request, response) => {
    const headers = { ...isolationHeaders, ...safetyHeaders };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const url = request.url ?? '/';
    const candidates = handlers.filter(({ prefix }) => url === prefix || url.startsWith(`${prefix}/`));

    /** @param {number} index @param {{ status?: number }} [error] */
    const tryFrom = (index, error) => {
      const candidate = candidates[index];
      if (error || !candidate) {
        const status = error ? (error.status ?? 500) : 404;
        response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
        response.end(`${status} ${url}\n`);
        return;
      }
      request.url = url.slice(candidate.prefix.length);
      candidate.handle(request, response, (/** @type {{ status?: number } | undefined} */ reason) =>
        tryFrom(index + 1, reason),
      );
    };
    tryFrom(0);
  };
}

/** How many ports after the preferred one are tried before the system picks any. */
const NEIGHBOUR_PORTS = 20;

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<string | null>} null, or the error code
 */
function listen(server, port, host) {
  return new Promise((resolve) => {
    /** @param {NodeJS.ErrnoException} error */
    const onError = (error) => resolve(error.code ?? error.message);
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(null);
    });
  });
}

/**
 * Starts serving.
 * @param {object} options
 * @param {Mount[]} options.mounts earlier ones win
 * @param {number} [options.port] exactly this one; left out: the first free one from 4173
 * @param {string} [options.host] default is this machine alone
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
export async function serve({ mounts, port, host = '127.0.0.1' }) {
  const server = createServer(createHandler(mounts));
  const neighbours = Array.from({ length: NEIGHBOUR_PORTS }, (_, step) => 4173 + step);
  const ports = port === undefined ? [...neighbours, 0] : [port];
  let failure = null;
  for (const candidate of ports) {
    failure = await listen(server, candidate, host);
    if (failure === null) break;
  }
  if (failure !== null) {
    const reasons = /** @type {Record<string, string>} */ ({
      EADDRINUSE: `Port ${port} is in use. Choose another with --port, or leave it out to have a free one found.`,
      EACCES: `Port ${port} may not be opened by this user. Choose one above 1023 with --port.`,
      EADDRNOTAVAIL: `This machine has no address ${host}. Leave --host out to serve this machine alone.`,
    });
    throw new SetupError(reasons[failure] ?? `No port could be opened (${failure}).`);
  }
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port: address.port,
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
