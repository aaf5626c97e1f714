/** What a text of the repository points to is there: relative links, and paths that begin with ../ in cards and readmes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../scripts/setup.mjs';

const FOLDERS = ['benchmarks', 'cli', 'docs', 'e2e', 'public', 'scripts', 'src', 'tests', 'workers'];
const below = (folder: string) =>
  readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
    join(folder, file),
  );
const texts = [...readdirSync(projectRoot), ...FOLDERS.flatMap(below)].filter((file) => file.endsWith('.md'));

function pathsIn(text: string): string[] {
  const linked = [...text.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, path]) => path!);
  // Without the full stop that ends a sentence.
  const written = [...text.matchAll(/(?<=^|[\s`(])\.\.\/[\w./-]*\w/gm)].map(([path]) => path);
  return [...new Set([...linked, ...written])];
}

test('the texts are found, and so are paths in them', () => {
  expect(texts).toContain('README.md');
  expect(texts.length).toBeGreaterThan(8);
  expect(pathsIn('see [x](docs/a.md#b), ../c/d.json. And https://e/../f, [g](https://h)')).toEqual([
    'docs/a.md',
    '../c/d.json',
  ]);
});

test.each(texts)('%s', (file) => {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const missing = pathsIn(text).filter((path) => !existsSync(join(projectRoot, dirname(file), path)));
  expect(missing).toEqual([]);
});
