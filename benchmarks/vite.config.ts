/** Builds benchmarks/page into dist-bench/ the way the shipped page is built. Never shipped. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { sharedConfig } from '../vite.config.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const shared = sharedConfig();

export default defineConfig({
  ...shared,
  root: here('./page'),
  publicDir: false,
  build: { ...shared.build, outDir: here('../dist-bench'), emptyOutDir: true },
});
