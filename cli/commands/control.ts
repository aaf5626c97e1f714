/** `control`: one experiment that could prove a located range wrong, as a run file. Which there are: src/experiments/controls. */
import { Argument, type Command, CommanderError, InvalidArgumentError } from 'commander';
import { checkControl } from '@/experiments/controls/control.ts';
import { CONTROLS, controlCards } from '@/experiments/controls/index.ts';
import { calibrationWarning } from '@/method/first-token.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { AppError } from '@/model/app-error.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import {
  CONTROL_POOLS,
  type ControlCard,
  type ControlParams,
  type ControlPool,
  type ControlRow,
} from '@/protocol/controls.ts';
import type { PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import { controlListText, controlText } from '../control-table.ts';
import { checkWritable } from '../files.ts';
import {
  addModelOptions,
  collect,
  layerRange,
  type ModelOptions,
  matrixSet,
  oneAlpha,
  templateOption,
  wholeNumber,
} from '../options.ts';
import { choosePool, limited, shippedPool } from '../pools.ts';
import { resumedControl } from '../resumed.ts';
import { RowJournal } from '../row-journal.ts';
import { RunWriter } from '../run-writer.ts';
import { withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Rows are kept beside the output as they are done; after a kill the same command goes on where it stopped.

Examples:
  npx stratascope control --list
  npx stratascope control shuffled-gap --model smollm2-135m-instruct --adapter safety-adapter --output shuffled.json
  npx stratascope control random-ranges --model smollm2-135m-instruct --adapter safety-adapter \\
      --layers 8-13 --alpha 1.1 --set draws=24 --output random.json
`;

interface ControlOptions extends ModelOptions {
  output: string;
  template: TemplateName;
  layers?: { first: number; last: number };
  alpha: number;
  matrices: MatrixName[];
  normal: string;
  malicious: string;
  prompts: string;
  harmless: string;
  limit?: number;
  seed: number;
  set: Array<[key: string, value: string]>;
}

export function addControlCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('control')
    .description('a control of the method, written as a run file; --list says which there are')
    .addArgument(new Argument('<name>', 'which control').choices(CONTROLS.map(({ name }) => name)))
    .option('--list', 'say what every control does, where it comes from and what it needs')
    .requiredOption('-o, --output <file>', 'run file to write');
  // Answered while options are read, as --help is: it needs neither a name nor a model.
  command.on('option:list', () => {
    terminal.stdout.write(controlListText(controlCards()));
    throw new CommanderError(0, 'stratascope.list', '');
  });
  addModelOptions(command)
    .addOption(templateOption('chat'))
    .option('-l, --layers <range>', 'range under test, e.g. 8-13', layerRange)
    .option('--alpha <alpha>', 'factor on the weights of the range', oneAlpha, 1.1)
    .option('--matrices <set>', 'which matrices: a preset or a list', matrixSet, matrixSet('all'))
    .option('--normal <pool>', 'pool of normal prompts', 'normal')
    .option('--malicious <pool>', 'pool of malicious prompts', 'malicious')
    .option('--prompts <pool>', 'prompts whose refusals are counted', 'over-rejection')
    .option('--harmless <pool>', 'prompts on which damage is measured', 'control')
    .option('--limit <n>', 'at most so many prompts of each pool, spread evenly', wholeNumber(5, 100_000))
    .option('--seed <n>', 'seed of every draw, fold and bootstrap', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--set <key=value>',
      "one of the control's own options; may be given again",
      collect(keyValue),
      [],
    )
    .addHelpText('after', HELP)
    .action((name: string, options: ControlOptions) => runControl(name, options, terminal));
}

function keyValue(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new InvalidArgumentError('An option is "draws=24".');
}

async function runControl(name: string, options: ControlOptions, terminal: Terminal): Promise<void> {
  checkWritable(options.output);
  const control = CONTROLS.find((one) => one.name === name)!;
  if (control.needs.range && !options.layers) {
    throw new AppError('bad-input', `"${control.title}" tests a range.`, 'Give it, e.g. --layers 8-13.');
  }
  const pools = await poolsOf(options);
  await withModel(options, { terminal, hash: true }, async (session) => {
    const { card, adapters, display, lab } = session;
    const asked = {
      name,
      template: options.template,
      setting: { adapters, scale: [] },
      options: Object.fromEntries(options.set),
      range: options.layers ? { ...options.layers, alpha: options.alpha, matrices: options.matrices } : null,
      seed: options.seed,
      ...usedPools(pools, control),
    };
    checkControl(control, { ...asked, calibration: NOT_YET }, card.spec.layerCount);
    const journal = RowJournal.open<RefusalCalibration | null, ControlRow>(options.output, [
      asked,
      card.sha256,
      session.adapterCards.map(({ sha256 }) => sha256),
    ]);
    if (journal.rows.length > 0) display.say(`Going on after ${journal.rows.length} rows of an earlier run.`);
    const head = {
      kind: 'control' as const,
      template: options.template,
      seed: options.seed,
      settings: { command: 'control', control: name, limit: options.limit ?? null },
      pools: Object.fromEntries(CONTROL_POOLS.map((pool) => [pool, asked[pool]])),
    };
    const writer = new RunWriter(session, head, terminal.signal);
    if (control.needs.calibration && !journal.head) {
      const prompts = [...pools.counted, ...pools.malicious, ...pools.harmless];
      const { calibration } = await lab.run(
        'calibrate',
        { ...asked, prompts, rules: DEFAULT_REFUSAL_RULES, maxNewTokens: 16 },
        (event) => event.type === 'progress' && display.show(event.progress),
        terminal.signal,
      );
      journal.begin(calibration);
    }
    const calibration = journal.head;
    const warning = calibration && calibrationWarning(calibration);
    if (warning) display.say(`Note: ${warning}`);
    const params: ControlParams = { ...asked, calibration };
    const place = { lab, display, signal: terminal.signal };
    const result = await resumedControl(place, journal, control.title, params);
    writer.keep({ kind: 'control', label: control.title, params, result });
    writer.write(options.output);
    journal.remove();
    if (!options.quiet) terminal.stdout.write(controlText(result));
  });
}

/** In the place of what is learnt only after everything else is known to be in order. */
const NOT_YET: RefusalCalibration = {
  tokenIds: [0],
  tokenTexts: [''],
  threshold: 1,
  sampleCount: 0,
  agreement: 0,
  auroc: 0,
};

type Pools = Record<ControlPool, PromptItem[]>;

/** Pools that the control does not use stay out of its parameters; damage is measured by every control that counts. */
function usedPools(pools: Pools, { needs }: ControlCard): Pools {
  const isUsed = (pool: ControlPool) =>
    needs.pools.includes(pool) || (needs.calibration && pool === 'harmless');
  return Object.fromEntries(CONTROL_POOLS.map((pool) => [pool, isUsed(pool) ? pools[pool] : []])) as Pools;
}

async function poolsOf(options: ControlOptions): Promise<Pools> {
  const of = async (choice: string) => limited((await choosePool(choice)).prompts, options.limit);
  return {
    normal: await of(options.normal),
    malicious: await of(options.malicious),
    matchedNormal: limited(await shippedPool('matched-normal'), options.limit),
    matchedMalicious: limited(await shippedPool('matched-malicious'), options.limit),
    counted: await of(options.prompts),
    harmless: await of(options.harmless),
  };
}
