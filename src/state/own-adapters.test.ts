/** One's own adapters: the newest is on, others join or leave, weights are adapters of their own, none left means base. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { weightedAdapter } from '@/model/weighted-adapter.ts';
import { changeOwn, nameAtWeight, removeOwn } from './own-adapters.ts';
import { PLANTED_VARIANTS } from './planted.ts';
import { adaptersAt, type Situation } from './requests.ts';
import { Session } from './session.ts';
import { INITIAL_STATE, useApp } from './store.ts';
import { FakeLab } from './testing/fake-lab.ts';

let lab: FakeLab;
let session: Session;
beforeEach(async () => {
  useApp.setState(INITIAL_STATE);
  lab = new FakeLab();
  session = new Session({ createLab: () => lab });
  await session.open({ key: 'x', name: 'x', source: { kind: 'url', url: 'x' } });
});
afterEach(() => session.close());

const add = (name: string) => session.addAdapter({ kind: 'hub', repo: name, revision: 'main' }, name);
/** What "aligned" computes with. */
const aligned = () => adaptersAt(useApp.getState() as unknown as Situation, 'aligned');
const onCard = () => {
  const { lab: status } = useApp.getState();
  return status.state === 'ready' ? status.card.adapters.map(({ name }) => name) : [];
};

test('the newest is on and the one before off; both on, they stack in the order in which they came', async () => {
  await add('own/a');
  expect(aligned()).toEqual(['own/a']);
  await add('own/b');
  expect(aligned()).toEqual(['own/b (2)']);
  await changeOwn(lab, 'own/a', { isOn: true });
  expect(aligned()).toEqual(['own/a', 'own/b (2)']);
  expect(useApp.getState().ownAdapter).toBe('own/a + own/b (2)');
  expect(useApp.getState().config.model).toBe('aligned');
});

test('a weight is an adapter of its own, made once', async () => {
  await add('own/a');
  await changeOwn(lab, 'own/a', { weight: 0.5 });
  expect(aligned()).toEqual(['own/a ×0.5']);
  await changeOwn(lab, 'own/a', { weight: 1 });
  expect(aligned()).toEqual(['own/a']);
  await changeOwn(lab, 'own/a', { weight: 0.5 });
  expect(lab.adapterCalls).toEqual(['own/a at 0.5 as own/a ×0.5']);
  expect(onCard()).toContain('own/a ×0.5');
});

test('removed, it is gone with all its weights; with none on, the model is the base again', async () => {
  await add('own/a');
  await changeOwn(lab, 'own/a', { weight: 0.5 });
  await removeOwn(lab, 'own/a');
  expect(lab.adapterCalls.slice(1)).toEqual(['without own/a', 'without own/a ×0.5']);
  expect(onCard()).toEqual(['safety', ...PLANTED_VARIANTS]);
  expect(useApp.getState()).toMatchObject({ ownAdapters: [], ownStack: [], ownAdapter: null });
  expect(useApp.getState().config.model).toBe('base');
});

test('switched off, the last one leaves the base; another model has none', async () => {
  await add('own/a');
  await changeOwn(lab, 'own/a', { isOn: false });
  expect(useApp.getState().config.model).toBe('base');
  expect(useApp.getState().ownAdapters).toHaveLength(1);
  await session.open({ key: 'y', name: 'y', source: { kind: 'url', url: 'y' } });
  expect(useApp.getState().ownAdapters).toEqual([]);
});

test('a weight multiplies the update alone', () => {
  const pair = { rank: 1, scaling: 2, a: Float32Array.of(1, 2), b: Float32Array.of(3) };
  const adapter = { name: 'a', sha256: '', layers: [{ q: pair }, {}] };
  const half = weightedAdapter(adapter, 0.5, nameAtWeight({ name: 'a', weight: 0.5 }));
  expect(half).toEqual({ name: 'a ×0.5', sha256: '', layers: [{ q: { ...pair, scaling: 1 } }, {}] });
  expect(adapter.layers[0]!.q!.scaling).toBe(2);
  expect(() => weightedAdapter(adapter, Number.NaN, 'x')).toThrow('no weight');
  expect(() => weightedAdapter({ ...adapter, replaced: [] }, 0.5, 'x')).toThrow('holds whole weights');
});
