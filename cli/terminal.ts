/** Where the command line writes, and its progress bars: on stderr, and only where a person is looking. */
import { SingleBar } from 'cli-progress';
import type { Progress } from '@/protocol/experiments.ts';

export interface Terminal {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

export interface ProgressDisplay {
  /** A phase that ends at its total makes room for the next. `detail` stands beside the bar. */
  show(progress: Progress, detail?: string): void;
  /** A line above the bar. */
  say(line: string): void;
  stop(): void;
}

export function progressDisplay(terminal: Terminal, quiet: boolean): ProgressDisplay {
  const { stderr } = terminal;
  if (quiet) return { show: () => {}, say: () => {}, stop: () => {} };
  if (!stderr.isTTY) return { show: () => {}, say: (line) => stderr.write(`${line}\n`), stop: () => {} };
  let bar: SingleBar | null = null;
  let phase = '';
  const stop = () => {
    bar?.stop();
    bar = null;
    phase = '';
  };
  return {
    show: (progress, detail = '') => {
      if (phase !== progress.phase) {
        stop();
        phase = progress.phase;
        bar = new SingleBar({
          stream: stderr,
          format: '{phase} [{bar}] {amount} {rate}{detail} {eta_formatted} left',
          hideCursor: true,
          clearOnComplete: true,
          etaBuffer: 50,
        });
        bar.start(progress.total, 0, { phase, amount: '', rate: '', detail: '' });
      }
      bar?.setTotal(progress.total);
      bar?.update(progress.done, {
        amount: amount(progress),
        rate: rate(progress),
        detail: detail && ` ${detail}`,
      });
      if (progress.done >= progress.total) stop();
    },
    say: (line) => {
      stop();
      stderr.write(`${line}\n`);
    },
    stop,
  };
}

const MIB = 2 ** 20;

function amount({ done, total, unit }: Progress): string {
  if (unit === 'bytes') return `${(done / MIB).toFixed(0)}/${(total / MIB).toFixed(0)} MB`;
  return `${done}/${total} ${unit}`;
}

function rate({ done, unit, elapsedMs }: Progress): string {
  if (elapsedMs <= 0 || done <= 0) return '';
  const perSecond = (done / elapsedMs) * 1000;
  return unit === 'bytes' ? `${(perSecond / MIB).toFixed(1)} MB/s` : `${perSecond.toPrecision(2)} ${unit}/s`;
}
