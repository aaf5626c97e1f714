/** The README states what the recorded runs say, and nothing else. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withResults } from './results-table.ts';

it('the results in the README are those of the recorded runs and the manifest', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(readme).toBe(withResults(readme));
});
