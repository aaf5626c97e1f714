/** A worker of its own as a helper that makes float32 values. Not here: what it is given to do (float-helpers.ts). */
import { wrap } from 'comlink';
import type { FloatMaker } from '@/model/float-maker.ts';
import type { FloatHelper } from './float-helpers.ts';

export function startFloatHelper(): FloatHelper {
  const worker = new Worker(new URL('../../workers/float-maker.worker.ts', import.meta.url), {
    type: 'module',
  });
  // A worker that could not start answers nothing.
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
  });
  failed.catch(() => undefined);
  const maker = wrap<FloatMaker>(worker);
  return {
    maker: { widen: (...args) => Promise.race([failed, maker.widen(...args)]) },
    end: () => worker.terminate(),
  };
}
