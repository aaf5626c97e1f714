/** Notebook and arrays of a run. Python executes the first in scripts/check-notebook.ts; here is what needs none. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { runNotebook } from './notebook.ts';
import { runArrays } from './run-arrays.ts';
import { countPart, PROMPTS, sampleRun } from './testing/sample-run.ts';

const recorded = () =>
  parseRunFile(
    readFileSync(new URL('../../public/recorded/aligned.json', import.meta.url), 'utf8'),
    'aligned.json',
  ).run;

const text = ({ source }: { source: string[] }) => source.join('');

/** The data that the notebook carries, as Python would read it from the raw string. */
function dataOf(notebook: ReturnType<typeof runNotebook>) {
  const cell = notebook.cells.map(text).find((source) => source.startsWith('RUN = '))!;
  const [, json] = /^RUN = json\.loads\(r'''([\s\S]*)'''\)$/.exec(cell)!;
  // What would end a raw string early.
  expect(json).not.toContain("'");
  return JSON.parse(json!);
}

describe('runNotebook', () => {
  it('is nbformat 4.5: every cell has an id of its own, code cells have no output yet', () => {
    const { nbformat, nbformat_minor, cells } = runNotebook(recorded(), 'aligned.json');
    expect([nbformat, nbformat_minor]).toEqual([4, 5]);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    for (const cell of cells) {
      expect(cell.id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect('outputs' in cell).toBe(cell.cell_type === 'code');
      // Every line but the last keeps its line end.
      expect(cell.source.slice(0, -1).every((line) => line.endsWith('\n'))).toBe(true);
      expect(cell.source.at(-1)).not.toMatch(/\n$/);
    }
  });

  it('carries every exact count with its prompts in their order, and the numbers to stand beside', () => {
    const run = recorded();
    const data = dataOf(runNotebook(run, 'aligned.json'));
    const counts = run.parts.filter((part) => part.kind === 'count');
    expect(data.count).toHaveLength(counts.length);
    for (const [at, part] of counts.entries()) {
      const [{ pool, indices }] = data.count[at].prompts;
      const texts = indices.map((index: number) => data.pools[pool][index].text);
      expect(texts).toEqual(part.params.prompts.map(({ text }) => text));
      expect(data.count[at].recorded.refused).toBe(part.result.refused);
      expect(data.count[at].answers).toEqual(
        part.params.prompts.map(
          (_, index) => part.result.outcomes.find((one) => one.index === index)!.answer,
        ),
      );
    }
    expect(data.similarity[0].curves.nn).toHaveLength(30);
    expect(data.bandScan).toHaveLength(2);
  });

  it('has only the experiments that the run has, and keeps quotes and backslashes of prompts', () => {
    const odd = [{ id: 'q', text: `Say "it's" \\ '''then''' \\n stop\\` }, ...PROMPTS];
    const run = sampleRun([countPart(['refused'], 'odd', odd.slice(0, 1))], {
      pools: { 'over-rejection': odd },
    });
    const notebook = runNotebook(run, 'odd.json');
    expect(dataOf(notebook).pools['over-rejection'][0].text).toBe(odd[0]!.text);
    const code = notebook.cells.map(text).join('\n');
    expect(code).toContain('def classify');
    expect(code).not.toContain('def curves');
    expect(code).toContain('ADAPTERS = {"safety": "safety"}');
  });

  it('puts prompts of several pools into one of their own', () => {
    const mixed = [PROMPTS[0]!, { id: 'm', text: 'other' }];
    const pools = { 'over-rejection': PROMPTS, malicious: [mixed[1]!] };
    const run = sampleRun([countPart(['refused', 'answered'], 'mixed', mixed)], { pools });
    const data = dataOf(runNotebook(run, 'mixed.json'));
    const [{ pool }] = data.count[0].prompts;
    expect(data.pools[pool].map(({ text }: { text: string }) => text)).toEqual(mixed.map(({ text }) => text));
  });
});

describe('runArrays', () => {
  it('holds every number of the run under the way to it', () => {
    const run = recorded();
    const arrays = runArrays(run);
    const part = run.parts[0]!;
    if (part.kind !== 'similarity') throw new Error('the first part is another one');
    expect(arrays.get('0-similarity/raw/gap/ofMeansDeg')).toEqual({
      dims: [30],
      data: Float64Array.from(part.result.raw.gap.ofMeansDeg),
    });
    const attention = arrays.get('1-attention/pictures/0/attention')!;
    expect(attention.data).toBeInstanceOf(Float32Array);
    const count = run.parts[3]!;
    if (count.kind !== 'count') throw new Error('the fourth part is another one');
    expect(arrays.get('3-count/outcomes/score')!.data).toEqual(
      Float64Array.from(count.result.outcomes, ({ score }) => score),
    );
    expect(arrays.get('3-count/outcomes/answer')!.data).toEqual(
      count.result.outcomes.map(({ answer }) => answer),
    );
    expect(arrays.get('3-count/outcomes/answerIds/0')!.data).toEqual(
      Float64Array.from(count.result.outcomes[0]!.answerIds!),
    );
    expect(arrays.get('pools/over-rejection/text')!.dims).toEqual([run.pools['over-rejection']!.length]);
    const head = JSON.parse(String(arrays.get('run')!.data[0]));
    expect(head).toMatchObject({ model: run.model, backend: run.backend, createdAt: run.createdAt });
  });

  it('what is missing in a column is NaN or an empty text', () => {
    const part = countPart(['refused', 'answered']);
    if (part.kind !== 'count') throw new Error();
    delete part.result.outcomes[1]!.answer;
    const arrays = runArrays(sampleRun([part]));
    expect(arrays.get('0-count/outcomes/answer')!.data).toEqual(['I cannot.', '']);
    expect(arrays.get('0-count/outcomes/refusedByScore')!.data).toEqual(Float64Array.of(1, 0));
  });
});
