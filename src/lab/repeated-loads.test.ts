/** Ten models one after the other in one lab: each is closed before the next is opened, also where one fails on the way. */
import { expect, test } from 'vitest';
import type { Engine } from '@/engine/engine.ts';
import { LocalLab } from './local-lab.ts';
import { createFakeParts } from './testing/fake-parts.ts';

test('one engine is open at a time, and none after the end', async () => {
  const parts = createFakeParts();
  const open = new Set<Engine>();
  const most: number[] = [];
  let count = 0;
  const lab = new LocalLab({
    ...parts,
    createEngine: async (model, options, hooks) => {
      const engine = await parts.createEngine(model, options, hooks);
      open.add(engine);
      most.push(open.size);
      count += 1;
      const close = engine.close.bind(engine);
      engine.close = async () => {
        open.delete(engine);
        await close();
      };
      // Its adapters cannot be taken: what was opened has to be closed all the same.
      if (count === 4)
        engine.addAdapter = () => {
          throw new Error('drill');
        };
      return engine;
    },
  });
  for (let load = 0; load < 10; load++) {
    await lab.load({ kind: 'path', path: 'good' }, { backend: 'node' }).catch((error) => {
      expect(String(error)).toContain('drill');
    });
  }
  expect(count).toBe(10);
  expect(Math.max(...most)).toBe(1);
  await lab.close();
  expect(open.size).toBe(0);
});
