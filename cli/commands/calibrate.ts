/** `calibrate`: which first tokens open a refusal of this model, shown and optionally written as a run file. */
import type { Command } from 'commander';
import { calibrationWarning } from '@/method/first-token.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import { checkWritable } from '../files.ts';
import { addModelOptions, collect, type ModelOptions, templateOption, wholeNumber } from '../options.ts';
import { choosePool, limited } from '../pools.ts';
import { RunWriter } from '../run-writer.ts';
import { withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface CalibrateOptions extends ModelOptions {
  output?: string;
  template: TemplateName;
  prompts: string[];
  limit?: number;
  maxNewTokens: number;
}

const DEFAULT_POOLS = ['over-rejection', 'malicious', 'control'];

export function addCalibrateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('calibrate')
    .description('learn which first tokens open a refusal of this model and template')
    .option('-o, --output <file>', 'run file to write');
  addModelOptions(command)
    .addOption(templateOption('chat'))
    .option(
      '--prompts <pool>',
      `pool or file; may be given again (default: ${DEFAULT_POOLS.join(', ')})`,
      collect(String),
      [],
    )
    .option('--limit <n>', 'at most so many prompts of each, spread evenly', wholeNumber(1, 100_000))
    .option('--max-new-tokens <n>', 'tokens of an answer', wholeNumber(1, 512), 16)
    .addHelpText(
      'after',
      '\nExample:\n  npx stratascope calibrate --model smollm2-135m-instruct --adapter safety-adapter --template alpaca\n',
    )
    .action((options: CalibrateOptions) => runCalibrate(options, terminal));
}

async function runCalibrate(options: CalibrateOptions, terminal: Terminal): Promise<void> {
  if (options.output) checkWritable(options.output);
  const choices = options.prompts.length > 0 ? options.prompts : DEFAULT_POOLS;
  const pools: Record<string, PromptItem[]> = {};
  for (const choice of choices) pools[choice] = limited((await choosePool(choice)).prompts, options.limit);
  const prompts = Object.values(pools).flat();
  await withModel(options, { terminal, hash: options.output !== undefined }, async (session) => {
    const head = {
      kind: 'sweep' as const,
      template: options.template,
      seed: 0,
      settings: { command: 'calibrate', prompts: choices, limit: options.limit ?? null },
      pools,
    };
    const writer = new RunWriter(session, head, terminal.signal);
    const { calibration } = await writer.run('calibrate', 'calibration', {
      template: options.template,
      setting: { adapters: session.adapters, scale: [] },
      prompts,
      rules: DEFAULT_REFUSAL_RULES,
      maxNewTokens: options.maxNewTokens,
    });
    if (options.output) writer.write(options.output);
    terminal.stdout.write(calibrationText(calibration));
  });
}

function calibrationText(calibration: RefusalCalibration): string {
  const tokens = calibration.tokenTexts.map(
    (text, at) => `${JSON.stringify(text)} (${calibration.tokenIds[at]})`,
  );
  const lines = [
    `first tokens of a refusal: ${tokens.join(', ') || 'none found'}`,
    `refused when their probability exceeds ${calibration.threshold.toPrecision(4)}`,
    `agrees with the decoded answer on ${(calibration.agreement * 100).toFixed(1)} % of ${calibration.sampleCount} prompts it was learnt from, AUROC ${calibration.auroc.toFixed(3)}`,
    calibrationWarning(calibration),
  ];
  return `${lines.filter((line) => line !== null).join('\n')}\n`;
}
