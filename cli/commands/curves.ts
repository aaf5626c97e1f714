/** `curves`: similarity of last-token vectors layer by layer, optionally with attention pictures, as a run file. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { MatrixName } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { PromptItem, SimilarityParams, SimilarityResult } from '@/protocol/experiments.ts';
import { checkWritable } from '../files.ts';
import {
  addModelOptions,
  collect,
  layerRange,
  type ModelOptions,
  matrixSet,
  oneAlpha,
  scaledLayers,
  templateOption,
  wholeNumber,
} from '../options.ts';
import { choosePool, limited } from '../pools.ts';
import { RunWriter } from '../run-writer.ts';
import { withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Pools are names of shipped ones (normal, malicious, matched-normal, matched-malicious, over-rejection, control)
or files: CSV, JSONL, JSON or text, one prompt per row.

Examples:
  npx stratascope curves --model smollm2-135m-instruct --adapter safety-adapter --output aligned.json
  npx stratascope curves --model smollm2-135m-instruct --pairs draws --draws 500 --seed 7 --output base.json
  npx stratascope curves --model folder --normal mine.csv --malicious theirs.csv --template alpaca --output run.json
`;

interface CurvesOptions extends ModelOptions {
  output: string;
  template: TemplateName;
  normal: string;
  malicious: string;
  matched?: boolean;
  limit?: number;
  pairs: 'all' | 'draws';
  draws: number;
  seed: number;
  bootstrap: number;
  lastPoint: 'before' | 'after';
  layers?: { first: number; last: number };
  alpha?: number;
  matrices: MatrixName[];
  attention: string[];
}

export function addCurvesCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('curves')
    .description('cosine curves and angle gap of every layer, written as a run file')
    .requiredOption('-o, --output <file>', 'run file to write');
  addModelOptions(command)
    .addOption(templateOption('chat'))
    .option('--normal <pool>', 'pool of normal prompts', 'normal')
    .option('--malicious <pool>', 'pool of malicious prompts', 'malicious')
    .option('--matched', 'the shipped pools whose prompts are pairs of one length and form')
    .option('--limit <n>', 'at most so many prompts of each pool, spread evenly', wholeNumber(2, 100_000))
    .addOption(
      new Option('--pairs <choice>', 'every pair, or random draws').choices(['all', 'draws']).default('all'),
    )
    .option('--draws <n>', 'draws per kind of pair, with --pairs draws', wholeNumber(2, 100_000), 500)
    .option('--seed <n>', 'seed of draws, bootstrap and folds', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--bootstrap <n>', 'replicates of the bootstrap over prompts', wholeNumber(10, 100_000), 1000)
    .addOption(
      new Option('--last-point <place>', 'last layer: before or after the final norm')
        .choices(['before', 'after'])
        .default('before'),
    )
    .option('--layers <range>', 'layers that --alpha scales, e.g. 8-13', layerRange)
    .option('--alpha <alpha>', 'factor on the weight matrices of --layers', oneAlpha)
    .option('--matrices <set>', 'which matrices: a preset or a list', matrixSet, matrixSet('all'))
    .option(
      '--attention <text>',
      'also read the attention of this prompt; may be given again',
      collect(String),
      [],
    )
    .addHelpText('after', HELP)
    .action((options: CurvesOptions) => runCurves(options, terminal));
}

async function runCurves(options: CurvesOptions, terminal: Terminal): Promise<void> {
  checkWritable(options.output);
  const scale = scaledLayers(options);
  const normalChoice = options.matched ? 'matched-normal' : options.normal;
  const maliciousChoice = options.matched ? 'matched-malicious' : options.malicious;
  const [normal, malicious] = [await choosePool(normalChoice), await choosePool(maliciousChoice)];
  await withModel(options, { terminal, hash: true }, async (session) => {
    for (const warning of [...normal.warnings, ...malicious.warnings])
      session.display.say(`Note: ${warning}`);
    const attention = options.attention.map((text, at): PromptItem => ({ id: `attention-${at + 1}`, text }));
    const pools: Record<string, PromptItem[]> = {
      [options.matched ? 'matched-normal' : 'normal']: limited(normal.prompts, options.limit),
      [options.matched ? 'matched-malicious' : 'malicious']: limited(malicious.prompts, options.limit),
      ...(attention.length > 0 ? { attention } : {}),
    };
    const [normalPool, maliciousPool] = Object.values(pools) as [PromptItem[], PromptItem[]];
    const context = { template: options.template, setting: { adapters: session.adapters, scale } };
    const settings = {
      command: 'curves',
      normal: normal.origin,
      malicious: malicious.origin,
      limit: options.limit ?? null,
    };
    const head = { kind: 'curves' as const, template: options.template, seed: options.seed, settings, pools };
    const writer = new RunWriter(session, head, terminal.signal);
    const result = await writer.run(
      'similarity',
      'curves',
      similarityParams(options, context, normalPool, maliciousPool),
    );
    if (attention.length > 0) await writer.run('attention', 'attention', { ...context, prompts: attention });
    writer.write(options.output);
    if (!options.quiet) terminal.stdout.write(curvesTable(result));
  });
}

function similarityParams(
  options: CurvesOptions,
  context: Pick<SimilarityParams, 'template' | 'setting'>,
  normal: PromptItem[],
  malicious: PromptItem[],
): SimilarityParams {
  return {
    ...context,
    normal,
    malicious,
    pairs:
      options.pairs === 'all' ? { kind: 'all' } : { kind: 'draws', draws: options.draws, seed: options.seed },
    bootstrap: { replicates: options.bootstrap, seed: options.seed },
    lastPoint: options.lastPoint === 'before' ? 'before-final-norm' : 'after-final-norm',
  };
}

function curvesTable({ raw, centred, auroc, layerCount }: SimilarityResult): string {
  const rows = Array.from({ length: layerCount }, (_, layer) => {
    const cosine = (kind: 'nn' | 'nm' | 'mm') => raw.curves[kind].mean[layer]!.toFixed(4).padStart(8);
    const degrees = (value: number) => value.toFixed(2).padStart(8);
    return [
      String(layer).padStart(5),
      cosine('nn'),
      cosine('nm'),
      cosine('mm'),
      degrees(raw.gap.ofMeansDeg[layer]!),
      `[${raw.gap.lowDeg[layer]!.toFixed(2)}, ${raw.gap.highDeg[layer]!.toFixed(2)}]`.padStart(16),
      degrees(centred.gap.ofMeansDeg[layer]!),
      auroc.mean[layer]!.toFixed(3).padStart(7),
    ].join(' ');
  });
  const head = 'layer   cos NN   cos NM   cos MM  gap/deg           95 %  centred   auroc';
  return `${[head, ...rows].join('\n')}\n`;
}
