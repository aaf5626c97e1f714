/**
 * `npm test`: sets up what it needs, then checks everything, one thing after the other; `npm test -- unit size` runs a
 * part. The last line counts: every test, and each of the other checks as one.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { appTarget, ensureBuilt, testPageTarget } from './build.mjs';
import { ensureBrowser } from './find-browser.mjs';
import { ensureInstalled, exitCode, projectRoot, runScript, SetupError } from './setup.mjs';

/** The whole run ends within 25 minutes; what has not ended by then is stopped and counts as failed. */
const DEADLINE_MS = Date.now() + 24.5 * 60_000;

/** @typedef {{ passed: number, failed: number, skipped?: number }} Tally */

/**
 * A command of the installed packages, run with this Node.
 * @param {string} script below node_modules
 * @param {string[]} args
 */
async function run(script, args) {
  const child = spawn(process.execPath, [join(projectRoot, 'node_modules', script), ...args], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  const timer = setTimeout(() => {
    console.error('Stopped: the time limit of the whole run is reached.');
    child.kill('SIGKILL');
  }, DEADLINE_MS - Date.now());
  const code = await exitCode(child);
  clearTimeout(timer);
  return code;
}

/** A check that counts as one. @param {boolean} ok @returns {Tally} */
const one = (ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1 });

/**
 * One group of vitest.config.ts, counted from its machine-readable report.
 * @param {string} project
 * @returns {Promise<Tally>}
 */
async function vitest(project) {
  const reportPath = join(projectRoot, '.cache', `vitest-${project}.json`);
  mkdirSync(join(projectRoot, '.cache'), { recursive: true });
  rmSync(reportPath, { force: true });
  const code = await run('vitest/vitest.mjs', [
    'run',
    `--project=${project}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
  ]);
  if (!existsSync(reportPath)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(reportPath, 'utf8'));
  const passed = Number(report.numPassedTests);
  // A file that could not even be loaded holds no failed test, yet has failed.
  const brokenFiles = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: { status: string }[] }} */ file) =>
      file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const failed = Number(report.numFailedTests) + brokenFiles;
  const skipped = Number(report.numPendingTests) + Number(report.numTodoTests);
  // An error outside of every test leaves the counts clean and the exit code not.
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}

/** @param {string} project */
async function vitestWithBrowser(project) {
  process.env.CHROMIUM_PATH = ensureBrowser();
  return vitest(project);
}

/** Checks in the order in which they run: cheap ones first. @type {Record<string, () => Promise<Tally>>} */
const checks = {
  types: async () => one((await run('typescript/bin/tsc', ['--noEmit'])) === 0),
  lint: async () => one((await run('@biomejs/biome/bin/biome', ['check', '.'])) === 0),
  build: async () => {
    await ensureBuilt(appTarget);
    return one(true);
  },
  size: async () => {
    await ensureBuilt(appTarget);
    return one((await run('../scripts/size.mjs', [])) === 0);
  },
  unit: () => vitest('unit'),
  parity: () => vitest('parity'),
  browser: async () => {
    await ensureBuilt(testPageTarget);
    return vitestWithBrowser('browser');
  },
  e2e: async () => {
    await ensureBuilt(appTarget);
    return vitestWithBrowser('e2e');
  },
};

await runScript(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in checks));
  if (unknown.length > 0)
    throw new SetupError(
      `There is no part called ${unknown.join(', ')}. Parts: ${Object.keys(checks).join(', ')}.`,
    );

  await ensureInstalled();
  let passed = 0;
  let failed = 0;
  const summary = [];
  for (const [name, check] of Object.entries(checks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n── ${name} ──`);
    const startMs = Date.now();
    /** @type {Tally} */
    let tally;
    try {
      tally = await check();
    } catch (error) {
      // One check that cannot be done must not hide the results of the others.
      console.error(error instanceof SetupError ? error.message : error);
      tally = one(false);
    }
    passed += tally.passed;
    failed += tally.failed;
    const seconds = ((Date.now() - startMs) / 1000).toFixed(0);
    const skipped = tally.skipped ? `, ${tally.skipped} skipped` : '';
    summary.push(`${name.padEnd(8)} ${tally.passed} passed, ${tally.failed} failed${skipped} (${seconds} s)`);
  }
  console.log(`\n${summary.join('\n')}\n\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
