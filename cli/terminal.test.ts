import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Progress } from '@/protocol/experiments.ts';
import { progressDisplay } from './terminal.ts';

/** As cli-progress wants a terminal: a cursor and a width. */
class FakeTerminal extends PassThrough {
  isTTY = true;
  columns = 120;
  cursorTo(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
  clearLine(): boolean {
    return true;
  }
}

const step = (done: number): Progress => ({
  phase: 'Scoring prompts',
  done,
  total: 10,
  unit: 'prompts',
  elapsedMs: done * 500,
});

function shown(isTTY: boolean, quiet: boolean): string {
  const stderr = new FakeTerminal();
  stderr.isTTY = isTTY;
  const display = progressDisplay(
    { stdout: new PassThrough(), stderr, signal: new AbortController().signal },
    quiet,
  );
  display.show(step(0));
  display.show(step(5));
  display.say('Note: something.');
  display.show(step(10));
  display.stop();
  return String(stderr.read() ?? '');
}

describe('progress', () => {
  it('is a bar with phase, amount and rate where a person is looking', () => {
    const text = shown(true, false);
    expect(text).toContain('Scoring prompts [');
    expect(text).toContain('5/10 prompts 2.0 prompts/s');
    expect(text).toContain('Note: something.\n');
  });

  it('is left out where stderr is no terminal, remarks are not', () => {
    expect(shown(false, false)).toBe('Note: something.\n');
  });

  it('says nothing at all when quiet', () => {
    expect(shown(true, true)).toBe('');
  });
});
