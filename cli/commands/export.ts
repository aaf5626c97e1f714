/** `export`: a run file in other programs' formats: arrays for NumPy, or a notebook that repeats it with transformers. */
import path from 'node:path';
import type { Command } from 'commander';
import { AppError } from '@/model/app-error.ts';
import { writeNpz } from '@/model/npz-writer.ts';
import { runNotebook } from '@/runs/notebook.ts';
import { runArrays } from '@/runs/run-arrays.ts';
import { checkWritable, writeWholeFile } from '../files.ts';
import { readRunFile } from '../run-input.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
.npz    every list of numbers, every prompt and answer: numpy.load("run.npz")["0-similarity/raw/gap/ofMeansDeg"]
.ipynb  a Jupyter notebook that repeats curves, exact counts and band scans with transformers and peft, on the run's model
        or on a full-size one of your choice, beside the run's own numbers

Examples:
  npx stratascope export public/recorded/aligned.json -o aligned.npz
  npx stratascope export public/recorded/aligned.json -o aligned.ipynb
`;

interface ExportOptions {
  output: string;
  quiet?: boolean;
}

export function addExportCommand(program: Command, terminal: Terminal): void {
  program
    .command('export')
    .argument('<run>', 'run file')
    .description('a run file as NumPy arrays (.npz) or as a Python notebook (.ipynb)')
    .requiredOption('-o, --output <file>', 'file to write; its ending says which format')
    .option('-q, --quiet', 'no remarks')
    .option('--json-errors', 'errors as one JSON object on stderr')
    .addHelpText('after', HELP)
    .action((file: string, options: ExportOptions) => runExport(file, options, terminal));
}

function runExport(file: string, { output, quiet }: ExportOptions, terminal: Terminal): void {
  checkWritable(output);
  const format = path.extname(output).toLowerCase();
  if (format !== '.npz' && format !== '.ipynb') {
    throw new AppError(
      'bad-input',
      `There is no export to "${format || output}".`,
      'Use a name that ends in .npz or .ipynb.',
    );
  }
  const { run, warnings } = readRunFile(file);
  if (!quiet) for (const warning of warnings) terminal.stderr.write(`Note: ${warning}\n`);
  const content =
    format === '.npz'
      ? writeNpz(runArrays(run))
      : `${JSON.stringify(runNotebook(run, path.basename(file)), null, 1)}\n`;
  writeWholeFile(output, content);
  if (!quiet) terminal.stderr.write(`Wrote ${path.basename(output)}.\n`);
}
