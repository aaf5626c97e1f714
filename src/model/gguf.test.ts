import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from './architectures.ts';
import { specFromConfig } from './config.ts';
import { openGguf, readGgufFloats } from './gguf.ts';
import { openGgufModel } from './gguf-spec.ts';
import { memorySource } from './memory-source.ts';
import { diskFile, diskFiles } from './node-files.ts';
import { openSafetensors, readBytes, readFloats } from './safetensors.ts';
import { checkpointReader, openCheckpoint, readText } from './tensor-store.ts';

const fixtures = new URL('../../tests/fixtures/', import.meta.url).pathname;
const bundled = new URL(
  '../../public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf',
  import.meta.url,
).pathname;

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

describe('dequantisation equals ggml', () => {
  test.each(['quant_types', 'k_quants'])('%s', async (name) => {
    const file = await openGguf(diskFile(`${fixtures}gguf/${name}.gguf`));
    const reference = await openSafetensors(diskFile(`${fixtures}gguf/${name}.safetensors`));
    expect(file.tensors.size).toBe(name === 'k_quants' ? 5 : 8);
    for (const tensor of file.tensors.values()) {
      const raw = await readBytes(reference, `${tensor.name}.raw`);
      expect(await file.source.read(tensor.offset, tensor.sizeBytes)).toEqual(raw);
      const values = await readGgufFloats(file, tensor.name);
      const want = await readFloats(reference, `${tensor.name}.dequantised`);
      // Scales and small integers are exact in double precision, so there is one rounding, as in ggml: no difference.
      expect(largestDifference(values, want), tensor.name).toBe(0);
    }
  });
});

test.each(['quant_types', 'k_quants'])(
  '%s: a scale or minimum that is no number is noticed in every type',
  async (name) => {
    const source = diskFile(`${fixtures}gguf/${name}.gguf`);
    const bytes = await source.read(0, source.sizeBytes);
    const file = await openGguf(diskFile(`${fixtures}gguf/${name}.gguf`));
    for (const tensor of file.tensors.values()) {
      if (tensor.type.blockSize === 1) continue;
      // Where each type keeps its half-precision numbers within a block: at its start, or behind the codes.
      const places = { Q2_K: [80, 82], Q3_K: [108], Q6_K: [208] }[tensor.type.name] ?? [0];
      if (/_1$|Q[45]_K/.test(tensor.type.name)) places.push(2);
      for (const place of places) {
        for (const block of [0, tensor.sizeBytes / tensor.type.blockBytes - 1]) {
          const spoilt = Uint8Array.from(bytes);
          const at = tensor.offset + block * tensor.type.blockBytes + place;
          // Infinity in half precision.
          spoilt.set([0x00, 0x7c], at);
          const damaged = await openGguf(memorySource(spoilt, 'damaged.gguf'));
          await expect(readGgufFloats(damaged, tensor.name), `${tensor.name} at ${place}`).rejects.toThrow(
            /not finite/,
          );
        }
      }
    }
  },
);

test('metadata of every value type is read', async () => {
  const { metadata, alignment } = await openGguf(diskFile(`${fixtures}gguf/quant_types.gguf`));
  expect(alignment).toBe(32);
  expect(Object.fromEntries([...metadata].filter(([key]) => key.startsWith('test.')))).toMatchInlineSnapshot(`
    {
      "test.array_of_bools": [
        true,
        false,
        true,
      ],
      "test.array_of_floats": Float32Array [
        0.25,
        -0.5,
      ],
      "test.array_of_ints": Int32Array [
        1,
        -2,
        3,
      ],
      "test.array_of_strings": [
        "a",
        "",
        "ĠĊ",
        "🙂",
      ],
      "test.false": false,
      "test.float32": 0.5,
      "test.float64": 0.1,
      "test.int16": -30000,
      "test.int32": -2000000000,
      "test.int64": -1152921504606846977n,
      "test.int8": -100,
      "test.string": "grüße, 世界 🙂",
      "test.true": true,
      "test.uint16": 60000,
      "test.uint32": 4000000000,
      "test.uint64": 1152921504606846977n,
      "test.uint8": 200,
    }
  `);
  expect((await openGguf(diskFile(`${fixtures}gguf/k_quants.gguf`))).alignment).toBe(64);
});

test('a GGUF has the weights of the checkpoint it was made from, rope rows included', async () => {
  const files = diskFiles(`${fixtures}llama/model`);
  const checkpointSpec = specFromConfig(await readText((await files.open('config.json'))!));
  const reader = checkpointReader(checkpointSpec, ARCHITECTURES.llama!, await openCheckpoint(files));
  const { spec, weights } = await openGgufModel(
    await openGguf(diskFile(`${fixtures}gguf/tiny_llama_f16.gguf`)),
  );
  expect(spec).toEqual({ ...checkpointSpec, normEps: Math.fround(1e-5) });
  const [got, want] = [await weights.layer(2), await reader.layer(2)];
  expect(largestDifference(got.ffnNorm, want.ffnNorm)).toBe(0);
  for (const [matrix, values] of Object.entries(want.matrices)) {
    // float16 keeps 11 bits: half a unit in the last place of the largest weight.
    const tolerance = Math.max(...values.map(Math.abs)) * 2 ** -11;
    expect(largestDifference(got.matrices[matrix as 'q'], values), matrix).toBeLessThanOrEqual(tolerance);
  }
});

test('the bundled model is read whole in under 2 s of processor time', async () => {
  const { spec, weights } = await openGgufModel(await openGguf(diskFile(bundled)));
  expect(spec).toMatchObject({
    layerCount: 30,
    hiddenSize: 576,
    vocabSize: 49152,
    headDim: 64,
    tiedEmbeddings: true,
  });
  // Processor time and the best of three: other processes on the machine must not decide.
  const seconds: number[] = [];
  let embedding: Float32Array = new Float32Array();
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = process.cpuUsage();
    embedding = await weights.embedding();
    for (let layer = 0; layer < spec.layerCount; layer++) await weights.layer(layer);
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  expect(Math.min(...seconds)).toBeLessThan(2);
  expect(embedding.length).toBe(49152 * 576);
  expect(await weights.head()).toBeNull();
});
