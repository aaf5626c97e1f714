/**
 * Executes the notebook of a run against the bundled model and compares its numbers with ours:
 * `npx tsx scripts/check-notebook.ts [--run FILE] [--parts 5] [--python python3]`. Needs Python with torch, transformers,
 * peft and gguf; no test does. Fails where a number lies beyond its bound or an answer is classed otherwise.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readManifest } from '@/model/bundled.ts';
import { diskFiles } from '@/model/node-files.ts';
import { parseRunFile, type RunFile } from '@/protocol/run-file.ts';
import { runNotebook } from '@/runs/notebook.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const MODEL = { folder: 'public/models/smollm2-135m-instruct', file: 'SmolLM2-135M-Instruct.Q4_1.gguf' };
const { adapters } = await readManifest(diskFiles(path.join(root, 'public/models')));
/** Folders of the bundled adapters, by the names that settings hold. */
const ADAPTERS = new Map(adapters.map((adapter) => [adapter.id, `public/models/${adapter.path}`]));

interface Report {
  numbers: Array<{ what: string; largest: number; allowed: number }>;
  classified: number;
  wrong: Array<{ answer: string; program: string; notebook: string }>;
}

const { values } = parseArgs({
  options: {
    run: { type: 'string', default: path.join(root, 'public/recorded/aligned.json') },
    /** Counts repeated, evenly chosen: each takes minutes. Curves and one band scan always. */
    counts: { type: 'string', default: '3' },
    /** Bands of the scan that are repeated. */
    bands: { type: 'string', default: '6' },
    python: { type: 'string', default: 'python3' },
  },
});
const run = reduced(
  parseRunFile(readFileSync(values.run, 'utf8'), path.basename(values.run)).run,
  Number(values.counts),
  Number(values.bands),
);
const folder = mkdtempSync(path.join(tmpdir(), 'stratascope-notebook-'));
try {
  const write = (name: string, content: unknown) => {
    writeFileSync(path.join(folder, name), JSON.stringify(content));
    return path.join(folder, name);
  };
  const names = run.model.adapters.map(({ name }) => name);
  const settings = {
    MODEL: path.join(root, MODEL.folder),
    GGUF_FILE: MODEL.file,
    ADAPTERS: Object.fromEntries(names.map((name) => [name, path.join(root, ADAPTERS.get(name) ?? name)])),
    DEVICE: 'cpu',
  };
  const args = [
    path.join(root, 'tests/python/run_notebook.py'),
    write('run.ipynb', runNotebook(run, path.basename(values.run))),
    write('settings.json', settings),
    write('answers.json', classifiedAnswers()),
  ];
  const python = spawnSync(values.python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  process.stdout.write(python.stdout ?? '');
  const line = python.stdout?.split('\n').find((one) => one.startsWith('REPORT '));
  if (python.status !== 0 || !line) throw new Error(`${values.python} did not run the notebook to its end`);
  const report: Report = JSON.parse(line.slice('REPORT '.length));
  const beyond = report.numbers.filter(({ largest, allowed }) => !(largest <= allowed));
  for (const { what, largest, allowed } of beyond) console.error(`BEYOND ${what}: ${largest} > ${allowed}`);
  for (const one of report.wrong) console.error(`CLASSED OTHERWISE ${JSON.stringify(one)}`);
  console.log(
    `${report.numbers.length} comparisons, ${beyond.length} beyond; ${report.classified} answers, ${report.wrong.length} classed otherwise`,
  );
  if (report.numbers.length === 0 || beyond.length + report.wrong.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Curves, some counts, one scan of some bands: what fits into minutes. */
function reduced(whole: RunFile, counts: number, bands: number): RunFile {
  const kindOf = (kind: string) => whole.parts.filter((part) => part.kind === kind);
  const all = kindOf('count');
  const step = Math.max(1, Math.floor(all.length / Math.max(1, counts)));
  const scans = kindOf('bandScan')
    .slice(0, 1)
    .map((part) => {
      if (part.kind !== 'bandScan') return part;
      const every = Math.max(1, Math.floor(part.result.points.length / Math.max(1, bands)));
      return {
        ...part,
        result: { ...part.result, points: part.result.points.filter((_, at) => at % every === 0) },
      };
    });
  return {
    ...whole,
    parts: [
      ...kindOf('similarity'),
      ...all.filter((_, at) => at % step === 0).slice(0, counts),
      ...(bands > 0 ? scans : []),
    ],
  };
}

/** Every answer of every recorded run, as this program classed it: garbled ones are rare in one run. */
function classifiedAnswers(): Array<[string, number, readonly string[], string]> {
  const { files } = JSON.parse(readFileSync(path.join(root, 'public/recorded/index.json'), 'utf8'));
  return (files as string[]).flatMap((name) => {
    const { run } = parseRunFile(readFileSync(path.join(root, 'public/recorded', name), 'utf8'), name);
    return run.parts.flatMap((part) =>
      part.kind === 'count'
        ? part.result.outcomes.flatMap(({ answer, answerIds, responseClass }) =>
            answer !== undefined && answerIds && responseClass
              ? [
                  [answer, answerIds.length, part.params.rules.prefixes, responseClass] as [
                    string,
                    number,
                    readonly string[],
                    string,
                  ],
                ]
              : [],
          )
        : [],
    );
  });
}
