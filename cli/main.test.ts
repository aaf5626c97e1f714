/** The command line from its arguments to files and exit codes, on small models; `bin.mjs` itself once, as a process. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memorySource } from '@/model/memory-source.ts';
import { openSafetensors, readBytes, readFloats } from '@/model/safetensors.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { main } from './main.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const fixtures = path.join(root, 'tests/fixtures');
const llama = path.join(fixtures, 'llama/model');
const folder = temporaryFolder('cli');

const at = (name: string) => path.join(folder, name);

const cli = (...args: string[]) => runCli(args);

async function tensors(file: string) {
  const opened = await openSafetensors(memorySource(readFileSync(file), path.basename(file)));
  return {
    names: [...opened.entries.keys()],
    dims: (name: string) => opened.entries.get(name)!.dims,
    dtype: (name: string) => opened.entries.get(name)!.dtype,
    floats: (name: string) => readFloats(opened, name),
    integers: async (name: string) => {
      const bytes = await readBytes(opened, name);
      return Array.from(new Int32Array(bytes.slice().buffer));
    },
  };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

// Ten times the reference's own float32 rounding (tests/fixtures/README.md, "Accuracy").
const TOLERANCE = { hidden: 1e-3, logits: 5e-4, attention: 5e-5 };

interface Sequence {
  ids: number[];
  greedy: number[];
}
const json = (file: string) => JSON.parse(readFileSync(path.join(fixtures, file), 'utf8'));

describe('forward', () => {
  it('gives the reference values: hidden states, logits, attention, greedy tokens past any end token', async () => {
    const { sequences } = json('llama/forward.json') as { sequences: Sequence[] };
    const input = { sequences: sequences.map(({ ids }) => ({ ids })), attention: true, generate: 16 };
    writeFileSync(at('in.json'), JSON.stringify(input));
    const { code, err } = await cli(
      'forward',
      '-m',
      llama,
      '-i',
      at('in.json'),
      '-o',
      at('out.safetensors'),
      '-q',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const got = await tensors(at('out.safetensors'));
    const want = await tensors(path.join(fixtures, 'llama/forward.safetensors'));
    for (const [n, { ids, greedy }] of sequences.entries()) {
      for (const name of ['hidden', 'logits', 'attention'] as const) {
        expect(got.dims(`s${n}.${name}`)).toEqual(want.dims(`seq${n}.${name}`));
        const [a, b] = [await got.floats(`s${n}.${name}`), await want.floats(`seq${n}.${name}`)];
        expect(largestDifference(a, b)).toBeLessThan(TOLERANCE[name]);
      }
      expect(got.dtype(`s${n}.ids`)).toBe('I32');
      expect(await got.integers(`s${n}.ids`)).toEqual(ids);
      expect(await got.integers(`s${n}.generated`)).toEqual(greedy);
    }
  });

  it('gives the same file to the last bit with layers streamed from disk', async () => {
    const input = at('stream.json');
    writeFileSync(input, JSON.stringify({ sequences: [{ ids: [5, 6, 7, 8] }, { ids: [9] }], generate: 4 }));
    const forward = (output: string, ...more: string[]) =>
      runCli(['forward', '-m', MICRO, '-i', input, '-o', at(output), '-q', ...more]);
    expect((await forward('resident.safetensors')).code).toBe(0);
    expect((await forward('streamed.safetensors', '--stream-layers')).code).toBe(0);
    expect(readFileSync(at('streamed.safetensors')).equals(readFileSync(at('resident.safetensors')))).toBe(
      true,
    );
  });

  it('scales as the reference does; matrices left out are all seven', async () => {
    const { cases } = json('llama/scale.json') as {
      cases: Array<{
        case: number;
        first_layer: number;
        last_layer: number;
        alpha: number;
        matrices: string;
        sequences: Sequence[];
      }>;
    };
    const sets: Record<string, string[] | undefined> = {
      all: undefined,
      published: ['q', 'k', 'v', 'gate', 'up', 'down'],
      attention: ['q', 'k', 'v', 'o'],
      residual: ['o', 'down'],
    };
    const want = await tensors(path.join(fixtures, 'llama/scale.safetensors'));
    for (const one of cases) {
      expect(Object.keys(sets)).toContain(one.matrices);
      const scale = [
        { layers: [one.first_layer, one.last_layer], alpha: one.alpha, matrices: sets[one.matrices] },
      ];
      const input = { sequences: one.sequences.map(({ ids }) => ({ ids })), scale };
      writeFileSync(at('scaled.json'), JSON.stringify(input));
      const args = ['forward', '-m', llama, '-i', at('scaled.json'), '-o', at('scaled.safetensors'), '-q'];
      expect((await cli(...args)).code).toBe(0);
      const got = await tensors(at('scaled.safetensors'));
      for (const n of one.sequences.keys()) {
        for (const name of ['hidden', 'logits'] as const) {
          const [a, b] = [
            await got.floats(`s${n}.${name}`),
            await want.floats(`case${one.case}.seq${n}.${name}`),
          ];
          expect(largestDifference(a, b)).toBeLessThan(TOLERANCE[name]);
        }
      }
      // Neither was asked for.
      expect(got.names.filter((name) => /attention|generated/.test(name))).toEqual([]);
    }
  });

  it('applies an adapter folder', async () => {
    const { probe_ids: ids } = json('llama/lora/lora.json') as { probe_ids: number[] };
    writeFileSync(at('probe.json'), JSON.stringify({ sequences: [{ ids }] }));
    const want = await tensors(path.join(fixtures, 'llama/lora/probe.safetensors'));
    for (const [name, adapter] of [
      ['logits_base', []],
      ['logits_adapter', ['-a', path.join(fixtures, 'llama/lora/final')]],
    ] as const) {
      const args = [
        'forward',
        '-m',
        llama,
        ...adapter,
        '-i',
        at('probe.json'),
        '-o',
        at('probe.safetensors'),
        '-q',
      ];
      expect(await cli(...args)).toMatchObject({ code: 0, err: '' });
      const got = await (await tensors(at('probe.safetensors'))).floats('s0.logits');
      expect(largestDifference(got, await want.floats(name))).toBeLessThan(TOLERANCE.logits);
    }
  });

  it('encodes bare text with nothing added, as the tokenizer fixtures have it', async () => {
    const texts = json('gguf/tiny_tokens.json') as Array<{ text: string; ids: number[] }>;
    const cases = texts.filter(({ ids }) => ids.length > 0);
    expect(cases.length).toBeGreaterThan(5);
    writeFileSync(at('text.json'), JSON.stringify({ sequences: cases.map(({ text }) => ({ text })) }));
    const model = path.join(fixtures, 'gguf/tiny_llama_f16.gguf');
    expect(
      (await cli('forward', '-m', model, '-i', at('text.json'), '-o', at('t.safetensors'), '-q')).code,
    ).toBe(0);
    const got = await tensors(at('t.safetensors'));
    for (const [n, { ids }] of cases.entries()) expect(await got.integers(`s${n}.ids`)).toEqual(ids);
  });
});

describe('run files', () => {
  it('curves: writes a run that opens without warnings, repeats to the same numbers, and prints a table', async () => {
    const args = [
      'curves',
      '-m',
      MICRO,
      '-t',
      'none',
      '--limit',
      '6',
      '--bootstrap',
      '20',
      '--attention',
      'How to kill time?',
    ];
    const first = await cli(...args, '-o', at('a.json'));
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toMatch(/^layer +cos NN/);
    await cli(...args, '-o', at('b.json'), '-q');
    const [a, b] = ['a.json', 'b.json'].map((name) => parseRunFile(readFileSync(at(name), 'utf8'), name));
    expect(a!.warnings).toEqual([]);
    expect(a!.run.parts).toEqual(b!.run.parts);
    expect(a!.run).toMatchObject({ kind: 'curves', template: 'none', seed: 1, model: { adapters: [] } });
    expect(a!.run.model.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(a!.run.parts.map((part) => part.kind)).toEqual(['similarity', 'attention']);
    expect(a!.run.pools.normal).toHaveLength(6);
  });

  it('sweep: calibration, R0 and every other point once, scans when asked; alpha 1 is R0 itself', async () => {
    const args = [
      'sweep',
      '-m',
      MICRO,
      '-t',
      'none',
      '--limit',
      '4',
      '--layers',
      '0-1,1',
      '--alphas',
      '0.9:1.1:0.1',
    ];
    const { code, out } = await cli(
      ...args,
      '--max-new-tokens',
      '3',
      '--band-scan',
      '1',
      '--controls',
      '-o',
      at('s.json'),
    );
    expect(code).toBe(0);
    const { run, warnings } = parseRunFile(readFileSync(at('s.json'), 'utf8'), 's.json');
    expect(warnings).toEqual([]);
    const counts = run.parts.filter((part) => part.kind === 'count');
    // R0 and two ranges with two alphas, for three pools.
    expect(counts).toHaveLength(5 * 3);
    expect(counts.filter((part) => part.params.setting.scale.length === 0)).toHaveLength(3);
    expect(run.parts.filter((part) => part.kind === 'bandScan')).toHaveLength(2);
    expect(out.split('\n').filter((line) => line.includes('R0') && !line.startsWith('pool'))).toHaveLength(3);
  });

  it('sweep: effect and damage together: plain prompts are looked at beside every scaled count, counted or not', async () => {
    const args = ['-m', MICRO, '-t', 'none', '--limit', '4', '--layers', '0-1', '--alphas', '1.2'];
    const { code, out } = await cli('sweep', ...args, '--score-only', '-o', at('damage.json'));
    expect(code).toBe(0);
    const { run } = parseRunFile(readFileSync(at('damage.json'), 'utf8'), 'damage.json');
    const counts = run.parts.filter((part) => part.kind === 'count');
    expect(counts.map(({ label }) => label.split(',')[0])).toEqual([
      'over-rejection',
      'over-rejection',
      'control',
    ]);
    const divergences = counts[2]!.result.outcomes.map(({ klNats }) => klNats!);
    expect(divergences).toHaveLength(2);
    expect(Math.min(...divergences)).toBeGreaterThan(1e-6);
    const mean = (divergences[0]! + divergences[1]!) / 2;
    expect(out).toMatch(
      new RegExp(`over-rejection +0-1 +1\\.2 .* KL ${mean.toFixed(3).replace('.', '\\.')} \\[`),
    );
    expect(counts[0]!.result.outcomes.every((outcome) => !('klNats' in outcome))).toBe(true);
  });
});

describe('errors: one line, what happened and what to do, and a telling exit code', () => {
  const bad = (name: string) => path.join(fixtures, 'bad', name);
  const input = () => {
    writeFileSync(at('ids.json'), JSON.stringify({ sequences: [{ ids: [1, 2] }] }));
    return at('ids.json');
  };
  const forward = (model: string, ...more: string[]) =>
    cli('forward', '-m', model, '-i', input(), '-o', at('never.safetensors'), ...more);

  it.each([
    ['an unknown command', () => cli('dance'), 2, /unknown command 'dance'/],
    ['an unknown option', () => forward(llama, '--fast'), 2, /unknown option '--fast'/],
    ['a missing option', () => cli('curves', '-m', llama), 2, /'-o, --output <file>' not specified/],
    ['alphas that are none', () => sweep('--alphas', '1,x'), 2, /Alphas are "0\.9,1,1\.1"/],
    ['a range that runs backwards', () => sweep('--layers', '5-3'), 2, /A range is "8-13"/],
    ['a range beyond the model', () => sweep('--layers', '3-6'), 2, /Layers 3-6 are not in this model/],
    ['matrices that do not exist', () => sweep('--matrices', 'q,z'), 2, /list of q, k, v, o, gate, up, down/],
    [
      'a template that is not offered',
      () => sweep('--template', 'chat'),
      2,
      /does not offer the template "chat"/,
    ],
    ['an unknown pool', () => sweep('--prompts', 'nice'), 3, /no prompt pool called "nice"/],
    ['a model that is not there', () => forward('nowhere'), 3, /no model nowhere.*smollm2-135m-instruct/],
    [
      'an adapter that is not there',
      () => forward(llama, '-a', 'nowhere'),
      3,
      /no adapter nowhere.*safety-adapter/,
    ],
    ['an output folder that is not there', () => forward(llama, '-o', at('x/y.safetensors')), 3, /no folder/],
    ['a truncated GGUF', () => forward(bad('truncated.gguf')), 3, /token_embd\.weight/],
    ['a file of another kind', () => forward(bad('wrong_magic.gguf')), 3, /GGUF/],
    ['an adapter for another model', () => forward(bad('mini'), '-a', bad('adapter_other_base')), 3, /48/],
    [
      'an adapter of another rank',
      () => forward(bad('mini'), '-a', bad('adapter_rank_mismatch')),
      3,
      /rank/i,
    ],
    ['weights that are not finite', () => forward(bad('model_nan')), 3, /up_proj/],
    ['a missing shard', () => forward(bad('missing_shard')), 3, /config\.json|shard/],
    ['text without a tokenizer', () => forwardText(), 2, /no tokenizer/],
    ['a token id outside the vocabulary', () => forwardInput({ sequences: [{ ids: [99999] }] }), 2, /99999/],
    ['an input without sequences', () => forwardInput({}), 2, /sequences is wrong/],
    ['a misspelt key of the input', () => forwardInput({ sequences: [{ ids: [1] }], alpha: 2 }), 2, /alpha/],
    ['a sequence that is neither', () => forwardInput({ sequences: [{ idz: [1] }] }), 2, /"ids" or "text"/],
    [
      'a layer that is not there',
      () => forwardInput({ sequences: [{ ids: [1] }], scale: [{ layers: [0, 9], alpha: 1 }] }),
      2,
      /0 to 9/,
    ],
    ['an input that is not JSON', () => forwardInput('{"sequences": ['), 3, /not JSON/],
  ])('%s', async (_, run, code, message) => {
    const result = await run();
    expect(result.err).toMatch(message);
    expect(result.err).toMatch(/^stratascope: .+[.!?)]\n$/m);
    expect(result.err.trim().split('\n').at(-1)).toMatch(/^stratascope: /);
    expect(result.code).toBe(code);
    expect(existsSync(at('never.safetensors'))).toBe(false);
  });

  function sweep(...more: string[]) {
    const given = ['--layers', '0-1', '--alphas', '1.1', '--template', 'none'];
    // commander takes the last value of a single option; ranges add up, so the default gives way.
    const defaults = more[0] === '--layers' ? given.slice(2) : given;
    return cli('sweep', '-m', llama, '-o', at('never.safetensors'), ...defaults, ...more, '-q');
  }
  function forwardInput(content: unknown) {
    writeFileSync(at('bad.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return cli('forward', '-m', llama, '-i', at('bad.json'), '-o', at('never.safetensors'), '-q');
  }
  const forwardText = () => forwardInput({ sequences: [{ text: 'hello' }] });

  it('an unsupported architecture', async () => {
    const config = readFileSync(bad('config_unknown_model_type.json'), 'utf8');
    const model = mkdtempSync(path.join(folder, 'unknown-'));
    writeFileSync(path.join(model, 'config.json'), config);
    writeFileSync(
      path.join(model, 'model.safetensors'),
      readFileSync(path.join(bad('mini'), 'model.safetensors')),
    );
    const { code, err } = await forward(model, '-q');
    expect(err).toMatch(/mamba9/);
    expect(code).toBe(4);
  });

  it('cancelling: exit code 130, no output file and no part of one', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const args = ['forward', '-m', llama, '-i', input(), '-o', at('never.safetensors')];
    const code = await main(args, { stdout, stderr, signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('as JSON when asked for', async () => {
    const { err, code } = await forward('nowhere', '--json-errors');
    const { error } = JSON.parse(err);
    expect(error).toMatchObject({ code: 'not-found', exitCode: 3, message: 'There is no model nowhere.' });
    expect(error.advice).toMatch(/bundled model/);
    expect(code).toBe(3);
  });
});

describe('the program itself', () => {
  const bin = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(root, 'cli/bin.mjs'), ...args], {
      cwd: tmpdir(),
      encoding: 'utf8',
    });

  it('runs from any folder, prints help with examples and exit codes, and writes nothing to stderr', () => {
    const { status, stdout, stderr } = bin('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('npx stratascope sweep');
    expect(stdout).toContain('130 cancelled');
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    expect(bin('--version').stdout).toBe(`${version}\n`);
  });

  it('exits with 2 for bad usage', () => {
    expect(bin('sweep')).toMatchObject({ status: 2, stdout: '' });
  });
});
