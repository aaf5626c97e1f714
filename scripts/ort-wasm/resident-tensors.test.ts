/** Laws: only the copying of inputs changes; what lies in the runtime's memory is read there, and goes when it is freed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WasmMemory, type WasmModule } from '@/backends/wasm-memory.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import { PACKAGE_WASM } from './plugin.ts';
import { withResidentTensors } from './resident-tensors.ts';

const script = readFileSync(PACKAGE_WASM.replace(/[^\\/]+$/, 'ort.wasm.min.mjs'), 'utf8');

test('two copies become conditional, one name is exported, everything else stays', () => {
  const edited = withResidentTensors(script);
  const undone = edited
    .replace(/\nexport \{ \w+ as getInstance \};\n$/, '')
    .replaceAll(/\w+\.residents\?\.has\(\w+\)\?\w+=\w+\.byteOffset:\(([^;}]*?\),\w+\))\)/g, '$1');
  expect(edited.match(/residents/g)).toHaveLength(2);
  expect(undone).toBe(script);
});

test('a script of another form fails the build and says what to do', () => {
  expect(() => withResidentTensors(script.replaceAll('_malloc', '_allocate'))).toThrow(
    /0 places of the known form.*onnxruntime-web/,
  );
  expect(() => withResidentTensors(script.replace('not initialized yet', 'not there'))).toThrow(
    /module was not found/,
  );
});

describe('the edited script', () => {
  type Ort = typeof import('onnxruntime-web') & { getInstance(): WasmModule };
  let folder: string;
  let ort: Ort;
  let module: WasmModule;
  let memory: WasmMemory;
  let product: (weights: Float32Array) => Promise<number[]>;
  const WIDTH = 200;
  const ROW = Float32Array.from({ length: WIDTH }, (_, n) => n % 5);
  const numbers = () => Float32Array.from({ length: WIDTH * WIDTH }, (_, n) => (n % 7) - 3);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resident-'));
    const file = join(folder, 'ort.mjs');
    writeFileSync(file, withResidentTensors(script).replace(/^\/\/# sourceMappingURL.*$/m, ''));
    ort = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Ort;
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = new Uint8Array(readFileSync(PACKAGE_WASM)).buffer;
    ort.env.wasm.wasmPaths = { mjs: pathToFileURL(PACKAGE_WASM.replace(/wasm$/, 'mjs')).href };
    const graph = new GraphBuilder();
    const w = graph.input('w', 'float32', [WIDTH, WIDTH]);
    graph.output(graph.op('MatMul', [graph.input('x', 'float32', [1, WIDTH]), w]), 'y', 'float32', [
      1,
      WIDTH,
    ]);
    const session = await ort.InferenceSession.create(graph.encode());
    module = ort.getInstance();
    memory = new WasmMemory(module);
    const x = new ort.Tensor('float32', ROW, [1, WIDTH]);
    product = async (weights) => {
      const { y } = await session.run({ x, w: new ort.Tensor('float32', weights, [WIDTH, WIDTH]) });
      return [...(y!.data as Float32Array)];
    };
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('computes the same with weights in its memory, and reads them there', async () => {
    const weights = numbers();
    const held = memory.hold(weights) as Float32Array;
    expect(held).not.toBe(weights);
    expect(held).toEqual(weights);
    expect(await product(held)).toEqual(await product(weights));
    // Were they copied somewhere else before the run, no later change could be seen; were they not read here, neither.
    held[WIDTH] = 100;
    weights[WIDTH] = 100;
    expect(await product(held)).toEqual(await product(weights));
    expect(memory.hold(held)).toBe(held);
    memory.free(held);
  });

  test('a run allocates nothing of the size of weights that lie there', async () => {
    const allocated: number[] = [];
    const { _malloc } = module;
    module._malloc = (byteLength) => {
      allocated.push(byteLength);
      return _malloc(byteLength);
    };
    const weights = numbers();
    await product(weights);
    expect(allocated.filter((bytes) => bytes === weights.byteLength)).toHaveLength(1);
    const held = memory.hold(weights) as Float32Array;
    allocated.length = 0;
    await product(held);
    expect(allocated.length).toBeGreaterThan(0);
    expect(Math.max(...allocated)).toBeLessThan(weights.byteLength);
    module._malloc = _malloc;
    memory.free(held);
  });

  test('freed memory is used again; arrays survive that the memory grows', async () => {
    const first = memory.allocate(WIDTH * WIDTH)!;
    const { byteOffset } = first;
    memory.free(first);
    expect(module.residents!.has(first)).toBe(false);
    const second = memory.allocate(WIDTH * WIDTH)!;
    expect(second.byteOffset).toBe(byteOffset);
    second.set(numbers());
    const wanted = await product(second);
    const before = module.HEAPU8.byteLength;
    const large = memory.allocate(before / 4 + 1)!;
    expect(module.HEAPU8.byteLength).toBeGreaterThan(before);
    expect(await product(second)).toEqual(wanted);
    memory.free(large);
    // What may still be written to is nobody else's.
    memory.freeAll();
    expect(memory.allocate(WIDTH * WIDTH)!.byteOffset).not.toBe(byteOffset);
    expect(memory.hold(second)).toBe(second);
    memory.freeAll();
    expect(module.residents!.has(second)).toBe(false);
  });

  test('small arrays, and what finds no room, stay where they are', () => {
    expect(memory.hold(new Float32Array(16))).toBeNull();
    expect(memory.allocate(2 ** 30)).toBeNull();
    const elsewhere = new Float32Array(4);
    expect(() => memory.free(elsewhere)).not.toThrow();
  });
});
