/** Training through a lab behind comlink, as the page does it: pause, resume in another lab, export, remove. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expose } from 'comlink';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readAdapter } from '@/model/adapter.ts';
import { memoryFiles } from '@/model/memory-source.ts';
import type { TrainParams } from '@/protocol/training.ts';
import { LabHost } from './lab-host.ts';
import { nodeParts } from './node-parts.ts';
import { RemoteLab } from './remote-lab.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'stratascope-lab-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function openLab() {
  const { port1, port2 } = new MessageChannel();
  expose(new LabHost(nodeParts({ hash: false, checkpoints: folder })), port2);
  const clean = () => {
    port1.close();
    port2.close();
  };
  closers.push(clean);
  const lab = new RemoteLab({ endpoint: port1, terminate: clean, onCrash: () => {} });
  const card = await lab.load({ kind: 'path', path: 'public/models/micro' }, { backend: 'node', threads: 1 });
  return { lab, card };
}

const params: TrainParams = {
  name: 'kitchen',
  template: 'chat',
  adapters: [],
  method: 'sppft',
  band: [2, 3],
  part: { kind: 'lora', rank: 2, loraAlpha: 4, matrices: ['q', 'up'] },
  data: {
    kind: 'own',
    rows: ['egg', 'leek', 'rice'].map((word) => ({
      id: word,
      instruction: `Boil ${word}?`,
      output: `Yes, ${word}.`,
    })),
  },
  safetyRows: [],
  heldOut: [],
  lossOn: 'response',
  optimiser: {
    learningRate: 1e-2,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    warmupSteps: 0,
    finalShare: 1,
    clipNorm: null,
    batchSize: 2,
    accumulation: 1,
    steps: 5,
    cutoffTokens: 100,
  },
  seed: 1,
  probe: null,
  checkpointEvery: 0,
};

describe('training in a lab behind comlink', () => {
  it('pauses when it is cancelled, goes on in another lab, and hands its adapter out as a PEFT folder', async () => {
    const first = await openLab();
    const controller = new AbortController();
    const paused = await first.lab.run(
      'train',
      params,
      (event) => {
        if (event.type === 'partial' && event.partial.type === 'step' && event.partial.step.step === 2) {
          controller.abort();
        }
      },
      controller.signal,
    );
    expect(paused.paused).toBe(true);
    expect(paused.steps.length).toBeLessThan(5);
    await first.lab.close();

    const { lab, card } = await openLab();
    const [checkpoint] = await lab.checkpoints();
    expect(checkpoint).toMatchObject({ step: paused.steps.length, params: { name: 'kitchen' } });
    const result = await lab.run('train', { ...checkpoint!.params, resume: true });
    expect(result).toMatchObject({ paused: false, adapter: 'kitchen' });
    expect(result.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);

    // What a run will cut is known beforehand.
    const tokens = await lab.rowTokens(params.data.rows, 'chat');
    expect(tokens.every(({ prompt }) => prompt > 5)).toBe(true);
    // Three steps of two rows go through the three rows twice; the labels are the answers and end tokens.
    const labels = result.steps.slice(0, 3).reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    expect(2 * tokens.reduce((sum, { prompt, total }) => sum + total - prompt, 0)).toBe(labels);

    const files = await lab.exportAdapter('kitchen', 'micro');
    expect([...files.keys()].sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    expect(config).toMatchObject({
      base_model_name_or_path: 'micro',
      r: 2,
      lora_alpha: 4,
      layers_to_transform: [0, 1, 4, 5],
    });
    const read = await readAdapter(memoryFiles(files, 'kitchen'), card.spec, 'again');
    expect(read.layers[2]).toEqual({});
    expect(read.layers[4]!.q!.b.some((value) => value !== 0)).toBe(true);

    // Over itself it is there twice: the ranks side by side, in one folder.
    const joined = await readAdapter(
      memoryFiles(await lab.exportAdapter('kitchen', 'micro', ['kitchen']), 'joined'),
      card.spec,
      'joined',
    );
    const [once, twice] = [read.layers[4]!.q!, joined.layers[4]!.q!];
    expect(twice).toMatchObject({ rank: 4, scaling: 1 });
    expect(twice.b[2]).toBe(Math.fround(once.scaling * once.b[0]!));

    await lab.removeAdapter('kitchen');
    await expect(lab.exportAdapter('kitchen', 'micro')).rejects.toMatchObject({ code: 'not-found' });
    await lab.removeCheckpoint(checkpoint!.key);
    expect(await lab.checkpoints()).toEqual([]);
  });
});
