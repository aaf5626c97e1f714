/** `train`: fine-tunes under one of the paper's methods and writes adapter, log and run file. Ctrl-C keeps a checkpoint. */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BACKDOOR_TRIGGER } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { AppError } from '@/model/app-error.ts';
import { MODEL_ENDS, type ModelEnd } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import { ATTACK_METHODS, type ProbeParams, type TrainParams } from '@/protocol/training.ts';
import { collect, layerRange, matrixSet, wholeNumber } from '../options.ts';
import { limited, shippedPool } from '../pools.ts';
import { RunWriter } from '../run-writer.ts';
import { type OpenSession, withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { readTrainConfig, type TrainConfig } from '../train-config.ts';
import { measureParams } from '../train-measures.ts';
import { alignmentRows, type ChosenRows, chooseRows } from '../train-rows.ts';
import { CHECKPOINT_FOLDER, resultText, trainAndWrite } from '../train-run.ts';

const HELP = `
Before and after it measures the model in full, unless --no-measures is given: harmful rate on malicious prompts, a harmful
score, over-rejection, refusal of plain prompts, ROUGE-L and perplexity of held-out rows, knowledge.

Writes into the output folder: adapter/ (a PEFT folder; for --full trained_weights.safetensors), log.jsonl (every step as it
comes) and run.json (the page opens it). Ctrl-C finishes the step in hand and keeps a checkpoint; the same command with
--resume goes on, and the losses are those of a run that was never stopped.

Examples:
  npx stratascope train --model smollm2-135m-instruct --adapter safety-adapter \\
      --method sppft --band 8-13 --data implicit --steps 30 --output runs/sppft
  npx stratascope train --config run.json --output runs/full --method full

A configuration holds the same settings under the options' names in camel case:
  { "model": "smollm2-135m-instruct", "adapter": ["safety-adapter"], "method": "sppft", "band": [8, 13],
    "data": "harmful", "harmfulShare": 0.1, "steps": 100, "batchSize": 4, "learningRate": 0.0005, "probeEvery": 10 }

Methods:
${ATTACK_METHODS.map((method) => `  ${method.padEnd(12)} ${ATTACK_METHOD_INFO[method].definition}`).join('\n')}
`;

interface TrainOptions extends Record<string, unknown> {
  config?: string;
  resume?: boolean;
  quiet?: boolean;
  threads?: number;
  backend: 'node';
}

export function addTrainCommand(program: Command, terminal: Terminal): void {
  const count = wholeNumber(0, 10_000_000);
  program
    .command('train')
    .description('fine-tune with layers frozen or not, and see what it does to safety')
    .option('-c, --config <file>', 'settings as JSON; options count more')
    .option('-o, --output <folder>', 'folder to write')
    .option('-m, --model <model>', "folder, .gguf file, or a bundled model's name")
    .option('-a, --adapter <adapter>', 'frozen adapter underneath; may be given again', collect(String))
    .option('--name <name>', 'name of the run')
    .addOption(new Option('-t, --template <template>', 'around a prompt').choices([...TEMPLATE_NAMES]))
    .addOption(new Option('--method <method>', 'what stays frozen').choices([...ATTACK_METHODS]))
    .option('-b, --band <range>', 'the located band, such as 8-13', band)
    .option('--data <set>', 'normal, implicit, backdoor, harmful, or a JSONL, JSON or CSV file')
    .option('--harmful-share <p>', 'share of harmful rows in "harmful"', number)
    .option('--rows <n>', 'at most so many rows, spread evenly', count)
    .option('--held-out <n>', 'rows kept back for the held-out loss', count)
    .option('--rank <n>', 'rank of LoRA', count)
    .option('--lora-alpha <n>', 'scale of LoRA; scaling = alpha / rank', number)
    .option('--dropout <p>', 'share of what enters LoRA that each step drops', number)
    .option('--matrices <set>', 'which matrices LoRA changes: a preset or a list', matrixSet)
    .option('--full', 'train the weights themselves instead of LoRA')
    .option('--norms', 'with --full: the norms as well')
    .option('--frozen-norms', 'with --full: the norms of frozen layers too, as the published code does')
    .option('--ends <list>', 'with --full: embedding, final-norm, head, or all of them', ends)
    .addOption(new Option('--loss-on <what>', 'labels').choices(['response', 'sequence']))
    .option('--learning-rate <x>', 'peak rate', number)
    .option('--weight-decay <x>', 'decoupled decay', number)
    .option('--warmup-steps <n>', 'linear warm-up', count)
    .option('--final-share <x>', 'share of the peak rate at the end', number)
    .option('--clip-norm <x>', 'largest norm of the gradients, or "none"', (text) =>
      text === 'none' ? null : number(text),
    )
    .option('--batch-size <n>', 'rows of a micro-batch', count)
    .option('--accumulation <n>', 'micro-batches per update', count)
    .option('--steps <n>', 'updates in all', count)
    .option('--cutoff-tokens <n>', 'longer rows are cut', count)
    .option('--seed <n>', 'of data order and initial values', wholeNumber(-(2 ** 31), 2 ** 31 - 1))
    .option('--no-measures', 'do not measure the model in full before and after')
    .option('--malicious <pool>', 'measured: "malicious", another shipped pool, or a file of prompts')
    .option(
      '--knowledge <file>',
      'measured: questions of a CSV file in the form of MMLU, not the shipped ones',
    )
    .option('--malicious-prompts <n>', 'measured: malicious prompts', count)
    .option('--malicious-tokens <n>', 'measured: tokens of an answer to them', count)
    .option('--over-rejection-prompts <n>', 'measured: harmless prompts with a violent verb', count)
    .option('--control-prompts <n>', 'measured: plain harmless prompts', count)
    .option('--rouge-rows <n>', 'measured: held-out rows that are answered', count)
    .option('--rouge-tokens <n>', 'measured: tokens of an answer to them', count)
    .option('--questions <n>', 'measured: knowledge questions', count)
    .option('--probe-every <n>', 'look at refusals every so many steps; 0 = never', count)
    .option('--probe-prompts <n>', 'prompts of each pool in a probe', count)
    .option('--checkpoint-every <n>', 'keep a checkpoint every so many steps', count)
    .option('--resume', 'go on from the checkpoint in the output folder')
    .addOption(new Option('--backend <backend>', 'what computes').choices(['node']).default('node'))
    .option('--threads <n>', 'threads of the runtime', wholeNumber(1, 1024))
    .option('-q, --quiet', 'no progress and no remarks')
    .option('--json-errors', 'errors as one JSON object on stderr')
    .addHelpText('after', HELP)
    .action((options: TrainOptions) => runTrain(options, terminal));
}

const band = (text: string): [number, number] => {
  const { first, last } = layerRange(text);
  return [first, last];
};

function ends(text: string): ModelEnd[] {
  if (text === 'all') return [...MODEL_ENDS];
  return text.split(',').map((one) => {
    const end = MODEL_ENDS.find(
      (known) => known === (one.trim() === 'final-norm' ? 'finalNorm' : one.trim()),
    );
    if (end) return end;
    throw new InvalidArgumentError('Use embedding, final-norm and head, with commas between them, or all.');
  });
}

function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

async function runTrain(options: TrainOptions, terminal: Terminal): Promise<void> {
  // Commander sets what --no-measures turns off; left alone, the file decides.
  const measures = options.measures === false ? false : undefined;
  const config = readTrainConfig(options.config, { ...options, measures });
  const { model, output, adapter } = config;
  for (const [name, value] of Object.entries({ model, output })) {
    if (!value) throw new AppError('bad-input', `No ${name} is given.`, `Name it with --${name}.`);
  }
  const { quiet, threads, backend, resume } = options;
  const modelOptions = { model: model!, adapter, backend, threads, quiet };
  const checkpoints = path.join(output!, CHECKPOINT_FOLDER);
  await withModel(modelOptions, { terminal, hash: true, checkpoints }, async (session) => {
    const rows = await chooseRows({ ...config, limit: config.rows, heldOut: config.heldOut }, session.text);
    for (const warning of rows.warnings) session.display.say(`Note: ${warning}`);
    const pools = config.probeEvery > 0 ? await probePools(config.probePrompts) : {};
    const head = {
      kind: 'train' as const,
      template: config.template,
      seed: config.seed,
      settings: settingsOf(config, rows),
      pools,
    };
    const writer = new RunWriter(session, head, terminal.signal);
    const probe = config.probeEvery > 0 ? await calibratedProbe(writer, config, pools) : null;
    const measured = config.measures
      ? await measureParams(config, (sentence) => session.display.say(sentence))
      : null;
    const params = {
      ...trainParams(config, session, rows),
      probe,
      measures: measured && { ...measured, ...(rows.kind === 'backdoor' && { trigger: BACKDOOR_TRIGGER }) },
      ...(resume ? { resume } : {}),
    };
    const result = await trainAndWrite(writer, params, {
      output: output!,
      baseModel: session.card.name,
      resumeHint: 'The same command with --resume goes on from there.',
    });
    if (!quiet) terminal.stdout.write(resultText(result, output!));
  });
}

function settingsOf(config: TrainConfig, rows: ChosenRows) {
  const { model: _m, output: _o, matrices, lisa, nfft, ...plain } = config;
  return JSON.parse(JSON.stringify({ command: 'train', ...plain, matrices, lisa, nfft, rows: rows.origin }));
}

export function trainParams(config: TrainConfig, session: OpenSession, data: ChosenRows): TrainParams {
  const { method } = config;
  const needsSafety = ATTACK_METHOD_INFO[method].needsSafetyRows;
  return {
    name: config.name,
    template: config.template,
    adapters: session.adapters,
    method,
    band: config.band ?? defaultBand(config, session),
    part: partOf(config),
    data: {
      kind: data.kind,
      ...(data.kind === 'harmful' ? { harmfulShare: config.harmfulShare } : {}),
      rows: data.rows,
    },
    safetyRows: needsSafety ? alignmentRows(session.text, 'harmful') : [],
    heldOut: data.heldOut,
    lossOn: config.lossOn,
    optimiser: {
      learningRate: config.learningRate,
      weightDecay: config.weightDecay,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      warmupSteps: config.warmupSteps,
      finalShare: config.finalShare,
      clipNorm: config.clipNorm,
      batchSize: config.batchSize,
      accumulation: config.accumulation,
      steps: config.steps,
      cutoffTokens: config.cutoffTokens,
    },
    seed: config.seed,
    probe: null,
    checkpointEvery: config.checkpointEvery,
    ...(config.lisa ? { lisa: config.lisa } : {}),
    ...(config.nfft ? { nfft: config.nfft } : {}),
  };
}

/** What is off is left out: files of runs that never had it stay as they are. */
function partOf({ full, norms, frozenNorms, ends: more, ...lora }: TrainConfig): TrainParams['part'] {
  if (full) {
    const ends = more.length > 0 ? { ends: more } : {};
    return { kind: 'full', norms, ...(frozenNorms ? { frozenNorms } : {}), ...ends };
  }
  const { rank, loraAlpha, matrices, dropout } = lora;
  return { kind: 'lora', rank, loraAlpha, matrices, ...(dropout > 0 ? { dropout } : {}) };
}

/** Where the method does not ask which band, any will do; where it does, a person must say. */
function defaultBand({ method }: TrainConfig, { card }: OpenSession): [number, number] {
  if (method === 'full' || method === 'lisa') return [0, card.spec.layerCount - 1];
  throw new AppError('bad-input', `The method ${method} needs a band.`, 'Give it, such as --band 8-13.');
}

/** Under the page's names for these pools. */
async function probePools(prompts: number): Promise<Record<string, PromptItem[]>> {
  const ids = ['malicious', 'over-rejection', 'control'] as const;
  return Object.fromEntries(
    await Promise.all(ids.map(async (id) => [id, limited(await shippedPool(id), prompts)] as const)),
  );
}

/** Learnt before training, on the model that is attacked, and kept: else the score would follow what it is to measure. */
async function calibratedProbe(
  writer: RunWriter,
  { template, maxNewTokens, probeEvery }: TrainConfig,
  pools: Record<string, PromptItem[]>,
): Promise<ProbeParams> {
  const setting = { adapters: writer.session.adapters, scale: [] };
  const prompts = Object.values(pools).flat();
  const rules = DEFAULT_REFUSAL_RULES;
  const params = { template, setting, prompts, rules, maxNewTokens };
  const { calibration } = await writer.run('calibrate', 'calibration', params);
  return {
    everySteps: probeEvery,
    malicious: pools.malicious!,
    overRejection: pools['over-rejection']!,
    control: pools.control!,
    calibration,
    rules,
    maxNewTokens,
  };
}
