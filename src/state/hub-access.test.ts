/** A token lives beside the state, never in it: nothing that is written down, sent elsewhere or shown has its letters. */
import { afterEach, expect, test } from 'vitest';
import type { LoadOptions, ModelSource } from '@/protocol/lab.ts';
import { holdHubToken, holdsHubToken, hubTokenFor } from './hub-access.ts';
import { presentRun } from './present-run.ts';
import { Session } from './session.ts';
import { INITIAL_STATE, useApp } from './store.ts';
import { FakeLab } from './testing/fake-lab.ts';
import { encodeConfig } from './url.ts';

const hub = (endpoint?: string): ModelSource => ({
  kind: 'hub',
  repo: 'own/gated',
  revision: 'main',
  endpoint,
});

afterEach(() => {
  holdHubToken('https://huggingface.co', '');
  useApp.setState(INITIAL_STATE);
});

test('goes with sources of the hub that it was given for, and with no other', () => {
  holdHubToken('https://huggingface.co', ' hf_secret ');
  expect(hubTokenFor(hub())).toEqual({ endpoint: 'https://huggingface.co', value: 'hf_secret' });
  expect(hubTokenFor(hub('https://huggingface.co/'))?.value).toBe('hf_secret');
  expect(hubTokenFor(hub('https://mirror.example'))).toBeUndefined();
  expect(hubTokenFor({ kind: 'url', url: 'https://huggingface.co/x.gguf' })).toBeUndefined();
  expect(hubTokenFor(null)).toBeUndefined();
  expect(holdsHubToken('https://huggingface.co')).toBe(true);
  holdHubToken('https://huggingface.co', '');
  expect(hubTokenFor(hub())).toBeUndefined();
});

test('is passed with the call, and stands in no state, address or run file', async () => {
  holdHubToken('https://huggingface.co', 'hf_secret');
  const lab = new FakeLab();
  const given: LoadOptions[] = [];
  const load = lab.load.bind(lab);
  lab.load = (source: unknown, options: { backend: string }) => {
    given.push(options as LoadOptions);
    return load(source, options as LoadOptions);
  };
  const session = new Session({ createLab: () => lab });
  await session.open({ key: 'hub:x', name: 'own/gated', source: hub() });
  expect(given[0]!.token?.value).toBe('hf_secret');
  const state = useApp.getState();
  expect(JSON.stringify(state)).not.toContain('hf_secret');
  expect(encodeConfig(state.config)).not.toContain('hf_secret');
  expect(JSON.stringify(presentRun(state, 'test', new Date()) ?? {})).not.toContain('hf_secret');
  await session.close();
});
