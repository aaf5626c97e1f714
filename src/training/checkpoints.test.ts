import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrainParams } from '@/protocol/training.ts';
import { BrowserCheckpointStore } from './browser-checkpoint-store.ts';
import { type CheckpointStore, MemoryCheckpointStore } from './checkpoint-store.ts';
import { listCheckpoints, loadCheckpoint, type RunState, runKey, saveCheckpoint } from './checkpoints.ts';
import { FolderCheckpointStore } from './node-checkpoint-store.ts';
import { fakeOrigin } from './testing/fake-origin.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'stratascope-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const params = { name: 'D_I, SPPFT!', seed: 3, method: 'sppft', band: [8, 13] } as unknown as TrainParams;
const layer = (offset: number) => [null, new Map([['trainA.q', Float32Array.of(offset, 1 / 3, -0.5)]])];
const state = (step: number): RunState => ({
  params,
  step,
  steps: Array.from({ length: step }, (_, at) => ({
    step: at + 1,
    loss: 1 / (at + 3),
    gradientNorm: Math.PI,
    learningRate: 1e-3,
    tokenCount: 5,
    sequenceTokens: 9,
    stepMs: 2,
  })),
  probes: [],
  hashesBefore: ['a'.repeat(64), 'b'.repeat(64)],
  backend: 'node',
  heldOutBefore: 2.5,
  snapshot: {
    updateCount: step,
    parameters: layer(step),
    first: layer(step + 0.25),
    second: layer(step + 0.5),
    anchor: step % 2 ? layer(-step) : null,
  },
  frozenBits: [new Map([['q', Uint8Array.of(5, 255, 0, 1)]]), new Map()],
});
const key = runKey(params);

/** Power is cut after `budget` bytes of writing; what was begun stays as far as it got. */
class CutStore extends MemoryCheckpointStore {
  constructor(public budget: number) {
    super();
  }
  override async write(run: string, file: string, bytes: Uint8Array): Promise<void> {
    const written = Math.min(bytes.length, this.budget);
    this.budget -= written;
    await super.write(run, file, bytes.subarray(0, written));
    if (written < bytes.length) throw new Error('power cut');
  }
  override async remove(run: string, file?: string): Promise<void> {
    if (this.budget < 1) throw new Error('power cut');
    this.budget -= 1;
    await super.remove(run, file);
  }
}

const stores: Record<string, () => CheckpointStore> = {
  memory: () => new MemoryCheckpointStore(),
  'a folder': () => new FolderCheckpointStore(mkdtempSync(path.join(folder, 'store-'))),
  "the browser's private files": () => new BrowserCheckpointStore(fakeOrigin().root),
};

describe.each(Object.entries(stores))('checkpoints in %s', (_, make) => {
  it('come back exactly as they were, and the newest replaces the older', async () => {
    const store = make();
    expect(await loadCheckpoint(store, key)).toBeNull();
    for (const step of [1, 2, 12]) {
      await saveCheckpoint(store, state(step));
      expect(await loadCheckpoint(store, key)).toEqual(state(step));
      expect(await store.list(key)).toHaveLength(2);
    }
    expect(await listCheckpoints(store)).toMatchObject([{ key, step: 12, params }]);
    await store.remove(key);
    expect(await listCheckpoints(store)).toEqual([]);
  });

  it('are written over whole; unknown runs and files are simply not there', async () => {
    const store = make();
    await store.write('r', 'f', new Uint8Array(10).fill(1));
    await store.write('r', 'f', Uint8Array.of(2));
    expect(await store.read('r', 'f')).toEqual(Uint8Array.of(2));
    expect(await store.read('r', 'g')).toBeNull();
    expect(await store.read('s', 'f')).toBeNull();
    expect(await store.list('s')).toEqual([]);
    await store.remove('r', 'g');
    await store.remove('s');
    await store.remove('r', 'f');
    expect(await store.list('r')).toEqual([]);
  });
});

describe('a kill at any moment', () => {
  it('leaves the checkpoint before it, or the new one, never neither', async () => {
    const measured = new CutStore(1e9);
    await saveCheckpoint(measured, state(1));
    const start = measured.budget;
    await saveCheckpoint(measured, state(2));
    const needed = start - measured.budget;
    const seen = new Set<number>();
    for (let budget = 0; budget <= needed; budget++) {
      const store = new CutStore(1e9);
      await saveCheckpoint(store, state(1));
      store.budget = budget;
      const survived = await saveCheckpoint(store, state(2)).then(
        () => true,
        () => false,
      );
      store.budget = 1e9;
      const loaded = (await loadCheckpoint(store, key))!;
      expect(loaded).toEqual(state(loaded.step));
      if (survived) expect(loaded.step).toBe(2);
      seen.add(loaded.step);
      // And the next one is written as if nothing had happened.
      await saveCheckpoint(store, state(3));
      expect((await loadCheckpoint(store, key))!.step).toBe(3);
      expect(await store.list(key)).toHaveLength(2);
    }
    expect([...seen].sort()).toEqual([1, 2]);
  }, 60_000);

  it('a file that was altered or cut is passed over', async () => {
    const store = new MemoryCheckpointStore();
    await saveCheckpoint(store, state(1));
    await saveCheckpoint(store, state(2), true);
    const file = (await store.list(key)).find((name) => name.includes('2.safetensors'))!;
    const bytes = (await store.read(key, file))!;
    bytes[bytes.length - 1]! ^= 1;
    await store.write(key, file, bytes);
    expect((await loadCheckpoint(store, key))!.step).toBe(1);
  });

  it("a half-written file in a folder does not count, and goes by no run's name", async () => {
    const root = mkdtempSync(path.join(folder, 'half-'));
    const store = new FolderCheckpointStore(root);
    await saveCheckpoint(store, state(1));
    writeFileSync(path.join(root, key, 'step-0000002.json.part'), '{"format":');
    expect((await loadCheckpoint(store, key))!.step).toBe(1);
    expect(await store.list(key)).not.toContain('step-0000002.json.part');
  });
});

describe('no room', () => {
  it('in the browser: an error that says so, no remains, the checkpoint before it untouched', async () => {
    const origin = fakeOrigin();
    const store = new BrowserCheckpointStore(origin.root);
    await saveCheckpoint(store, state(1));
    origin.quotaBytes = origin.usedBytes() + 100;
    await expect(saveCheckpoint(store, state(2))).rejects.toMatchObject({
      name: 'AppError',
      code: 'out-of-memory',
      advice: expect.stringContaining('still there'),
    });
    expect(await loadCheckpoint(store, key)).toEqual(state(1));
    expect(await store.list(key)).toHaveLength(2);
    origin.quotaBytes = 1e9;
    await saveCheckpoint(store, state(2));
    expect((await loadCheckpoint(store, key))!.step).toBe(2);
  });

  it('in a folder that cannot be written: an AppError, and nothing half there', async () => {
    const blocked = path.join(folder, 'blocked');
    writeFileSync(blocked, 'a file where a folder should be');
    const store = new FolderCheckpointStore(blocked);
    await expect(saveCheckpoint(store, state(1))).rejects.toMatchObject({
      name: 'AppError',
      code: 'bad-file',
    });
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('runKey', () => {
  it('is the same for what steers alike, and differs with every setting that steers', () => {
    expect(runKey({ ...params, resume: true, stopAfter: 1, checkpointEvery: 9 })).toBe(key);
    expect(runKey(Object.fromEntries(Object.entries(params).reverse()) as unknown as TrainParams)).toBe(key);
    for (const patch of [{ seed: 4 }, { method: 'full' as const }, { band: [8, 12] as [number, number] }]) {
      expect(runKey({ ...params, ...patch })).not.toBe(key);
    }
    expect(key).toMatch(/^d-i-sppft-[0-9a-f]{12}$/);
  });
});
