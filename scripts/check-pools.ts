/**
 * Reports on the shipped prompts: counts, verbs, lengths, and every broken promise. Exit code 1 where there is one.
 *   npx tsx scripts/check-pools.ts
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { meanWords, poolProblems } from '../src/data/pool-rules.ts';
import { BUNDLED_POOL_IDS, loadBundledPools } from '../src/data/pools.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'public', 'data');
const pools = await loadBundledPools((file) => readFile(join(folder, file), 'utf8'));
const training = (await readFile(join(folder, 'training', 'alignment.jsonl'), 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line) => (JSON.parse(line) as { prompt: string }).prompt);

for (const pool of BUNDLED_POOL_IDS) {
  const words = meanWords(pools[pool].map(({ text }) => text)).toFixed(1);
  const groups = new Set(pools[pool].map(({ group, category }) => group ?? category)).size;
  console.log(
    `${pool.padEnd(18)} ${String(pools[pool].length).padStart(4)} prompts, ${words} words, ${groups} groups`,
  );
}
const problems = poolProblems(pools, training);
for (const problem of problems) console.error(problem);
console.log(`${training.length} training rows compared; ${problems.length} problems.`);
process.exitCode = problems.length > 0 ? 1 : 0;
