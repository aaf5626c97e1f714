import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomLcg } from 'd3';
import { beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '@/onnx/graph.ts';
import { fasterProducts } from './faster-products.ts';
import { OP, readBody, writeBody } from './instructions.ts';
import { PACKAGE_WASM } from './plugin.ts';
import { editBodies, type WasmFunction } from './wasm-module.ts';

const original = new Uint8Array(readFileSync(PACKAGE_WASM));

function bodiesOf(module: Uint8Array): WasmFunction[] {
  const bodies: WasmFunction[] = [];
  editBodies(module, (found) => {
    bodies.push(found);
    return null;
  });
  return bodies;
}

function differing(edited: Uint8Array): Array<{ before: WasmFunction; after: WasmFunction }> {
  const after = bodiesOf(edited);
  return bodiesOf(original)
    .map((before, n) => ({ before, after: after[n]! }))
    .filter((pair) => !Buffer.from(pair.before.body).equals(pair.after.body));
}

test('a module whose bodies are left alone comes back byte for byte', () => {
  expect(Buffer.from(editBodies(original, () => null)).equals(original)).toBe(true);
});

test('a body taken apart and put together is the same, for both kernels', () => {
  const kernels = differing(fasterProducts(original, { fused: false }));
  expect(kernels).toHaveLength(2);
  for (const { before } of kernels)
    expect(Buffer.from(writeBody(readBody(before.body))).equals(before.body)).toBe(true);
});

test('rolling changes two functions and no instruction that computes with vectors', () => {
  const rolled = fasterProducts(original, { fused: false });
  expect(WebAssembly.validate(rolled as BufferSource)).toBe(true);
  for (const { before, after } of differing(rolled)) {
    const vectors = ({ body }: WasmFunction) =>
      readBody(body)
        .instructions.map(({ op }) => op)
        .filter((op) => op > 0xff);
    expect(vectors(after)).toEqual(vectors(before));
  }
});

test('fusing leaves no product that is added right away', () => {
  const changed = differing(fasterProducts(original, { fused: true }));
  expect(changed).toHaveLength(2);
  for (const { before, after } of changed) {
    const pairs = ({ body }: WasmFunction) =>
      readBody(body).instructions.filter(
        ({ op }, n, all) => op === OP.f32x4Add && all[n - 1]?.op === OP.f32x4Mul,
      ).length;
    expect(pairs(before)).toBeGreaterThan(16);
    expect(pairs(after)).toBe(0);
    const fused = readBody(after.body).instructions.filter(({ op }) => op === OP.relaxedMadd);
    expect(fused).toHaveLength(pairs(before));
  }
});

test('a runtime without these kernels fails the build and says what to do', () => {
  const without = editBodies(original, ({ params, results }) =>
    // unreachable
    params.length === 9 && results.length === 1 ? Uint8Array.of(0, 0x00, 0x0b) : null,
  );
  expect(() => fasterProducts(without, { fused: false })).toThrow(
    /has 0 matrix product kernels.*onnxruntime-web/,
  );
});

/** Rows, terms, columns: pairs of rows and a single one, odd sums, one panel of 16 columns, parts of one, several blocks. */
const SHAPES = [
  [1, 1, 1],
  [2, 1, 16],
  [2, 2, 16],
  [3, 5, 19],
  [7, 64, 33],
  [8, 129, 16],
  [31, 300, 100],
  [64, 577, 130],
] as const;

/** y = a b, and z = 0.5 a bᵀ + y: both kernels, another alpha, both layouts of the right side. */
function productGraph(): Uint8Array {
  const graph = new GraphBuilder();
  const a = graph.input('a', 'float32', ['m', 'k']);
  const y = graph.op('MatMul', [a, graph.input('b', 'float32', ['k', 'n'])]);
  const z = graph.op('Gemm', [a, graph.input('c', 'float32', ['n', 'k']), y], {
    transB: 1,
    alpha: { float: 0.5 },
  });
  graph.output(y, 'y', 'float32', ['m', 'n']);
  graph.output(z, 'z', 'float32', ['m', 'n']);
  return graph.encode();
}

function productInputs() {
  const random = randomLcg(11);
  const tensor = (...dims: [number, number]) => ({
    dims,
    data: Float32Array.from({ length: dims[0] * dims[1] }, () => random() * 2 - 1),
  });
  return SHAPES.map(([m, k, n]) => ({ a: tensor(m, k), b: tensor(k, n), c: tensor(n, k) }));
}

type Outputs = [y: Float32Array, z: Float32Array];

/** The products of every shape, computed by `wasm` in a process of its own. */
function compute(wasm: Uint8Array, execArgv: string[] = []): Promise<Outputs[]> {
  const script = fileURLToPath(new URL('./testing/products.worker.mjs', import.meta.url));
  const child = fork(script, { serialization: 'advanced', execArgv });
  return new Promise((resolve, reject) => {
    child.once('message', (outputs) => resolve(outputs as Outputs[]));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process with ONNX Runtime ended with ${code}.`)));
    child.send({ wasm, graph: productGraph(), runs: productInputs() });
  });
}

describe('what they compute', () => {
  let plain: Outputs[];
  beforeAll(async () => {
    plain = await compute(original);
  });

  test('is what the sums in double precision are', () => {
    const inputs = productInputs();
    SHAPES.forEach(([m, k, n], s) => {
      const { a, b, c } = inputs[s]!;
      const [y, z] = plain[s]!;
      for (const [row, column] of [
        [0, 0],
        [m - 1, n - 1],
        [m >> 1, n >> 1],
      ] as const) {
        let ab = 0;
        let ac = 0;
        for (let t = 0; t < k; t++) {
          ab += a.data[row * k + t]! * b.data[t * n + column]!;
          ac += a.data[row * k + t]! * c.data[column * k + t]!;
        }
        expect(Math.abs(y[row * n + column]! - ab)).toBeLessThan(1e-4);
        expect(Math.abs(z[row * n + column]! - (0.5 * ac + ab))).toBeLessThan(1e-4);
      }
    });
  });

  test('is the same bit for bit when rolled', async () => {
    expect(await compute(fasterProducts(original, { fused: false }))).toEqual(plain);
  });

  test('differs by rounding alone when fused', async () => {
    // Node 20 has relaxed SIMD behind a flag that later versions no longer know.
    const major = Number(process.versions.node.split('.')[0]);
    const flags = major < 22 ? ['--experimental-wasm-relaxed-simd'] : [];
    const fused = await compute(fasterProducts(original, { fused: true }), flags);
    SHAPES.forEach(([, k], s) => {
      fused[s]!.forEach((values, which) => {
        const expected = plain[s]![which]!;
        expect(values).toHaveLength(expected.length);
        // Each of k steps rounds a sum of at most k once instead of twice.
        const bound = k * 2 ** -24 * Math.sqrt(k) * 2;
        for (let n = 0; n < values.length; n++)
          expect(Math.abs(values[n]! - expected[n]!)).toBeLessThan(bound);
      });
    });
  });
});
