/**
 * Finds a Chromium that starts, or gets one. For tests and benchmarks; the product itself needs no browser of its own.
 * `findBrowser` only looks; `ensureBrowser` also installs (Debian's package as root, else Playwright's build).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot, runScript, SetupError } from './setup.mjs';

const namesOnPath = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'google-chrome-beta',
  'chrome',
  'microsoft-edge',
];

function* candidatesOnPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of namesOnPath) yield join(folder, name);
}

function* candidatesByPlace() {
  yield '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  yield '/Applications/Chromium.app/Contents/MacOS/Chromium';
  yield '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge';
  for (const root of [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]) {
    if (!root) continue;
    yield join(root, 'Google', 'Chrome', 'Application', 'chrome.exe');
    yield join(root, 'Microsoft', 'Edge', 'Application', 'msedge.exe');
  }
}

/** Builds that some Playwright downloaded earlier, newest first. */
function* candidatesOfPlaywright() {
  const places = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(homedir(), '.cache', 'ms-playwright'),
    join(homedir(), 'Library', 'Caches', 'ms-playwright'),
    process.env.LOCALAPPDATA && join(process.env.LOCALAPPDATA, 'ms-playwright'),
  ];
  for (const place of places) {
    if (!place || !existsSync(place)) continue;
    const builds = readdirSync(place).filter((name) => /^chromium-\d+$/.test(name));
    builds.sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)));
    for (const build of builds) {
      for (const folder of ['chrome-linux', 'chrome-linux64']) yield join(place, build, folder, 'chrome');
      for (const folder of ['chrome-win', 'chrome-win64']) yield join(place, build, folder, 'chrome.exe');
      for (const folder of ['chrome-mac', 'chrome-mac-x64', 'chrome-mac-arm64'])
        for (const name of ['Chromium', 'Google Chrome for Testing'])
          yield join(place, build, folder, `${name}.app`, 'Contents', 'MacOS', name);
    }
  }
}

/**
 * Whether it runs at all: a downloaded build without its system libraries exists but does not start, and some
 * distributions put a script there that only says how to install a browser.
 * @param {string} path
 */
function starts(path) {
  if (!existsSync(path)) return false;
  // On Windows `--version` opens a window instead of answering.
  if (process.platform === 'win32') return true;
  const result = spawnSync(path, ['--version'], { timeout: 20_000, encoding: 'utf8' });
  return result.status === 0 && /\d+\.\d+/.test(result.stdout);
}

/** @returns {string | null} path of a browser that starts */
export function findBrowser() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (starts(chosen)) return chosen;
    throw new SetupError(`CHROMIUM_PATH is ${chosen}, which does not start. Correct it or unset it.`);
  }
  for (const candidates of [candidatesOnPath, candidatesByPlace, candidatesOfPlaywright]) {
    for (const path of candidates()) if (starts(path)) return path;
  }
  return null;
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {number} timeoutMs
 */
function attempt(file, args, timeoutMs) {
  console.log(`  ${file} ${args.join(' ')}`);
  const result = spawnSync(file, args, {
    cwd: projectRoot,
    timeout: timeoutMs,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return result.status === 0;
}

/** Debian's package brings the libraries it needs along. Ubuntu's of that name is a snap, which no container runs. */
function installFromDebian() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release')) return;
  if (!/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return;
  // A failed update may still leave usable lists.
  attempt('apt-get', ['update', '-qq'], 180_000);
  attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], 420_000);
}

function installFromPlaywright() {
  const cli = join(projectRoot, 'node_modules', 'playwright-core', 'cli.js');
  const withLibraries = process.getuid?.() === 0 ? ['--with-deps'] : [];
  if (existsSync(cli))
    attempt(
      process.execPath,
      [cli, 'install', '--no-shell', '--no-progress', ...withLibraries, 'chromium'],
      300_000,
    );
}

/** @returns {string} path of a browser that starts; throws a sentence where there is none and none could be had */
export function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  console.log('No Chromium found; installing one …');
  for (const install of [installFromDebian, installFromPlaywright]) {
    install();
    const path = findBrowser();
    if (path) return path;
  }
  throw new SetupError(
    'The browser tests need Chromium or Chrome, and none could be found or installed.\n' +
      'Install one, or set CHROMIUM_PATH to its executable, and run the command again.',
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runScript(async () => console.log(ensureBrowser()));
}
