/** encode.ts against onnx-buf, which is generated from ONNX's own schema: the same bytes for the same model. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { expect, test } from 'vitest';
import { type Attribute, type Dim, encodeModel, type OnnxModel, type OnnxTensor } from './encode.ts';
import { GraphBuilder } from './graph.ts';

test('any model has the bytes that the generated schema gives it', () => {
  fc.assert(
    fc.property(models, (model) => {
      expect(Buffer.from(encodeModel(model)).equals(toBinary(ModelProtoSchema, reference(model)))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('what GraphBuilder is told is what a decoder reads', () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['BT', 4]);
  const start = graph.ints([-1]);
  const scale = graph.float(0.1);
  const zeros = graph.zeros([2, 3]);
  const weight = graph.externalWeight('w', [4, 5], 'weights.bin', 4096);
  const [y] = graph.ops(
    'Made',
    [x, undefined, start, zeros, weight],
    2,
    { axis: -1, perm: [0, 2 ** 40], eps: { float: 1e-5 } },
    'lab',
  );
  graph.output(graph.op('Mul', [y!, scale]), 'y', 'float32', ['BT', 4]);

  const bytes = graph.encode();
  const model = fromBinary(ModelProtoSchema, bytes);
  const { node, initializer, input, output } = model.graph!;
  expect(model.opsetImport.map((opset) => `${opset.domain}:${opset.version}`)).toEqual([
    ':21',
    'com.microsoft:1',
  ]);
  expect(node.map(({ opType }) => opType)).toEqual(['Made', 'Mul']);
  expect(node[0]).toMatchObject({ domain: 'lab', input: ['x', '', start, zeros, 'w'] });
  expect(node[0]!.attribute).toMatchObject([
    { name: 'axis', i: -1n },
    { name: 'perm', ints: [0n, 2n ** 40n] },
    { name: 'eps', f: Math.fround(1e-5) },
  ]);
  expect(initializer).toMatchObject([
    { name: start, dims: [1n], int64Data: [-1n] },
    { name: scale, dims: [], floatData: [Math.fround(0.1)] },
    { dims: [2n, 3n], floatData: [0, 0, 0, 0, 0, 0] },
    { name: 'w', dims: [4n, 5n], dataLocation: 1 },
  ]);
  expect(initializer[3]!.externalData.map(({ key, value }) => [key, value])).toEqual([
    ['location', 'weights.bin'],
    ['offset', '4096'],
    ['length', '80'],
  ]);
  expect([input[0]!.name, output[0]!.name]).toEqual(['x', 'y']);
  // Nothing lies in a field that the schema does not know, and nothing out of order.
  expect(Buffer.from(toBinary(ModelProtoSchema, model)).equals(bytes)).toBe(true);
  expect(
    JSON.stringify(model, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('$unknown');
});

test('only what the outputs depend on is written, and a given value replaces what computed it', () => {
  const graph = new GraphBuilder();
  const [x, unused] = ['x', 'unused'].map((name) => graph.input(name, 'float32', ['N']));
  graph.op('Exp', [unused!]);
  const slow = graph.op('Slow', [x!, graph.float(2)]);
  const before = graph.op('Before', [slow]);
  graph.given(slow, 'kept', 'float32', ['N']);
  const after = graph.op('After', [slow, x!]);
  graph.output(graph.op('Add', [before, after]), 'y', 'float32', ['N']);
  const { node, initializer, input } = fromBinary(ModelProtoSchema, graph.encode()).graph!;
  expect(node.map(({ opType }) => opType)).toEqual(['Before', 'After', 'Add']);
  expect(node.slice(0, 2).map(({ input: taken }) => taken)).toEqual([['kept'], ['kept', 'x']]);
  expect(input.map(({ name }) => name)).toEqual(['x', 'kept']);
  expect(initializer).toEqual([]);
});

test('an output is made under its own name, and copied where that cannot be', () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['N']);
  const y = graph.op('Exp', [x]);
  for (const name of ['y', 'again']) graph.output(y, name, 'float32', ['N']);
  graph.output(x, 'same', 'float32', ['N']);
  const { node } = fromBinary(ModelProtoSchema, graph.encode()).graph!;
  expect(node.map(({ opType, input, output }) => [opType, input[0], output[0]])).toEqual([
    ['Exp', 'x', 'y'],
    ['Identity', 'y', 'again'],
    ['Identity', 'x', 'same'],
  ]);
});

// ---------------------------------------------------------------- the same model in onnx-buf's terms

const DATA_TYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

function reference(model: OnnxModel): ModelProto {
  const value = ({ name, type, dims }: OnnxModel['inputs'][number]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: { elemType: DATA_TYPE[type], shape: { dim: dims.map((dim) => ({ value: dimension(dim) })) } },
      },
    },
  });
  return create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producerName,
    opsetImport: model.opsets.map(({ domain, version }) => ({ domain, version: BigInt(version) })),
    graph: {
      name: model.graphName,
      node: model.nodes.map(({ opType, name, domain, inputs, outputs, attributes = {} }) => ({
        opType,
        name,
        domain,
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([key, one]) => ({ name: key, ...attribute(one) })),
      })),
      initializer: model.initializers.map((one) => ({
        name: one.name,
        dims: one.dims.map(BigInt),
        ...content(one),
      })),
      input: model.inputs.map(value),
      output: model.outputs.map(value),
    },
  });
}

function dimension(dim: Dim) {
  return typeof dim === 'number'
    ? { case: 'dimValue' as const, value: BigInt(dim) }
    : { case: 'dimParam' as const, value: dim };
}

function attribute(value: Attribute) {
  if (typeof value === 'number') return { type: 2, i: BigInt(value) };
  if ('float' in value) return { type: 1, f: value.float };
  return { type: 7, ints: value.map(BigInt) };
}

function content(tensor: OnnxTensor) {
  if ('int64' in tensor) return { dataType: DATA_TYPE.int64, int64Data: tensor.int64.map(BigInt) };
  if ('float32' in tensor) return { dataType: DATA_TYPE.float32, floatData: [...tensor.float32] };
  const externalData = Object.entries(tensor.external).map(([key, value]) => ({ key, value: String(value) }));
  return { dataType: DATA_TYPE.float32, externalData, dataLocation: 1 };
}

// ---------------------------------------------------------------- any model

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const int = fc.oneof(fc.integer(), fc.maxSafeInteger());
const size = fc.nat();
const float = fc.float({ noNaN: true });
const elementType = fc.constantFrom('float32' as const, 'int32' as const, 'int64' as const, 'bool' as const);
const values = fc.array(
  fc.record({ name: text, type: elementType, dims: fc.array(fc.oneof(size, text), { maxLength: 4 }) }),
  { maxLength: 3 },
);
const attributeValue = fc.oneof(int, fc.array(int, { maxLength: 80 }), fc.record({ float }));
const shaped = { name: text, dims: fc.array(size, { maxLength: 4 }) };

const models: fc.Arbitrary<OnnxModel> = fc.record({
  irVersion: size,
  producerName: text,
  opsets: fc.array(fc.record({ domain: text, version: size }), { maxLength: 3 }),
  graphName: text,
  nodes: fc.array(
    fc.record(
      {
        opType: text,
        name: text,
        domain: text,
        inputs: fc.array(text, { maxLength: 4 }),
        outputs: fc.array(text, { maxLength: 3 }),
        attributes: fc.dictionary(text, attributeValue, { maxKeys: 4 }),
      },
      { requiredKeys: ['opType', 'name', 'inputs', 'outputs'] },
    ),
    { maxLength: 5 },
  ),
  initializers: fc.array(
    fc.oneof(
      // Long enough that lengths take two bytes.
      fc.record({ ...shaped, int64: fc.array(int, { maxLength: 80 }) }),
      fc.record({ ...shaped, float32: fc.array(float, { maxLength: 80 }) }),
      fc.record({ ...shaped, external: fc.record({ location: text, offset: size, length: size }) }),
    ),
    { maxLength: 4 },
  ),
  inputs: values,
  outputs: values,
});
