/**
 * A process with one ONNX Runtime on WebAssembly, since a process can hold just one: takes its bytes, a graph and inputs, and
 * answers with the graph's outputs as bytes. For faster-products.test.ts.
 */
import * as ort from 'onnxruntime-web';

process.once('message', async ({ wasm, graph, runs }) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(graph);
  const outputs = [];
  for (const feeds of runs) {
    const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [
      name,
      new ort.Tensor('float32', data, dims),
    ]);
    const result = await session.run(Object.fromEntries(tensors));
    outputs.push(Object.values(result).map(({ data }) => data));
  }
  process.send?.(outputs, () => process.exit(0));
});
