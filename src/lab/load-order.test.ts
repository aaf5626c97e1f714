/** Law: the runtime starts before files are read; what nobody waits for is done when the model runs, or could not be loaded. */
import { expect, test } from 'vitest';
import { LocalLab } from './local-lab.ts';
import { createFakeParts } from './testing/fake-parts.ts';

async function orderOf(fault?: 'openModel' | 'createEngine' | 'warmUp'): Promise<string[]> {
  const done: string[] = [];
  const parts = createFakeParts();
  const note = (name: string) => {
    done.push(name);
    if (name === fault) throw new Error(`${name} failed`);
  };
  const lab = new LocalLab({
    ...parts,
    warmUp: async () => note('warmUp'),
    openModel: async (source, options, hooks) => {
      hooks.later!(() => note('later'));
      note('openModel');
      return parts.openModel(source, options, hooks);
    },
    createEngine: async (...args) => {
      note('createEngine');
      return parts.createEngine(...args);
    },
  });
  await lab.load({ kind: 'path', path: 'any' }, { backend: 'node' }).then(
    () => done.push('loaded'),
    () => done.push('refused'),
  );
  return done;
}

test('of a model that loads', async () => {
  expect(await orderOf()).toEqual(['warmUp', 'openModel', 'createEngine', 'later', 'loaded']);
});

test('of one that does not', async () => {
  expect(await orderOf('openModel')).toEqual(['warmUp', 'openModel', 'later', 'refused']);
  expect(await orderOf('createEngine')).toEqual(['warmUp', 'openModel', 'createEngine', 'later', 'refused']);
});

test('a start that fails is left to createEngine to tell', async () => {
  expect(await orderOf('warmUp')).toEqual(['warmUp', 'openModel', 'createEngine', 'later', 'loaded']);
});
