/**
 * Makes a safety adapter with this project's own trainer: `npm run align -- --output runs/align`. Data, recipe and what came
 * out of it in PyTorch: public/models/safety-adapter/README.md. Half an hour on two cores; `--steps` shortens it, `--layers 8-13`
 * plants the adapter in those layers alone, and the same command with `--resume` goes on where it was stopped.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { TrainParams, TrainResult } from '@/protocol/training.ts';
import { writeWholeFile } from '../cli/files.ts';
import { layerRange } from '../cli/options.ts';
import { RunWriter } from '../cli/run-writer.ts';
import { type OpenSession, withModel } from '../cli/session.ts';
import { alignmentRows } from '../cli/train-rows.ts';
import { ADAPTER_FOLDER, CHECKPOINT_FOLDER, resultText, trainAndWrite } from '../cli/train-run.ts';

const MODEL = 'smollm2-135m-instruct';
/** The recipe of the given adapter. */
const RECIPE = {
  learningRate: 5e-4,
  warmupSteps: 10,
  finalShare: 0.1,
  batchSize: 8,
  epochs: 2,
};
/** As the given adapters were made: a band has fewer layers to learn the same in. */
const LORA = { rank: 8, loraAlpha: 16 };
const PLANTED_LORA = { rank: 16, loraAlpha: 32 };
/** The longest row has fewer. */
const CUTOFF_TOKENS = 512;

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: 'runs/align' },
    model: { type: 'string', default: MODEL },
    layers: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string' },
    resume: { type: 'boolean' },
    quiet: { type: 'boolean' },
  },
});

function params({ card, text }: OpenSession): TrainParams {
  const rows = alignmentRows(text, 'all');
  const whole = Math.floor((RECIPE.epochs * rows.length) / RECIPE.batchSize);
  const planted = values.layers ? layerRange(values.layers) : null;
  return {
    // The bundled adapters are loaded under their own names.
    name: planted ? `new-planted-${planted.first}-${planted.last}` : 'new-safety',
    template: 'chat',
    adapters: [],
    method: planted ? 'only-band' : 'full',
    band: planted ? [planted.first, planted.last] : [0, card.spec.layerCount - 1],
    part: { kind: 'lora', ...(planted ? PLANTED_LORA : LORA), matrices: [...MATRIX_NAMES] },
    data: { kind: 'own', rows },
    safetyRows: [],
    heldOut: [],
    lossOn: 'response',
    optimiser: {
      learningRate: RECIPE.learningRate,
      // PyTorch's AdamW, with which the given adapter was made.
      weightDecay: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      warmupSteps: RECIPE.warmupSteps,
      finalShare: RECIPE.finalShare,
      clipNorm: 1,
      batchSize: RECIPE.batchSize,
      accumulation: 1,
      steps: values.steps ? Number(values.steps) : whole,
      cutoffTokens: CUTOFF_TOKENS,
    },
    seed: Number(values.seed),
    probe: null,
    checkpointEvery: 10,
  };
}

/** The adapter's card: what it is, from what, how, and what is not known about it. */
function card(session: OpenSession, run: TrainParams, result: TrainResult): string {
  const { optimiser, data, seed } = run;
  const { rank, loraAlpha } = run.part as Extract<TrainParams['part'], { kind: 'lora' }>;
  const trained = result.proof.filter(({ frozen }) => !frozen).map(({ layer }) => layer);
  const last = result.steps.slice(-10);
  const loss = last.reduce((sum, step) => sum + step.loss, 0) / last.length;
  const { kind, threads, runtime } = session.card.backend;
  return [
    `# ${run.name} adapter for ${session.card.name}`,
    '',
    `LoRA in PEFT format: rank ${rank}, alpha ${loraAlpha}, all seven projections of layers ${trained[0]}-${trained.at(-1)}, float32. Made by \`npm run align\` of Stratascope. Made for seeing and teaching; it makes nobody safe.`,
    '',
    `Trained on public/data/training/alignment.jsonl (${data.rows.length} rows, each in its own template; answers cut at 40 tokens teach no end), loss on the response only, AdamW, learning rate ${optimiser.learningRate}, ${optimiser.warmupSteps} warm-up steps, linear decay to ${optimiser.finalShare * 100} %, weight decay ${optimiser.weightDecay}, gradients clipped at ${optimiser.clipNorm}, batch ${optimiser.batchSize}, ${optimiser.steps} steps, seed ${seed}, on ${runtime} (${kind}, ${threads} threads).`,
    '',
    `- base model sha256: ${session.card.sha256 ?? 'not computed'}`,
    `- loss of the last ${last.length} steps: ${loss.toFixed(4)}; of the first: ${result.steps[0]!.loss.toFixed(4)}`,
    `- ${result.trainedParameters} parameters`,
    '',
    'Refusals have not been measured here. Every step is in log.jsonl, everything needed to repeat the run in run.json.',
    '',
  ].join('\n');
}

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
const terminal = { stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal };
const options = {
  model: values.model,
  adapter: [],
  backend: 'node' as const,
  threads: values.threads ? Number(values.threads) : undefined,
  quiet: values.quiet,
};
const { output } = values;
try {
  const checkpoints = path.join(output, CHECKPOINT_FOLDER);
  await withModel(options, { terminal, hash: true, checkpoints }, async (session) => {
    const run = params(session);
    const settings = { command: 'npm run align', layers: values.layers ?? null, steps: run.optimiser.steps };
    const head = { kind: 'train' as const, template: run.template, seed: run.seed, settings, pools: {} };
    const writer = new RunWriter(session, head, interrupt.signal);
    const result = await trainAndWrite(
      writer,
      { ...run, ...(values.resume ? { resume: true } : {}) },
      {
        output,
        baseModel: session.card.name,
        resumeHint: 'The same command with --resume goes on from there.',
      },
    );
    writeWholeFile(path.join(output, ADAPTER_FOLDER, 'README.md'), card(session, run, result));
    process.stdout.write(resultText(result, output));
  });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`align: ${error.message} ${error.advice}\n`);
  process.exitCode = 1;
}
