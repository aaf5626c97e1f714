/**
 * What every script needs before it can do its work: a Node that is new enough, and the packages of package-lock.json.
 * Plain Node, no dependency: this file runs on a fresh clone before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Vite 8 and the rest of the toolchain start here; keep equal to "engines" in package.json. */
const MINIMUM_NODE = /** @type {const} */ ([20, 19]);

/** A sentence for a person instead of a stack trace: what happened, what to do next. */
export class SetupError extends Error {}

/** @param {string} [version] "20.19.0" */
export function assertNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new SetupError(
    `This is Node ${version}; Stratascope needs Node ${wantedMajor}.${wantedMinor} or newer.\n` +
      'Install the current LTS from https://nodejs.org and run the command again.',
  );
}

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 * @param {string} path
 * @returns {Record<string, LockedPackage> | null}
 */
function readPackages(path) {
  if (!existsSync(path)) return null;
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/**
 * True when node_modules holds what the lock file asks for. npm writes node_modules/.package-lock.json as the very last
 * step of an installation, so an interrupted one, an older lock and a missing folder all read as "not installed".
 */
export function isInstalled(root = projectRoot) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true;
    const found = present[path];
    // Optional packages of other platforms are rightly absent.
    return found ? found.version === version : optional === true;
  });
}

/**
 * npm's own entry point where npm started us (works the same on every system), else `npm` from the path.
 * @param {string[]} args
 */
function npmCommand(args) {
  const entry = process.env.npm_execpath;
  if (entry && /npm-cli\.[cm]?js$/.test(entry))
    return { file: process.execPath, args: [entry, ...args], shell: false };
  const isWindows = process.platform === 'win32';
  return { file: isWindows ? 'npm.cmd' : 'npm', args, shell: isWindows };
}

/** @param {string} output what npm wrote to stderr */
function explainNpmFailure(output) {
  if (
    /E(AI_AGAIN|NOTFOUND|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH)|ETIMEOUT|network/i.test(
      output,
    )
  )
    return 'npm could not reach its registry. Check the network (or proxy, or "npm config get registry") and run the command again.';
  if (/ENOSPC/.test(output))
    return 'The disk is full: the packages need about 800 MB. Free some space and run the command again.';
  if (/EACCES|EPERM/.test(output))
    return 'npm may not write into this folder. Give yourself the rights to it, or clone it elsewhere, and run the command again.';
  return 'The packages could not be installed; npm says why above. Delete node_modules and run the command again.';
}

/** Installs the locked packages unless they are there. Says so, because it takes a minute. */
export async function ensureInstalled(root = projectRoot) {
  if (isInstalled(root)) return;
  console.log('Installing packages (only the first time and after updates, about a minute) …');
  const { file, args, shell } = npmCommand([
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  const child = spawn(file, args, { cwd: root, shell, stdio: ['ignore', 'inherit', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
    process.stderr.write(chunk);
  });
  const code = await exitCode(child);
  if (code !== 0) throw new SetupError(explainNpmFailure(errors));
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} 1 where it ended by a signal or never started
 */
export function exitCode(child) {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Entry point of every script: runs it, turns SetupError into one plain sentence and a failing exit code.
 * @param {() => Promise<number | void>} main
 */
export async function runScript(main) {
  try {
    assertNode();
    const code = await main();
    if (code) process.exitCode = code;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
