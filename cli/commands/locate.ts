/** `locate`: the paper's progressive localisation from the gap to the final range, in the form of table 1, as a run file. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SEARCH_DEFAULTS } from '@/method/search-defaults.ts';
import { SEARCH_DIRECTIONS, type SearchDirection } from '@/protocol/localise.ts';
import { addLocaliseOptions, type LocaliseOptions, localise } from '../localise-run.ts';
import { locateText } from '../localise-text.ts';
import { layerRange, wholeNumber } from '../options.ts';
import { choosePool, limited } from '../pools.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
The start comes from the angle gap; where the gap proposes no range, from --start. Alpha goes away from 1 in steps until the
counts along the sweep spread enough, unless the text breaks first; then the upper bound moves, then the lower one. Counts
are kept beside the output as they are made; after a kill the same command goes on where it stopped.

Examples:
  npx stratascope locate --model smollm2-135m-instruct --adapter safety-adapter --output located.json
  npx stratascope locate --model smollm2-135m-instruct --adapter planted-adapter-8-13 --no-gap --start 6-12 \\
      --directions raise --exact --limit 40 --output planted.json
`;

interface LocateOptions extends LocaliseOptions {
  start?: { first: number; last: number };
  gap: boolean;
  directions: SearchDirection[];
  exact?: boolean;
  alphaStep: number;
  alphaLimit: number;
  spread: number;
  garbled: number;
  window: number;
  extend: boolean;
  upper?: { first: number; last: number };
  lower?: { first: number; last: number };
  normal: string;
  malicious: string;
}

export function addLocateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('locate')
    .description("the paper's search for the range, bound by bound, written as a run file");
  const { alphaStep, alphaLimit, spreadShare, garbledShare, halfWindow } = SEARCH_DEFAULTS;
  addLocaliseOptions(command)
    .option(
      '--start <range>',
      'where to start if the gap proposes no range (default: the middle)',
      layerRange,
    )
    .option('--no-gap', 'do not ask the gap, begin at --start')
    .addOption(
      new Option('--directions <list>', 'raise (alpha > 1), lower (alpha < 1)')
        .argParser(directionList)
        .default([...SEARCH_DIRECTIONS], SEARCH_DIRECTIONS.join(',')),
    )
    .option('--exact', 'decode every answer instead of scoring first tokens: slow, as the paper does')
    .option('--alpha-step <step>', 'step of alpha away from 1', share, alphaStep)
    .option('--alpha-limit <distance>', 'alpha goes at most so far from 1', share, alphaLimit)
    .option('--spread <share>', 'spread of the counts that alpha must reach, per prompt', share, spreadShare)
    .option('--garbled <share>', 'share of garbled answers that is still taken', share, garbledShare)
    .option('--window <n>', 'bounds tried on either side of the start', wholeNumber(1, 64), halfWindow)
    .option('--no-extend', 'do not go on where the best bound is the last one tried')
    .option('--upper <range>', 'last layers to try, instead of a window', layerRange)
    .option('--lower <range>', 'first layers to try, instead of a window', layerRange)
    .option('--normal <pool>', 'pool of normal prompts, for the gap', 'normal')
    .option('--malicious <pool>', 'pool of malicious prompts, for the gap', 'malicious')
    .addHelpText('after', HELP)
    .action((options: LocateOptions) => runLocate(options, terminal));
}

function directionList(text: string): SearchDirection[] {
  const names = text.split(',').map((name) => name.trim());
  const known = (name: string): name is SearchDirection => SEARCH_DIRECTIONS.some((one) => one === name);
  if (names.every(known)) return SEARCH_DIRECTIONS.filter((one) => names.includes(one));
  throw new InvalidArgumentError(`Use ${SEARCH_DIRECTIONS.join(', ')} or both.`);
}

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number between 0 and 1.');
}

async function runLocate(options: LocateOptions, terminal: Terminal): Promise<void> {
  const pool = async (choice: string) => limited((await choosePool(choice)).prompts, options.limit);
  const gap = options.gap
    ? { normal: await pool(options.normal), malicious: await pool(options.malicious) }
    : null;
  const settings = {
    counting: options.exact ? ('exact' as const) : ('score' as const),
    directions: options.directions,
    alphaStep: options.alphaStep,
    alphaLimit: options.alphaLimit,
    spreadShare: options.spread,
    garbledShare: options.garbled,
    halfWindow: options.window,
    extend: options.extend,
    guardPrompts: 16,
    ...(options.upper ? { uppers: layersOf(options.upper) } : {}),
    ...(options.lower ? { lowers: layersOf(options.lower) } : {}),
  };
  const request = { ...settings, start: options.start ?? null, gap };
  await localise(options, terminal, 'locate', request, async ({ session, counted, search }) => {
    const { layerCount } = session.card.spec;
    const middle: [number, number] = [Math.floor(layerCount / 3), Math.floor(layerCount / 2)];
    const fallback: [number, number] = options.start ? [options.start.first, options.start.last] : middle;
    const result = await search('locate', 'progressive search', { ...counted, ...settings, gap, fallback });
    return locateText(result);
  });
}

const layersOf = ({ first, last }: { first: number; last: number }): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);
