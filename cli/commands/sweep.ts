/** `sweep`: how many prompts are refused under lists of alphas and layer ranges, as a run file. */
import type { Command } from 'commander';
import { calibrationWarning } from '@/method/first-token.ts';
import { DEFAULT_REFUSAL_RULES, parsePrefixes } from '@/method/refusal.ts';
import { AppError } from '@/model/app-error.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { CountParams, PromptItem, RefusalRules } from '@/protocol/experiments.ts';
import { checkWritable, readTextFile } from '../files.ts';
import {
  addModelOptions,
  alphaList,
  checkLayers,
  layerRanges,
  type ModelOptions,
  matrixSet,
  templateOption,
  wholeNumber,
} from '../options.ts';
import { type ChosenPool, choosePool, limited, shippedPool } from '../pools.ts';
import { RunWriter } from '../run-writer.ts';
import { type OpenSession, sayAlphaNotes, withModel } from '../session.ts';
import { pointLabel, type SweepPoint, type SweepRow, sweepPoints, sweepTable } from '../sweep-plan.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Every range is run with every alpha; alpha 1 (R0) is always run. The first-token score is calibrated on the model's
own unscaled answers to the counted prompts, the malicious ones and the control ones.

Examples:
  npx stratascope sweep --model smollm2-135m-instruct --adapter safety-adapter \\
      --layers 8-13 --alphas 0.8:1.2:0.05 --output sweep.json
  npx stratascope sweep --model smollm2-135m-instruct --adapter safety-adapter \\
      --layers 0-5,8-13,16-21 --alphas 0.9,1.1 --score-only --band-scan 6 --output ranges.json
  npx stratascope sweep --model model.gguf --prompts mine.csv --layers 6-12 --alphas 1.2 --matrices q,k,v --output run.json
`;

interface SweepOptions extends ModelOptions {
  output: string;
  template: TemplateName;
  layers: Array<{ first: number; last: number }>;
  alphas: number[];
  matrices: MatrixName[];
  prompts: string;
  limit?: number;
  scoreOnly?: boolean;
  controls?: boolean;
  bandScan?: number;
  prefixes?: string;
  maxNewTokens: number;
}

export function addSweepCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('sweep')
    .description('refusals under lists of alphas and layer ranges, written as a run file')
    .requiredOption('-o, --output <file>', 'run file to write')
    .requiredOption('-l, --layers <ranges>', 'ranges such as 8-13,16-21; may be given again', manyRanges)
    .requiredOption(
      '--alphas <list>',
      'list such as 0.9,1.1 or from:to:step such as 0.8:1.2:0.05',
      alphaList,
    );
  addModelOptions(command)
    .addOption(templateOption('chat'))
    .option('--matrices <set>', 'which matrices: a preset or a list', matrixSet, matrixSet('all'))
    .option('--prompts <pool>', 'prompts to count: a shipped pool or a file', 'over-rejection')
    .option('--limit <n>', 'at most so many prompts, spread evenly', wholeNumber(1, 100_000))
    .option(
      '--controls',
      'also count malicious and plain control prompts, half as many: tells broken from safe',
    )
    .option('--score-only', 'first-token score only, no decoding: fast')
    .option(
      '--band-scan <width>',
      'also move a band of so many layers over the model at each alpha',
      wholeNumber(1, 512),
    )
    .option('--prefixes <file>', 'openings of a refusal, one per line, instead of the built-in ones')
    .option('--max-new-tokens <n>', 'tokens of an answer', wholeNumber(1, 512), 16)
    .addHelpText('after', HELP)
    .action((options: SweepOptions) => runSweep(options, terminal));
}

const manyRanges = (text: string, before: SweepOptions['layers'] | undefined) => [
  ...(before ?? []),
  ...layerRanges(text),
];

async function runSweep(options: SweepOptions, terminal: Terminal): Promise<void> {
  checkWritable(options.output);
  const rules = options.prefixes ? parsePrefixes(readTextFile(options.prefixes)) : DEFAULT_REFUSAL_RULES;
  if (rules.prefixes.length === 0) {
    throw new AppError('bad-file', `${options.prefixes} holds no opening.`, 'Write one per line.');
  }
  const chosen = await choosePool(options.prompts);
  const pools = await sweepPools(options, chosen);
  await withModel(options, { terminal, hash: true }, async (session) => {
    for (const warning of chosen.warnings) session.display.say(`Note: ${warning}`);
    sayAlphaNotes(session, options.matrices);
    checkRanges(options, session);
    const points = sweepPoints(options.layers, options.alphas, options.matrices);
    const head = {
      kind: 'sweep' as const,
      template: options.template,
      seed: 0,
      settings: {
        command: 'sweep',
        prompts: chosen.origin,
        limit: options.limit ?? null,
        mode: options.scoreOnly ? 'score' : 'exact',
        layers: options.layers.map(({ first, last }) => [first, last]),
        alphas: options.alphas,
      },
      pools: pools.all,
    };
    const writer = new RunWriter(session, head, terminal.signal);
    const rows = await sweep(writer, {
      ...options,
      rules,
      points,
      counted: pools.counted,
      harmless: pools.all.control,
      calibrateOn: pools.calibrateOn,
    });
    writer.write(options.output);
    if (!options.quiet) terminal.stdout.write(sweepTable(rows));
  });
}

interface SweepRequest {
  template: TemplateName;
  matrices: MatrixName[];
  alphas: readonly number[];
  maxNewTokens: number;
  scoreOnly?: boolean;
  bandScan?: number;
  rules: RefusalRules;
  points: readonly SweepPoint[];
  /** Counted at every point, by pool. */
  counted: Readonly<Record<string, PromptItem[]>>;
  /** Plain prompts: what a scaling does to them is its damage. */
  harmless: PromptItem[];
  calibrateOn: PromptItem[];
}

/** The work of a sweep. Returns one row per count, baselines first. */
export async function sweep(writer: RunWriter, request: SweepRequest): Promise<SweepRow[]> {
  const { session } = writer;
  const { template, rules, maxNewTokens } = request;
  const context = (point: SweepPoint | null) => ({
    template,
    setting: { adapters: session.adapters, scale: point ? [point] : [] },
  });
  const { calibration } = await writer.run('calibrate', 'calibration', {
    ...context(null),
    prompts: request.calibrateOn,
    rules,
    maxNewTokens,
  });
  const warning = calibrationWarning(calibration);
  if (warning) session.display.say(`Note: ${warning}`);
  const rows: SweepRow[] = [];
  // Effect and damage together: plain prompts that are not counted are still looked at, by their first token alone.
  const looked = { ...request.counted, control: request.counted.control ?? request.harmless };
  for (const point of [null, ...request.points]) {
    for (const [pool, prompts] of Object.entries(looked)) {
      const isCounted = pool in request.counted;
      if (!isCounted && point === null) continue;
      const label = `${pool}, ${point ? pointLabel(point) : 'alpha 1'}`;
      const params: CountParams = {
        ...context(point),
        prompts,
        calibration,
        rules,
        mode: request.scoreOnly || !isCounted ? 'score' : 'exact',
        maxNewTokens,
        ...(pool === 'control' && point ? { divergence: true } : {}),
      };
      rows.push({ point, pool, prompts, result: await writer.run('count', label, params) });
    }
  }
  if (request.bandScan !== undefined) {
    const [pool, prompts] = Object.entries(request.counted)[0]!;
    for (const alpha of request.alphas.filter((one) => one !== 1)) {
      const label = `${pool}, bands of ${request.bandScan}, alpha ${alpha}`;
      const { matrices, bandScan: width } = request;
      await writer.run('bandScan', label, { ...context(null), prompts, calibration, width, alpha, matrices });
    }
  }
  return rows;
}

/** The counted prompts under the page's name for that pool, the controls, and what to calibrate on. */
async function sweepPools(options: SweepOptions, chosen: ChosenPool) {
  const prompts = limited(chosen.prompts, options.limit);
  const side = (items: PromptItem[]) => limited(items, options.limit && Math.ceil(options.limit / 2));
  const malicious = side(await shippedPool('malicious'));
  const control = side(await shippedPool('control'));
  const all = { 'over-rejection': prompts, malicious, control };
  return {
    all,
    counted: options.controls ? all : { 'over-rejection': prompts },
    calibrateOn: [...prompts, ...malicious, ...control],
  };
}

/** Before any minute of work. */
function checkRanges(options: SweepOptions, { card }: OpenSession): void {
  const { layerCount } = card.spec;
  for (const range of options.layers) checkLayers(range, layerCount);
  if (options.bandScan !== undefined && options.bandScan > layerCount) {
    throw new AppError(
      'bad-input',
      `A band of ${options.bandScan} layers does not fit into a model of ${layerCount}.`,
      'Choose a smaller width.',
    );
  }
  if (!card.templates.includes(options.template)) {
    throw new AppError(
      'bad-input',
      `This model does not offer the template "${options.template}".`,
      `It offers: ${card.templates.join(', ') || 'none'}.`,
    );
  }
}
