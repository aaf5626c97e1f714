/**
 * `forward` on every reference model, from files to files: both forms of config.json, shards, bfloat16, scaled matrices, adapters.
 * What the engine computes is tests/parity; here the arguments and what is written stand for it.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MATRIX_PRESETS } from '@/method/scaling.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openSafetensors, readBytes, readFloats } from '@/model/safetensors.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';
import { TINY_MODELS } from '../tests/parity/tiny-models.ts';
import { toleranceOf } from '../tests/parity/tolerances.ts';
import { runCli, temporaryFolder } from './testing/run-cli.ts';

const fixtures = fileURLToPath(new URL('../tests/fixtures', import.meta.url));
const folder = temporaryFolder('families');

interface Sequence {
  ids: number[];
  greedy: number[];
}
interface ScaleCase {
  first_layer: number;
  last_layer: number;
  alpha: number;
  matrices: keyof typeof SETS;
}

const SETS: Record<string, readonly MatrixName[]> = {
  all: MATRIX_NAMES,
  published: MATRIX_PRESETS.published.matrices,
  attention: ['q', 'k', 'v', 'o'],
  residual: ['o', 'down'],
};

const json = <T>(...parts: string[]) => JSON.parse(readFileSync(path.join(fixtures, ...parts), 'utf8')) as T;

async function tensors(file: string) {
  const opened = await openSafetensors(memorySource(readFileSync(file), path.basename(file)));
  return {
    floats: (name: string) => readFloats(opened, name),
    has: (name: string) => opened.entries.has(name),
    integers: async (name: string) =>
      Array.from(new Int32Array((await readBytes(opened, name)).slice().buffer)),
  };
}

/** Runs the command and opens what it wrote. */
async function forward(model: string, input: object, ...more: string[]) {
  const [from, to] = ['in.json', 'out.safetensors'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  writeFileSync(from, JSON.stringify(input));
  const { code, err } = await runCli(['forward', '-m', model, '-i', from, '-o', to, '-q', ...more]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return tensors(to);
}

function expectClose(got: Float32Array, want: Float32Array, tolerance: number, what: string): void {
  expect(got.length, what).toBe(want.length);
  const difference = got.reduce((worst, value, i) => Math.max(worst, Math.abs(value - want[i]!)), 0);
  expect(difference, what).toBeLessThanOrEqual(tolerance);
}

async function expectForward(model: string, name: string, stem: string, tolerance: Errors): Promise<void> {
  const { sequences } = json<{ sequences: Sequence[] }>(name, `${stem}.json`);
  const input = { sequences: sequences.map(({ ids }) => ({ ids })), attention: true, generate: 16 };
  const got = await forward(model, input);
  const want = await tensors(path.join(fixtures, name, `${stem}.safetensors`));
  for (const [n, { ids, greedy }] of sequences.entries()) {
    for (const quantity of ['hidden', 'logits', 'attention'] as const) {
      if (!want.has(`seq${n}.${quantity}`)) continue;
      const [a, b] = [await got.floats(`s${n}.${quantity}`), await want.floats(`seq${n}.${quantity}`)];
      expectClose(a, b, tolerance[quantity]!, `${quantity} of sequence ${n}`);
    }
    expect(await got.integers(`s${n}.ids`)).toEqual(ids);
    expect(await got.integers(`s${n}.generated`)).toEqual(greedy);
  }
}
type Errors = ReturnType<typeof toleranceOf>;

describe.each(TINY_MODELS)('forward on %s', (name) => {
  const model = path.join(fixtures, name, 'model');

  it('gives the reference values', () => expectForward(model, name, 'forward', toleranceOf(name, 'forward')));

  it('gives them from the config.json of transformers 4, and from GGUF', async () => {
    const old = path.join(folder, `${name}-v4`);
    mkdirSync(old);
    copyFileSync(path.join(fixtures, name, 'config_v4.json'), path.join(old, 'config.json'));
    symlinkSync(path.join(model, 'model.safetensors'), path.join(old, 'model.safetensors'));
    await expectForward(old, name, 'forward', toleranceOf(name, 'forward'));
    if (name.startsWith('llama')) return;
    const file = path.join(fixtures, name, 'gguf/tiny_f16.gguf');
    await expectForward(file, `${name}/gguf`, 'forward', toleranceOf(name, 'forward'));
  });

  it('gives them under every scaling', async () => {
    const { sequences } = json<{ sequences: Sequence[] }>(name, 'forward.json');
    const { cases } = json<{ cases: ScaleCase[] }>(name, 'scale.json');
    const want = await tensors(path.join(fixtures, name, 'scale.safetensors'));
    const tolerance = toleranceOf(name, 'scale');
    for (const [c, { first_layer, last_layer, alpha, matrices }] of cases.entries()) {
      const scale = [{ layers: [first_layer, last_layer], alpha, matrices: SETS[matrices] }];
      const got = await forward(model, { sequences: sequences.map(({ ids }) => ({ ids })), scale });
      for (const n of sequences.keys()) {
        for (const quantity of ['hidden', 'logits'] as const) {
          const [a, b] = [`s${n}.${quantity}`, `case${c}.seq${n}.${quantity}`];
          expectClose(await got.floats(a), await want.floats(b), tolerance[quantity]!, b);
        }
      }
    }
  });

  it('gives them with an adapter', async () => {
    const { probe_ids } = json<{ probe_ids: number[] }>(name, 'lora/lora.json');
    const adapter = path.join(fixtures, name, 'lora/final');
    const got = await forward(model, { sequences: [{ ids: probe_ids }] }, '-a', adapter);
    const want = await tensors(path.join(fixtures, name, 'lora/probe.safetensors'));
    const tolerance = toleranceOf(name, 'adapter').adapter!;
    expectClose(await got.floats('s0.logits'), await want.floats('logits_adapter'), tolerance, 'adapter');
  });
});

it.each([
  ['qwen2', 'model-sharded', 'forward'],
  ['qwen3', 'model-bf16', 'forward_bf16'],
])('forward on %s/%s', (name, checkpoint, stem) =>
  expectForward(path.join(fixtures, name, checkpoint), name, stem, toleranceOf(name, 'forward')),
);
