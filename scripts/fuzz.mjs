/**
 * `npm run fuzz`: the damaged files of tests/model/fuzz.test.ts, many times as many and under a new seed.
 * Options: the factor (default 20) and the seed, e.g. `npm run fuzz -- 100 7`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, exitCode, projectRoot, runScript } from './setup.mjs';

await runScript(async () => {
  await ensureInstalled();
  const [factor = '20', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
  console.log(`${factor} times the cases of npm test, seed ${seed}`);
  const child = spawn(
    process.execPath,
    [
      join(projectRoot, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project=parity',
      // Each test takes as long as it has cases.
      '--testTimeout=36000000',
      'tests/model/fuzz.test.ts',
    ],
    { cwd: projectRoot, stdio: 'inherit', env: { ...process.env, FUZZ_FACTOR: factor, FUZZ_SEED: seed } },
  );
  return exitCode(child);
});
