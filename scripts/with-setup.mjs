/**
 * Runs a command of node_modules/.bin after making sure that it is installed: `node scripts/with-setup.mjs tsx file.ts`.
 * Used by package.json scripts that should work on a fresh clone.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, exitCode, projectRoot, runScript, SetupError } from './setup.mjs';

await runScript(async () => {
  const [command, ...args] = process.argv.slice(2);
  if (!command) throw new SetupError('Usage: node scripts/with-setup.mjs COMMAND [ARGUMENT…]');
  await ensureInstalled();
  const isWindows = process.platform === 'win32';
  const file = join(projectRoot, 'node_modules', '.bin', isWindows ? `${command}.cmd` : command);
  return exitCode(spawn(file, args, { cwd: projectRoot, shell: isWindows, stdio: 'inherit' }));
});
