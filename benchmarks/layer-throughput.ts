/**
 * One layer of the product at batch 8 x 32 against its seven matmuls alone, on the same backend with weights passed the same
 * way: how much of the reachable throughput the loop over layers keeps. Runs in Node and in a worker.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { buildLayerKernel } from '@/kernels/layer-kernel.ts';
import { causalMask } from '@/kernels/mask.ts';
import { ropeTables } from '@/kernels/rope-tables.ts';
import { MATRIX_NAMES, type ModelSpec, matrixDims, vectorSizes, windowOf } from '@/model/spec.ts';
import { GraphBuilder } from '@/onnx/graph.ts';

export interface ThroughputFigures {
  rows: number;
  /** Best of the rounds, taken in turns: noise only ever adds time. */
  layerMs: number;
  matmulMs: number;
  layerGflops: number;
  matmulGflops: number;
}

export async function measureThroughput(
  backend: Backend,
  spec: ModelSpec,
  rounds: number,
): Promise<ThroughputFigures> {
  const [B, T] = [8, 32];
  const rows = B * T;
  const random = (size: number) =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * 0.05);
  const dims = matrixDims(spec);
  const upload = (size: readonly number[]) => backend.upload(random(size.reduce((a, b) => a * b, 1)), size);
  const weights = Object.fromEntries(MATRIX_NAMES.map((name) => [name, upload(dims[name])]));
  const rope = ropeTables(spec.rope, spec.headDim, T);
  const groupSize = spec.headCount / spec.kvHeadCount;
  const layer = await backend.compile(
    buildLayerKernel(spec, {
      prefix: false,
      past: false,
      keepKeys: false,
      attention: false,
      scaled: false,
      lastOnly: false,
      packed: false,
      lora: [],
    }),
  );
  const layerInputs = {
    ...weights,
    x: upload([rows, spec.hiddenSize]),
    headShape: backend.shape([B, T, -1, spec.headDim]),
    positions: backend.shape(
      Array.from({ length: rows }, (_, i) => i % T),
      [B, T],
    ),
    cos: backend.upload(rope.cos, [T, spec.headDim / 2]),
    sin: backend.upload(rope.sin, [T, spec.headDim / 2]),
    mask: backend.upload(causalMask(groupSize, T, 0, windowOf(spec, 0)), [1, 1, groupSize * T, T]),
    ...Object.fromEntries([...vectorSizes(spec)].map(([name, size]) => [name, upload([size])])),
  };
  // All seven in one run; one row of each result keeps them alive without a copy of the rest.
  const graph = new GraphBuilder();
  const matmulInputs: Record<string, DeviceTensor> = {};
  for (const name of MATRIX_NAMES) {
    const [out, input] = dims[name];
    const x = graph.input(`x.${name}`, 'float32', ['N', input]);
    const y = graph.op('Gemm', [x, graph.input(name, 'float32', [out, input])], { transB: 1 });
    graph.output(graph.op('Gather', [y, graph.ints([0])], { axis: 0 }), `y.${name}`, 'float32', [1, out]);
    matmulInputs[`x.${name}`] = upload([rows, input]);
    matmulInputs[name] = weights[name]!;
  }
  const matmuls = await backend.compile(graph.encode());
  let layerMs = Number.POSITIVE_INFINITY;
  let matmulMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const outputs = await backend.run(layer, layerInputs);
    await backend.read(outputs.y!);
    const middle = performance.now();
    const products = await backend.run(matmuls, matmulInputs);
    await backend.read(products['y.down']!);
    const end = performance.now();
    for (const tensor of [outputs.y!, ...Object.values(products)]) backend.release(tensor);
    layerMs = Math.min(layerMs, middle - start);
    matmulMs = Math.min(matmulMs, end - middle);
  }
  const gflop = (2 * rows * MATRIX_NAMES.reduce((sum, name) => sum + dims[name][0] * dims[name][1], 0)) / 1e9;
  return {
    rows,
    layerMs,
    matmulMs,
    layerGflops: (gflop / layerMs) * 1e3,
    matmulGflops: (gflop / matmulMs) * 1e3,
  };
}
