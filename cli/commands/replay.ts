/**
 * `replay`: repeats a run file on this machine and says number by number what came out differently. Stopped runs go on
 * where they were: finished parts are kept beside the output until it is written.
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { AppError } from '@/model/app-error.ts';
import { readManifest } from '@/model/bundled.ts';
import { diskFiles } from '@/model/node-files.ts';
import { sha256OfText } from '@/model/sha256.ts';
import type { RunFile, RunPart } from '@/protocol/run-file.ts';
import { CHEAP_SEQUENCES, replayRun } from '@/runs/replay.ts';
import { replayText, replayVerdict } from '@/runs/report-words.ts';
import { appVersion } from '../app-version.ts';
import { checkWritable, writeWholeFile } from '../files.ts';
import { collect, type ModelOptions, wholeNumber } from '../options.ts';
import { readRunFile } from '../run-input.ts';
import { RunWriter } from '../run-writer.ts';
import { BUNDLE_FOLDER, type OpenSession, withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
The model is found by its hash among the bundled ones; for any other give --model. Model and adapters must be the run's
own, by sha256. On the backend that the file names no number may differ; on another the report says what is allowed.
Exits with 7 where a number lies beyond. With --output an interrupted replay goes on where it stopped.

Examples:
  npx stratascope replay public/recorded/aligned.json --only similarity,attention
  npx stratascope replay run.json --model folder --adapter peft-folder --output report.json
`;

interface ReplayCliOptions extends Omit<ModelOptions, 'model'> {
  model?: string;
  output?: string;
  only?: string[];
  trainSequences: number;
}

export function addReplayCommand(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .argument('<run>', 'run file')
    .description('repeat a run file here and report every number that differs')
    .option('-m, --model <model>', 'the model, where it is no bundled one')
    .option('-a, --adapter <adapter>', "the run's adapter, where it is no bundled one", collect(String), [])
    .option('--only <kinds>', 'only these experiments, such as similarity,count', (text) => text.split(','))
    .option(
      '--train-sequences <n>',
      'repeat training runs of at most so many sequences',
      wholeNumber(0, 1e9),
      CHEAP_SEQUENCES,
    )
    .option('-o, --output <file>', 'write the whole report as JSON')
    .addOption(new Option('--backend <backend>', 'what computes').choices(['node']).default('node'))
    .option('--threads <n>', "threads of the runtime (default: the file's)", wholeNumber(1, 1024))
    .option('-q, --quiet', 'no progress and no remarks')
    .option('--json-errors', 'errors as one JSON object on stderr')
    .addHelpText('after', HELP)
    .action((file: string, options: ReplayCliOptions) => runReplay(file, options, terminal));
}

async function runReplay(file: string, options: ReplayCliOptions, terminal: Terminal): Promise<void> {
  if (options.output) checkWritable(options.output);
  const { run, warnings, text } = readRunFile(file);
  const modelOptions: ModelOptions = {
    ...options,
    model: options.model ?? (await bundledModelOf(run)),
    threads: options.threads ?? (run.backend.kind === 'node' ? run.backend.threads || undefined : undefined),
  };
  const skip = new Set(
    [...run.parts.keys()].filter((at) => options.only && !options.only.includes(run.parts[at]!.kind)),
  );
  if (skip.size === run.parts.length) {
    throw new AppError(
      'bad-input',
      `No part of ${path.basename(file)} is of ${options.only?.join(' or ') ?? 'any kind'}.`,
      `Its kinds are: ${[...new Set(run.parts.map(({ kind }) => kind))].join(', ') || 'none'}.`,
    );
  }
  const report = await withModel(modelOptions, { terminal, hash: true }, async (session) => {
    for (const warning of warnings) session.display.say(`Note: ${warning}`);
    const kept = new KeptParts(options.output, run, sha256OfText(text), session);
    const done = await replayRun(run, { ...session.card, adapters: adaptersOf(session) }, session.lab, {
      app: { name: 'stratascope', version: appVersion() },
      trainSequences: options.trainSequences,
      skip,
      known: (index) => kept.results.get(index),
      onPart: ({ index }, result) => kept.add(index, result),
      onProgress: (progress, { label }) =>
        session.display.show({ ...progress, phase: `${label}: ${progress.phase}` }),
      signal: terminal.signal,
    });
    if (options.output) writeWholeFile(options.output, `${JSON.stringify(done, null, 1)}\n`);
    kept.remove();
    return done;
  });
  if (!options.quiet) terminal.stdout.write(replayText(report));
  if (report.beyond > 0)
    throw new AppError('differs', replayVerdict(report), 'The table names every field that differs.');
}

const adaptersOf = ({ card, adapterCards }: OpenSession) => [
  ...card.adapters,
  ...adapterCards.filter(({ name }) => !card.adapters.some((one) => one.name === name)),
];

async function bundledModelOf({ model }: RunFile): Promise<string> {
  const { models } = await readManifest(diskFiles(BUNDLE_FOLDER));
  const found = models.find(({ sha256 }) => sha256 === model.sha256);
  if (found) return found.id;
  throw new AppError(
    'not-found',
    `The run was made on ${model.name} (sha256 ${model.sha256 ?? 'unknown'}), which is not bundled.`,
    'Name the model with --model.',
  );
}

/** Finished parts of a replay as a run file of their own, so that a kill costs one part. */
class KeptParts {
  readonly results = new Map<number, RunPart['result']>();
  readonly #path: string | null;
  readonly #indices: number[] = [];
  readonly #writer: RunWriter;

  constructor(
    output: string | undefined,
    readonly run: RunFile,
    readonly fileSha256: string,
    session: OpenSession,
  ) {
    this.#path = output ? `${output}.unfinished` : null;
    const { kind, template, seed, pools } = run;
    const settings = { replayOf: fileSha256 };
    this.#writer = new RunWriter(
      session,
      { kind, template, seed, settings, pools },
      new AbortController().signal,
    );
    if (this.#path && existsSync(this.#path)) this.#read(this.#path, session);
  }

  #read(file: string, session: OpenSession): void {
    const { settings, parts, backend } = readRunFile(file).run;
    const { card } = session;
    const isOfThis =
      settings.replayOf === this.fileSha256 &&
      backend.runtime === card.backend.runtime &&
      backend.threads === card.backend.threads;
    if (!isOfThis || !Array.isArray(settings.indices)) return;
    for (const [at, index] of settings.indices.entries()) {
      const part = parts[at];
      if (typeof index !== 'number' || part?.kind !== this.run.parts[index]?.kind) return;
      this.results.set(index, part!.result);
    }
    session.display.say(`Going on: ${this.results.size} parts are there already.`);
    for (const [index, result] of this.results) this.#keep(index, result);
  }

  add(index: number, result: RunPart['result'] | null): void {
    if (!this.#path || result === null || this.results.has(index)) return;
    this.#keep(index, result);
    writeWholeFile(this.#path, this.#writer.text());
  }

  #keep(index: number, result: RunPart['result']): void {
    this.#indices.push(index);
    this.#writer.keep({ ...this.run.parts[index]!, result } as RunPart);
    Object.assign(this.#writer.head.settings, { indices: this.#indices });
  }

  remove(): void {
    if (this.#path) rmSync(this.#path, { force: true });
  }
}
