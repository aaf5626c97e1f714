#!/usr/bin/env node
// Entry of `npx stratascope`: lets Node read TypeScript through tsx, then hands over to main.ts. Nothing else.
import { fileURLToPath } from 'node:url';

try {
  const { register } = await import('tsx/esm/api');
  register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
} catch (error) {
  if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write(
    'stratascope: its packages are not installed. Run "npm install" in the repository first.\n',
  );
  process.exit(5);
}

const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
