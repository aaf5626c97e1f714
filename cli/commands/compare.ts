/** `compare`: two run files side by side: settings, numbers, outcomes of the same prompts with their paired test. */
import path from 'node:path';
import type { Command } from 'commander';
import { compareRuns } from '@/runs/compare.ts';
import { comparisonText } from '@/runs/report-words.ts';
import { checkWritable, writeWholeFile } from '../files.ts';
import { readRunFile } from '../run-input.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Parts are matched by what was asked, then by name. Counts of the same prompts are tested pairwise (exact McNemar), with
an interval of the change that is clustered by verb. No model is needed.

Example:
  npx stratascope compare public/recorded/aligned.json public/recorded/planted-8-13.json
`;

interface CompareOptions {
  output?: string;
  quiet?: boolean;
}

export function addCompareCommand(program: Command, terminal: Terminal): void {
  program
    .command('compare')
    .argument('<a>', 'run file')
    .argument('<b>', 'run file')
    .description('what differs between two run files: settings, numbers, outcomes')
    .option('-o, --output <file>', 'also write the whole comparison as JSON')
    .option('-q, --quiet', 'no text and no remarks')
    .option('--json-errors', 'errors as one JSON object on stderr')
    .addHelpText('after', HELP)
    .action((a: string, b: string, options: CompareOptions) => runCompare([a, b], options, terminal));
}

function runCompare(files: [string, string], options: CompareOptions, terminal: Terminal): void {
  if (options.output) checkWritable(options.output);
  const [a, b] = files.map((file) => {
    const { run, warnings } = readRunFile(file);
    if (!options.quiet) for (const warning of warnings) terminal.stderr.write(`Note: ${warning}\n`);
    return run;
  });
  const comparison = compareRuns(a!, b!);
  if (options.output) writeWholeFile(options.output, `${JSON.stringify(comparison, null, 1)}\n`);
  const [nameA, nameB] = files.map((file) => path.basename(file));
  if (!options.quiet) terminal.stdout.write(comparisonText(comparison, [nameA!, nameB!]));
}
