/** On a lab that answers from memory: what is asked, what is compared, what is refused. Real models: cli/replay.test.ts. */
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import type { Lab, ModelCard } from '@/protocol/lab.ts';
import type { RunPart } from '@/protocol/run-file.ts';
import type { CheckpointCard } from '@/protocol/training.ts';
import { type ReplayLab, replayRun } from './replay.ts';
import { replayText, replayVerdict } from './report-words.ts';
import { countPart, sampleRun } from './testing/sample-run.ts';

const card = (patch: Partial<ModelCard> = {}): ModelCard => ({
  name: 'm',
  sha256: 'a'.repeat(64),
  spec: {} as ModelCard['spec'],
  backend: { kind: 'node', threads: 2, runtime: 'onnxruntime-node 1.30.0', notes: [] },
  templates: ['chat'],
  adapters: [{ name: 'safety', sha256: 'b'.repeat(64), label: '' }],
  warnings: [],
  parity: null,
  loadMs: 0,
  ...patch,
});

/** Gives these results in turn, and keeps what it was asked. */
function labOf(results: unknown[]): { lab: Pick<Lab, 'run'>; asked: unknown[] } {
  const asked: unknown[] = [];
  const run = async (_: string, params: unknown) => {
    asked.push(params);
    return results[asked.length - 1];
  };
  return { lab: { run: run as Lab['run'] }, asked };
}

const app = { name: 'test', version: '1' };
const part = countPart(['answered', 'refused', 'answered', 'refused']);
const run = sampleRun([part]);

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (error instanceof AppError) return error;
  throw new Error(`no AppError: ${String(error)}`);
}

describe('replayRun', () => {
  it('equal results: no difference, and the verdict says to the last bit', async () => {
    const report = await replayRun(run, card(), labOf([structuredClone(part.result)]).lab, { app });
    expect(report).toMatchObject({ isSameBackend: true, differing: 0, beyond: 0 });
    expect(report.compared).toBeGreaterThan(20);
    expect(replayVerdict(report)).toMatch(/^All \d+ values are equal to the last bit\.$/);
  });

  it('one edited number is named with its place, old and new', async () => {
    const result = structuredClone(part.result) as { outcomes: Array<{ score: number }> };
    result.outcomes[2]!.score += 1e-9;
    const report = await replayRun(run, card(), labOf([result]).lab, { app });
    expect(report).toMatchObject({ differing: 1, beyond: 1 });
    expect(replayText(report)).toContain('outcomes[2].score: 0.25 -> 0.250000001');
    // The same difference on another backend is rounding.
    const wasm = card({
      backend: { kind: 'wasm', threads: 2, runtime: 'onnxruntime-web 1.30.0', notes: [] },
    });
    const across = await replayRun(run, wasm, labOf([result]).lab, { app });
    expect(across).toMatchObject({ isSameBackend: false, differing: 1, beyond: 0 });
    expect(replayVerdict(across)).toContain('within what another backend');
  });

  it('adapters go by their hash, whatever they are called here', async () => {
    const renamed = card({ adapters: [{ name: 'aligned', sha256: 'b'.repeat(64), label: '' }] });
    const { lab, asked } = labOf([part.result]);
    await replayRun(run, renamed, lab, { app });
    expect(asked).toMatchObject([{ setting: { adapters: ['aligned'] } }]);
  });

  it('another model, another adapter, no adapter: refused before anything runs, with both hashes', async () => {
    const { lab, asked } = labOf([]);
    const other = await errorOf(
      replayRun(run, card({ name: 'other', sha256: 'c'.repeat(64) }), lab, { app }),
    );
    expect(other.code).toBe('hash-mismatch');
    expect(other.message).toMatch(/made on m \(sha256 a{12}\), but other \(sha256 c{12}\) is open/);
    const changed = [{ name: 'safety', sha256: 'd'.repeat(64), label: '' }];
    const adapter = await errorOf(replayRun(run, card({ adapters: changed }), lab, { app }));
    expect(adapter.code).toBe('adapter-mismatch');
    expect(adapter.message).toMatch(/safety is here, but with other weights/);
    const missing = await errorOf(replayRun(run, card({ adapters: [] }), lab, { app }));
    expect(missing.message).toMatch(/needs the adapter safety/);
    expect(asked).toEqual([]);
  });

  it('a map of cosines is asked for under the key that the vectors have here', async () => {
    const similarity = {
      kind: 'similarity',
      label: 'curves',
      params: { setting: { adapters: [], scale: [] } },
      result: { vectorsKey: 'old', layerCount: 2 },
    } as unknown as RunPart;
    const matrix = {
      kind: 'cosineMatrix',
      label: 'map',
      params: { vectorsKey: 'old', layer: 1, measure: 'raw' },
      result: { size: 1, normalCount: 1, cosine: Float32Array.of(1) },
    } as RunPart;
    const { lab, asked } = labOf([{ vectorsKey: 'new', layerCount: 2 }, matrix.result]);
    const report = await replayRun(sampleRun([similarity, matrix]), card(), lab, { app });
    expect(asked[1]).toMatchObject({ vectorsKey: 'new' });
    expect(report.differing).toBe(0);
  });

  it('a long training run is left out with the reason, a short one runs from the beginning under another name', async () => {
    const train = (steps: number) =>
      ({
        kind: 'train',
        label: 'sppft',
        params: {
          name: 'sppft',
          adapters: ['safety'],
          resume: true,
          stopAfter: 1,
          optimiser: { steps, batchSize: 4, accumulation: 1 },
        },
        result: { steps: [{ step: 1, loss: 2, stepMs: 10 }], paused: false, adapter: 'sppft' },
      }) as unknown as RunPart;
    const result = { steps: [{ step: 1, loss: 2, stepMs: 99 }], paused: false, adapter: 'sppft (replay 0)' };
    const { lab: plain, asked } = labOf([result]);
    const removed: string[] = [];
    const named = (name: string) => ({ key: `key of ${name}`, params: { name } }) as CheckpointCard;
    const lab: ReplayLab = {
      ...plain,
      removeAdapter: async (name) => void removed.push(name),
      checkpoints: async () => [named('sppft'), named('sppft (replay 0)')],
      removeCheckpoint: async (key) => void removed.push(key),
    };
    const report = await replayRun(sampleRun([train(10), train(100)]), card(), lab, { app });
    // Nothing of it is left, and nothing else is touched.
    expect(removed).toEqual(['sppft (replay 0)', 'key of sppft (replay 0)']);
    expect(asked).toMatchObject([{ name: 'sppft (replay 0)' }]);
    for (const left of ['stopAfter', 'resume']) expect(asked[0]).not.toHaveProperty(left);
    expect(report.parts[0]!.report).toMatchObject({ differing: 0 });
    expect(report.parts[1]!.why).toMatch(/training over 400 sequences/);
    expect(replayVerdict(report)).toMatch(/1 of 2 parts were not repeated/);
  });

  it('what an interrupted run had done already is computed anew; one that never ended is left out', async () => {
    const search = (complete: boolean) =>
      ({
        kind: 'grid',
        label: 'every range',
        params: { setting: { adapters: [], scale: [] }, resume: { cells: [] } },
        result: { cells: [{ refused: 1 }], complete },
      }) as unknown as RunPart;
    const { lab, asked } = labOf([search(true).result]);
    const report = await replayRun(sampleRun([search(true), search(false)]), card(), lab, { app });
    expect(asked).toEqual([{ setting: { adapters: [], scale: [] } }]);
    expect(report.parts[1]!.why).toMatch(/interrupted search/);
  });

  it('results that are known from before a stop are compared without running them again', async () => {
    const two = sampleRun([part, countPart(['refused', 'refused', 'refused', 'refused'], 'second')]);
    const { lab, asked } = labOf([two.parts[1]!.result]);
    const known = (index: number) => (index === 0 ? part.result : undefined);
    const report = await replayRun(two, card(), lab, { app, known });
    expect(asked).toHaveLength(1);
    expect(report).toMatchObject({ differing: 0 });
    expect(report.parts.every(({ report }) => report !== null)).toBe(true);
  });
});
