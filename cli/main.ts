/** The command line: commands, help, errors of one line, exit codes. What the commands do is in commands/. */
import { Command, CommanderError } from 'commander';
import { AppError } from '@/model/app-error.ts';
import { appVersion } from './app-version.ts';
import { addAttentionCommand } from './commands/attention.ts';
import { addCalibrateCommand } from './commands/calibrate.ts';
import { addCompareCommand } from './commands/compare.ts';
import { addControlCommand } from './commands/control.ts';
import { addCurvesCommand } from './commands/curves.ts';
import { addExportCommand } from './commands/export.ts';
import { addForwardCommand } from './commands/forward.ts';
import { addGridCommand } from './commands/grid.ts';
import { addLocateCommand } from './commands/locate.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addSweepCommand } from './commands/sweep.ts';
import { addTrainCommand } from './commands/train.ts';
import { EXIT_CODE_HELP, EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  npx stratascope curves --model smollm2-135m-instruct --adapter safety-adapter --output curves.json
  npx stratascope sweep --model smollm2-135m-instruct --adapter safety-adapter \\
      --layers 8-13 --alphas 0.8:1.2:0.05 --output sweep.json
  npx stratascope locate --model smollm2-135m-instruct --adapter safety-adapter --output located.json
  npx stratascope grid --model smollm2-135m-instruct --adapter safety-adapter --alpha 1.1 --output grid.json
  npx stratascope control random-ranges --model smollm2-135m-instruct --adapter safety-adapter \\
      --layers 8-13 --alpha 1.1 --output random.json
  npx stratascope train --model smollm2-135m-instruct --adapter safety-adapter \\
      --method sppft --band 8-13 --data implicit --output runs/sppft
  npx stratascope forward --model folder-or-file.gguf --input in.json --output out.safetensors

The page opens the files that curves and sweep write: drop them onto it.
Layers count from 0 and ranges include both ends.
`;

/** Runs one command. Never throws and never exits: returns the exit code. */
export async function main(args: string[], given: Partial<Terminal> = {}): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const terminal: Terminal = {
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
    ...given,
  };
  try {
    await buildProgram(terminal).parseAsync(args, { from: 'user' });
    return EXIT_CODES.ok;
  } catch (error) {
    return report(error, terminal, args.includes('--json-errors'));
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

function buildProgram(terminal: Terminal): Command {
  const program = new Command('stratascope')
    .description(
      'See and scale the safety layers of a language model: the experiments of the page, on ONNX Runtime for Node.',
    )
    .version(appVersion(), '-V, --version', 'print the version')
    .addHelpText('after', `${EXAMPLES}\n${EXIT_CODE_HELP}`);
  addForwardCommand(program, terminal);
  addCurvesCommand(program, terminal);
  addSweepCommand(program, terminal);
  addLocateCommand(program, terminal);
  addGridCommand(program, terminal);
  addControlCommand(program, terminal);
  addCalibrateCommand(program, terminal);
  addTrainCommand(program, terminal);
  addAttentionCommand(program, terminal);
  addCompareCommand(program, terminal);
  addReplayCommand(program, terminal);
  addExportCommand(program, terminal);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      // Help asked for wrongly (no command) still helps; errors are written by `report`, on one line.
      writeErr: (text) => void terminal.stderr.write(text),
      outputError: () => {},
    });
  }
  return program;
}

function report(error: unknown, terminal: Terminal, asJson: boolean): number {
  const { code, exitCode, message, advice } = describe(error);
  if (exitCode === EXIT_CODES.ok) return exitCode;
  if (asJson) {
    terminal.stderr.write(`${JSON.stringify({ error: { code, message, advice, exitCode } })}\n`);
  } else if (message) {
    const line = ['stratascope:', message, advice].filter(Boolean).join(' ');
    terminal.stderr.write(`${line.replace(/\s*\n\s*/g, ' ')}\n`);
  }
  return exitCode;
}

interface Description {
  code: string;
  exitCode: number;
  message: string;
  advice: string;
}

function describe(error: unknown): Description {
  if (error instanceof CommanderError) {
    // Help and version leave by this way too, with exit code 0; plain `stratascope` has shown its help already.
    if (error.exitCode === 0) return { code: 'ok', exitCode: EXIT_CODES.ok, message: '', advice: '' };
    const shown = error.code === 'commander.help';
    const message = shown ? '' : sentence(error.message.replace(/^error: /, ''));
    return { code: 'bad-usage', exitCode: EXIT_CODES.usage, message, advice: 'See "stratascope --help".' };
  }
  if (error instanceof AppError) {
    const { code, message, advice } = error;
    return { code, exitCode: exitCodeOf(code), message, advice };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = process.env.STRATASCOPE_DEBUG && error instanceof Error ? ` ${error.stack}` : '';
  return {
    code: 'defect',
    exitCode: EXIT_CODES.defect,
    message: sentence(`this should not happen: ${message}${stack}`),
    advice: 'Please report it; STRATASCOPE_DEBUG=1 shows where it happened.',
  };
}

const sentence = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
