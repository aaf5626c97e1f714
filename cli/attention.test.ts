/** `attention` and `export` on the micro model: what is printed, what is written, what is refused. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { memorySource } from '@/model/memory-source.ts';
import { openSafetensors, readFloats } from '@/model/safetensors.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const folder = temporaryFolder('attention');
const at = (name: string) => path.join(folder, name);

const cli = (...args: string[]) => runCli(args);
const PAIR = ['--text', 'How to kill a process?', '--text', 'How to kill a person?'];
const attention = (...more: string[]) => cli('attention', '-m', MICRO, '-t', 'none', ...more);

describe('attention', () => {
  it('prints entropy, the word and the stages of both prompts, and their difference', async () => {
    const { code, out } = await attention(...PAIR, '--word', 'kill', '--range', '1-2');
    expect(code).toBe(0);
    const blocks = out.trim().split('\n\n');
    expect(blocks).toHaveLength(3);
    const layers = (block: string) => block.split('\n').filter((line) => /^ +\d+ /.test(line));
    for (const block of blocks.slice(0, 2)) {
      expect(block).toContain('"kill"');
      expect(layers(block)).toHaveLength(6);
      expect(block).toContain('within the range, 1-2 (detection of malicious intention)');
    }
    // The bare prompt is all there is, so the places cover everything and each layer's differences sum to 0.
    const difference = layers(blocks[2]!);
    expect(difference).toHaveLength(6);
    for (const line of difference) {
      const values = line.trim().split(/ +/).slice(1).map(Number);
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0))).toBeLessThan(
        0.005 * values.length + 1e-9,
      );
    }
  });

  it('writes tensors whose rows are probabilities, and a run file with the same numbers', async () => {
    expect(await attention(...PAIR, '-o', at('a.safetensors'), '-q')).toMatchObject({ code: 0, out: '' });
    expect(await attention(...PAIR, '-o', at('a.json'), '-q')).toMatchObject({ code: 0 });
    const opened = await openSafetensors(memorySource(readFileSync(at('a.safetensors')), 'a.safetensors'));
    const part = parseRunFile(readFileSync(at('a.json'), 'utf8'), 'a.json').run.parts[0]!;
    if (part.kind !== 'attention') throw new Error('another part came');
    for (const [index, picture] of part.result.pictures.entries()) {
      const name = `p${index}.attention`;
      const { layerCount, headCount, tokens } = picture;
      expect(opened.entries.get(name)!.dims).toEqual([layerCount, headCount, tokens.length]);
      const values = await readFloats(opened, name);
      expect(values).toEqual(picture.attention);
      for (let row = 0; row < layerCount * headCount; row++) {
        const sum = values
          .subarray(row * tokens.length, (row + 1) * tokens.length)
          .reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 5);
      }
    }
  });

  it('reads a pool, spread evenly, and prints the first four', async () => {
    const { code, out } = await attention('--prompts', 'over-rejection', '--limit', '6');
    expect(code).toBe(0);
    expect(out).toContain('… and 2 more prompts in the file.');
  });

  it.each([
    ['no prompt', [], /no prompt to read.*--text/],
    ['another ending', [...PAIR, '-o', 'a.txt'], /no output as "\.txt"/],
    ['a range beyond the model', [...PAIR, '--range', '3-9'], /Layers 3-9 are not in this model/],
    ['alpha without layers', [...PAIR, '--alpha', '1.1'], /belong together/],
  ])('%s: one line that says so', async (_, args, message) => {
    const { code, err } = await attention(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('export', () => {
  it('.npz holds the arrays of the run, .ipynb a notebook; anything else is refused', async () => {
    await attention(...PAIR, '-o', at('b.json'), '-q');
    expect(await cli('export', at('b.json'), '-o', at('b.npz'))).toMatchObject({ code: 0 });
    const files = Object.keys(unzipSync(readFileSync(at('b.npz'))));
    expect(files).toContain('0-attention/pictures/1/attention.npy');
    expect(files).toContain('pools/attention/text.npy');
    expect(await cli('export', at('b.json'), '-o', at('b.ipynb'))).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(at('b.ipynb'), 'utf8'))).toMatchObject({ nbformat: 4 });
    const { code, err } = await cli('export', at('b.json'), '-o', at('b.xlsx'));
    expect(err).toMatch(/no export to "\.xlsx".*\.npz or \.ipynb/);
    expect(code).toBe(2);
  });
});
