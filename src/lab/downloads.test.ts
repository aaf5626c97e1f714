/** Models and adapters of a hub through the lab's own way: looked at, downloaded, opened, checked against the base. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryChunkStore } from '@/downloads/chunk-store.ts';
import { keptDownloads } from '@/downloads/kept.ts';
import { startTestHub, type TestHub } from '@/downloads/testing/hub-server.ts';
import type { AppError } from '@/model/app-error.ts';
import { specFromConfig } from '@/model/config.ts';
import type { Progress } from '@/protocol/experiments.ts';
import { downloadAdapter, downloadModel } from './downloads.ts';

const project = join(import.meta.dirname, '..', '..');
const bytesOf = (path: string) => new Uint8Array(readFileSync(join(project, path)));
const folder = (path: string, names: string[]) =>
  new Map(names.map((name) => [name, bytesOf(`${path}/${name}`)]));
const peft = ['adapter_config.json', 'adapter_model.safetensors'];
const bad = 'tests/fixtures/bad';
const spec = specFromConfig(readFileSync(join(project, bad, 'mini/config.json'), 'utf8'));

const hubs: TestHub[] = [];
async function hubOf(repo: string, files: Map<string, Uint8Array>) {
  const hub = await startTestHub(repo, files);
  hubs.push(hub);
  return { hub, source: { kind: 'hub' as const, repo, revision: 'main', endpoint: hub.endpoint } };
}
let good: Awaited<ReturnType<typeof hubOf>>;
beforeAll(async () => {
  good = await hubOf('own/adapter', folder(`${bad}/adapter_valid`, peft));
});
afterAll(async () => {
  for (const hub of hubs) await hub.close();
});

test('a model arrives with its hash, its tokenizer, and progress; a second time from what is kept', async () => {
  const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  const { hub, source } = await hubOf('own/micro', folder('public/models/micro', names));
  const store = new MemoryChunkStore();
  const seen: Progress[] = [];
  const open = () =>
    downloadModel(source, { backend: 'node' }, { onProgress: (progress) => seen.push(progress) }, store);
  const { model } = await open();
  expect(model.name).toBe('own/micro');
  expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(model.templates).toContain('chat');
  expect(seen.at(-1)).toMatchObject({ unit: 'bytes', kept: 0 });
  expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
  hub.asked.length = 0;
  expect((await open()).model.sha256).toBe(model.sha256);
  // Headers are looked at again, and nothing more.
  expect(hub.asked.filter(({ range }) => /^bytes=0-[1-9]\d{4,}/.test(range))).toEqual([]);
  expect((await keptDownloads(store)).map(({ label }) => label)).toEqual(['own/micro']);
});

test('an adapter by its repository is read for the base, and kept', async () => {
  const store = new MemoryChunkStore();
  const { data, label } = await downloadAdapter(good.source, 'mine', spec, {}, store);
  expect(label).toBe('Loaded from own/adapter.');
  expect(data.name).toBe('mine');
  expect(data.layers.filter((layer) => Object.keys(layer).length > 0).length).toBeGreaterThan(0);
  expect((await keptDownloads(store))[0]).toMatchObject({ files: peft, isComplete: true });
});

test.each([
  ['adapter_other_base', /another base model: lora_A of q_proj has 48 columns, the model has 32/],
  ['adapter_rank_mismatch', /says r=8, the tensors of \w+ have rank 4/],
])('%s: what does not belong to the base is named', async (name, words) => {
  const { source } = await hubOf(`own/${name}`, folder(`${bad}/${name}`, peft));
  const error: unknown = await downloadAdapter(source, 'x', spec, {}, new MemoryChunkStore()).catch((e) => e);
  expect((error as AppError).code).toBe('adapter-mismatch');
  expect((error as AppError).message).toMatch(words);
});

test('a repository that is no adapter, and one that is gated', async () => {
  const { source } = await hubOf('own/none', folder('public/models/micro', ['config.json']));
  await expect(downloadAdapter(source, 'x', spec, {}, new MemoryChunkStore())).rejects.toThrow(
    'own/none holds no adapter_config.json.',
  );
  good.hub.token = 'hf_secret';
  good.hub.refusal = 403;
  await expect(downloadAdapter(good.source, 'x', spec, {}, new MemoryChunkStore())).rejects.toThrow(
    'does not let everyone read own/adapter',
  );
  const token = { endpoint: good.hub.endpoint, value: 'hf_secret' };
  const { data } = await downloadAdapter(good.source, 'x', spec, { token }, new MemoryChunkStore());
  expect(data.sha256).toMatch(/^[0-9a-f]{64}$/);
  good.hub.token = null;
});
