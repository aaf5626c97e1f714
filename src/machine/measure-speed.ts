/**
 * How fast matrix products are on one backend, in a few seconds: the same shape wide and narrow, as prompts that are read and
 * answers that are written. Belongs in a worker; what follows from it for a model is speed-estimate.ts.
 */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import { createBackend } from '@/backends/create-backend.ts';
import type { BackendInfo } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';

/** Width of the matrix: between those of the smallest and the largest models of the list. */
const WIDTH = 1024;
/** Rows of a wide product: a batch of prompts. */
const WIDE_ROWS = 256;
/** Answers that are written side by side (engine/batches.ts makes more where it can). */
const NARROW_ROWS = 8;

/** @param seconds of computing; compiling and a first run come before */
export async function measureSpeed(
  kind: BackendInfo['kind'],
  seconds = 3,
  signal?: AbortSignal,
): Promise<SpeedMeasure> {
  const startMs = performance.now();
  const backend = await createBackend(kind);
  try {
    const kernel = await backend.compile(productGraph());
    const weights = backend.upload(numbers(WIDTH * WIDTH), [WIDTH, WIDTH]);
    const wideGflops = await rate(backend, kernel, weights, WIDE_ROWS, (seconds * 1000) / 2, signal);
    const narrowGflops = await rate(backend, kernel, weights, NARROW_ROWS, (seconds * 1000) / 2, signal);
    backend.release(weights);
    const { threads } = backend.info;
    const elapsedMs = performance.now() - startMs;
    return { backend: kind, threads, wideGflops, narrowGflops, narrowRows: NARROW_ROWS, elapsedMs };
  } finally {
    await backend.close();
  }
}

/** y = x · Wᵀ, of which one number comes back, so that nothing but the product takes time. */
function productGraph(): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['N', WIDTH]);
  const y = graph.op('Gemm', [x, graph.input('w', 'float32', [WIDTH, WIDTH])], { transB: 1 });
  graph.output(graph.op('ReduceMax', [y], { keepdims: 0 }), 'y', 'float32', []);
  return graph.encode();
}

/** Small and varied; zeros could be faster. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 1024) / 1024 - 0.5);
}

/** The median of runs, which other programs' moments do not touch. */
async function rate(
  backend: Backend,
  kernel: Kernel,
  w: DeviceTensor,
  rows: number,
  forMs: number,
  signal?: AbortSignal,
): Promise<number> {
  const x = backend.upload(numbers(rows * WIDTH), [rows, WIDTH]);
  const run = async () => {
    const { y } = await backend.run(kernel, { x, w });
    // Only what is read is sure to be done.
    await backend.read(y!);
    backend.release(y!);
  };
  await run();
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs || times.length < 3) {
    if (signal?.aborted) throw new AppError('cancelled', 'The measurement was stopped.');
    const beginMs = performance.now();
    await run();
    times.push(performance.now() - beginMs);
  }
  backend.release(x);
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
  return (2 * rows * WIDTH * WIDTH) / (median * 1e6);
}
