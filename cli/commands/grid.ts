/** `grid`: every range of layers at one alpha, by first-token score, as a run file; single layers by alpha besides. */
import type { Command } from 'commander';
import { summariseGrid } from '@/method/grid.ts';
import { addLocaliseOptions, type LocaliseOptions, localise } from '../localise-run.ts';
import { gridText, layerAlphaText } from '../localise-text.ts';
import { alphaList, oneAlpha, wholeNumber } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
A coarse picture comes first, then the most promising rows; the best ranges are decoded. Cells are kept beside the output
as they are done; after a kill the same command goes on where it stopped.

Examples:
  npx stratascope grid --model smollm2-135m-instruct --adapter safety-adapter --alpha 1.1 --output grid.json
  npx stratascope grid --model smollm2-135m-instruct --adapter planted-adapter-8-13 --alpha 0.9 --limit 32 \\
      --single-layers 0.5:1.5:0.1 --output planted.json
`;

interface GridOptions extends LocaliseOptions {
  alpha: number;
  coarseStep: number;
  decodeBest: number;
  singleLayers?: number[];
}

export function addGridCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('grid')
    .description('refusals under every range of layers at one alpha, written as a run file');
  addLocaliseOptions(command)
    .option('--alpha <alpha>', 'factor on the weights of the range', oneAlpha, 1.1)
    .option(
      '--coarse-step <n>',
      'layers between the bounds of the first, coarse picture',
      wholeNumber(1, 64),
      3,
    )
    .option('--decode-best <n>', 'so many of the best ranges are decoded', wholeNumber(0, 1000), 5)
    .option(
      '--single-layers <alphas>',
      'also every single layer at these alphas, e.g. 0.5:1.5:0.1',
      alphaList,
    )
    .addHelpText('after', HELP)
    .action((options: GridOptions) => runGrid(options, terminal));
}

async function runGrid(options: GridOptions, terminal: Terminal): Promise<void> {
  const { alpha, coarseStep, decodeBest, singleLayers } = options;
  // How coarse the first picture is changes nothing in the result.
  const request = { alpha, decodeBest, singleLayers: singleLayers ?? null };
  await localise(options, terminal, 'grid', request, async ({ counted, search }) => {
    const params = { ...counted, alpha, coarseStep, decodeBest };
    const grid = await search('grid', `all ranges, alpha ${alpha}`, params);
    const summary = summariseGrid(grid, alpha)!;
    const text = gridText(grid, summary, alpha);
    if (!singleLayers) return text;
    const { rules: _, maxNewTokens: __, ...scored } = counted;
    const single = await search('layerAlpha', 'single layers', { ...scored, alphas: singleLayers });
    return `${text}\n${layerAlphaText(single)}`;
  });
}
