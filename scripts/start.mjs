/**
 * `npm start`: from a fresh clone to the page in a browser. Installs, builds and serves, each only when needed.
 * Plain Node until the packages are there. Options: --no-open, --port N, --host ADDRESS.
 */
import { spawn } from 'node:child_process';
// Not by name: a missing export of an old Node would fail before it can be told that it is too old.
import util from 'node:util';
import { appTarget, ensureBuilt } from './build.mjs';
import { ensureInstalled, runScript, SetupError } from './setup.mjs';

const usage = `npm start -- [options]
  --no-open        do not open the browser
  --port NUMBER    serve on exactly this port (default: the first free one from 4173)
  --host ADDRESS   serve on this address (default: 127.0.0.1, this machine alone)`;

function readOptions() {
  try {
    const { values } = util.parseArgs({
      options: {
        'no-open': { type: 'boolean', default: false },
        port: { type: 'string' },
        host: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
      throw new Error(`--port takes a number from 1 to 65535, not "${values.port}".`);
    return { open: !values['no-open'], port, host: values.host, help: values.help };
  } catch (error) {
    throw new SetupError(`${/** @type {Error} */ (error).message}\n\n${usage}`);
  }
}

/** The system's way to open an address, or null where nobody sits in front of a screen. */
function browserOpener() {
  if (process.env.CI || process.env.SSH_CONNECTION) return null;
  switch (process.platform) {
    case 'darwin':
      return { file: 'open', args: [] };
    case 'win32':
      return { file: 'cmd', args: ['/c', 'start', ''] };
    default:
      return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? { file: 'xdg-open', args: [] } : null;
  }
}

/** @param {string} url */
function openBrowser(url) {
  const opener = browserOpener();
  if (!opener) return;
  const child = spawn(opener.file, [...opener.args, url], { stdio: 'ignore', detached: true });
  // No opener installed is no reason to stop serving: the address stands on the screen.
  child.once('error', () => {});
  child.unref();
}

await runScript(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  await ensureInstalled();
  if (await ensureBuilt(appTarget)) console.log('Built the page.');
  // Imported only now: it needs the packages.
  const { appMounts, serve } = await import('./serve.mjs');
  const server = await serve({ mounts: appMounts, port: options.port, host: options.host });
  console.log(`\nStratascope is at ${server.url}\nPress Ctrl+C to stop.`);
  if (options.open) openBrowser(server.url);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
});
