/**
 * Builds with Vite only when something that goes into the build has changed: a hash over the content of the inputs is
 * kept in .cache/. Not a bundler configuration (vite.config.ts), and no clean-up of anything but its own output.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, projectRoot, SetupError } from './setup.mjs';

/** @typedef {{ name: string, config: string, output: string, inputs: string[] }} BuildTarget */

/** The page that people see. @type {BuildTarget} */
export const appTarget = {
  name: 'app',
  config: 'vite.config.ts',
  output: 'dist',
  inputs: [
    'src',
    'workers',
    'index.html',
    'vite.config.ts',
    'scripts/ort-wasm',
    'tsconfig.json',
    'package-lock.json',
  ],
};

/** The entry page of the browser tests; never shipped. @type {BuildTarget} */
export const testPageTarget = {
  name: 'test-page',
  config: 'tests/browser/vite.config.ts',
  output: 'dist-test',
  inputs: [
    ...appTarget.inputs.filter((path) => path !== 'index.html'),
    'tests/browser/page',
    'tests/browser/vite.config.ts',
    'tests/parity',
  ],
};

/**
 * Every file below `path`, sorted, so that the hash does not depend on the file system's order. Tests are left out: they
 * are no part of a build.
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(path) {
  const absolute = join(projectRoot, path);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [path];
  return readdirSync(absolute)
    .sort()
    .flatMap((name) => filesBelow(`${path}/${name}`))
    .filter((file) => !/\.test\.tsx?$/.test(file));
}

/** @param {BuildTarget} target */
function hashInputs(target) {
  const hash = createHash('sha256');
  for (const path of target.inputs.flatMap(filesBelow)) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(projectRoot, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * Builds `target` if needed. Resolves to whether it did.
 * @param {BuildTarget} target
 * @param {{ force?: boolean }} [options]
 */
export async function ensureBuilt(target, { force = false } = {}) {
  const stampPath = join(projectRoot, '.cache', `build-${target.name}.sha256`);
  const hash = hashInputs(target);
  const isFresh =
    existsSync(join(projectRoot, target.output, 'index.html')) &&
    existsSync(stampPath) &&
    readFileSync(stampPath, 'utf8') === hash;
  if (isFresh && !force) return false;

  // The stamp goes first: an interrupted build must not look finished.
  rmSync(stampPath, { force: true });
  const vite = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--config', target.config, '--logLevel', 'warn'], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  if ((await exitCode(child)) !== 0)
    throw new SetupError(`Building the ${target.name} failed; the messages above say where.`);
  mkdirSync(join(projectRoot, '.cache'), { recursive: true });
  writeFileSync(stampPath, hash);
  return true;
}
