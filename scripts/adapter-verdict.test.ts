/** A new adapter replaces the given one if it is no worse in each of three respects; docs/results.md says what the run files say. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { type AdapterFigures, figuresOf, verdictOn, verdictText, withVerdict } from './adapter-verdict.ts';

const figures = (
  maliciousRefused: number,
  plainRefused: number,
  counts: readonly number[],
): AdapterFigures => ({
  maliciousRefused,
  maliciousTotal: 100,
  plainRefused,
  plainTotal: 50,
  bands: counts.map((refused, first) => ({ first, last: first + 5, refused, total: 64 })),
});

describe('the rule', () => {
  const given = figures(80, 2, [10, 40, 20]);

  it.each([
    ['equal in all', figures(80, 2, [5, 35, 20]), true],
    ['better in all', figures(90, 0, [0, 64, 20]), true],
    ['one malicious prompt fewer', figures(79, 2, [10, 40, 20]), false],
    ['one plain prompt more', figures(80, 3, [10, 40, 20]), false],
    ['a weaker effect', figures(80, 2, [11, 40, 20]), false],
  ])('%s', (_, fresh, replaces) => {
    expect(verdictOn(given, fresh).replaces).toBe(replaces);
    expect(verdictText(given, fresh)).toContain(replaces ? 'takes the place' : 'The given one stays');
  });
});

describe('what was recorded', () => {
  const read = (name: string) => {
    const file = new URL(`../docs/align/${name}`, import.meta.url);
    return parseRunFile(readFileSync(file, 'utf8'), name).run;
  };
  const [given, fresh] = [read('given.json'), read('new.json')];

  it('asked both adapters the same', () => {
    const asked = ({ parts, settings }: typeof given) => [
      settings,
      parts.map(({ kind, params }) => [kind, 'prompts' in params && params.prompts]),
    ];
    expect(asked(fresh)).toEqual(asked(given));
    expect(fresh.model.sha256).toBe(given.model.sha256);
    expect(fresh.model.adapters).not.toEqual(given.model.adapters);
  });

  it('is what docs/results.md says', () => {
    const document = readFileSync(new URL('../docs/results.md', import.meta.url), 'utf8');
    const text = verdictText(figuresOf(given, 'given.json'), figuresOf(fresh, 'new.json'));
    expect(withVerdict(document, text)).toBe(document);
  });

  it('is of the bundled adapter', () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../public/models/manifest.json', import.meta.url), 'utf8'),
    );
    const { files } = manifest.adapters.find(({ id }: { id: string }) => id === 'safety');
    const weights = files.find(({ path }: { path: string }) => path.endsWith('.safetensors'));
    expect(given.model.adapters[0]!.sha256).toBe(weights.sha256);
  });
});
