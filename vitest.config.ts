/**
 * Four groups of tests, run one after the other by scripts/test.mjs and by name with `npx vitest run --project NAME`.
 * Node alone for `unit` and `parity`; `browser` and `e2e` drive a real Chromium through tests/browser/harness.ts.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One test file at a time: these suites use every core themselves. */
const alone = { fileParallelism: false, maxWorkers: 1 };

/** Needs Chromium and the built test page, wherever it lies below tests/. */
const inBrowser = ['tests/browser/**/*.test.ts', 'tests/**/*browser*.test.ts'];

export default defineConfig({
  define: { APP_VERSION: JSON.stringify('test') },
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,workers,scripts}/**/*.test.{ts,tsx}', 'tests/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'parity',
          include: ['tests/*/**/*.test.ts', 'cli/**/*.test.ts', 'benchmarks/**/*.test.ts'],
          exclude: inBrowser,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          ...alone,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: inBrowser,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...alone,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...alone,
        },
      },
    ],
  },
});
