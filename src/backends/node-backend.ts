/** onnxruntime-node on the CPU: the command line's backend. Only ever imported in Node. */
import { AppError } from '@/model/app-error.ts';
import type { Backend } from './backend.ts';
import { CpuBackend, type OrtModule } from './cpu-backend.ts';

export async function createNodeBackend(options: { threads?: number } = {}): Promise<Backend> {
  let ort: OrtModule;
  let version: string;
  try {
    const module = await import('onnxruntime-node');
    ort = module;
    version = module.env.versions.node ?? module.env.versions.common;
  } catch (cause) {
    throw new AppError(
      'no-backend',
      `onnxruntime-node could not be loaded (${(cause as Error).message.split('\n')[0]}).`,
      'Run npm install again; on Linux it needs glibc 2.28 or later.',
      { cause },
    );
  }
  const threads = options.threads ?? (await import('node:os')).availableParallelism();
  return new CpuBackend({ kind: 'node', threads, runtime: `onnxruntime-node ${version}`, notes: [] }, ort, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Every session has its own threads, and after a run they go on spinning for a while: with one session per kernel they
    // take the cores from the session that runs next (measured: 1.4x slower on two cores).
    extra: { session: { force_spinning_stop: '1' } },
  });
}
