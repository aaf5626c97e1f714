/**
 * The protobuf bytes of an ONNX model: those fields of onnx.proto that GraphBuilder fills, and no more. Knows the wire
 * format and the field numbers, nothing of what a graph computes. The complete schema (onnx-buf) weighs 22 kB gzipped in
 * the page; encode.test.ts holds every byte written here against it.
 */

export type ElementType = 'float32' | 'uint8' | 'int32' | 'int64' | 'bool';
/** A fixed size, or a name for a size that is known at run time only. */
export type Dim = number | string;
/** int, ints, or float (as `{ float }`, since 1 and 1.0 are the same number in JavaScript). */
export type Attribute = number | readonly number[] | { float: number };

export interface OnnxNode {
  opType: string;
  name: string;
  domain?: string;
  /** '' leaves an optional input out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

/** Values in the file itself, or the place of little-endian float32 values in another one. */
export type OnnxTensor = { name: string; dims: readonly number[] } & (
  | { int64: readonly number[] }
  | { float32: readonly number[] }
  | { external: { location: string; offset: number; length: number } }
);

/** An input or output of the graph. */
export interface OnnxValue {
  name: string;
  type: ElementType;
  dims: readonly Dim[];
}

export interface OnnxModel {
  irVersion: number;
  producerName: string;
  opsets: readonly { domain: string; version: number }[];
  graphName: string;
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxTensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

/** TensorProto.DataType */
const DATA_TYPE: Record<ElementType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };
/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPE = { float: 1, int: 2, ints: 7 };
/** TensorProto.DataLocation.EXTERNAL */
const EXTERNAL = 1;

/** The encoded ModelProto. Fields stand in the order of their numbers, which the comments name. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const out = new MessageWriter();
  out.integer(1, model.irVersion);
  out.text(2, model.producerName);
  out.message(7, (graph) => {
    for (const node of model.nodes) graph.message(1, (m) => writeNode(m, node));
    graph.text(2, model.graphName);
    for (const tensor of model.initializers) graph.message(5, (m) => writeTensor(m, tensor));
    for (const input of model.inputs) graph.message(11, (m) => writeValue(m, input));
    for (const output of model.outputs) graph.message(12, (m) => writeValue(m, output));
  });
  for (const { domain, version } of model.opsets) {
    out.message(8, (m) => {
      m.text(1, domain);
      m.integer(2, version);
    });
  }
  return out.bytes();
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
function writeNode(out: MessageWriter, node: OnnxNode): void {
  for (const input of node.inputs) out.text(1, input);
  for (const output of node.outputs) out.text(2, output);
  out.text(3, node.name);
  out.text(4, node.opType);
  for (const [name, value] of Object.entries(node.attributes ?? {}))
    out.message(5, (m) => writeAttribute(m, name, value));
  if (node.domain !== undefined) out.text(7, node.domain);
}

/** AttributeProto: name 1, f 2, i 3, ints 8 (not packed), type 20. */
function writeAttribute(out: MessageWriter, name: string, value: Attribute): void {
  out.text(1, name);
  if (typeof value === 'number') {
    out.integer(3, value);
    out.integer(20, ATTRIBUTE_TYPE.int);
  } else if ('float' in value) {
    out.float(2, value.float);
    out.integer(20, ATTRIBUTE_TYPE.float);
  } else {
    for (const one of value) out.integer(8, one);
    out.integer(20, ATTRIBUTE_TYPE.ints);
  }
}

/** TensorProto: dims 1 (not packed), data_type 2, float_data 4 and int64_data 7 (packed), name 8, external_data 13, data_location 14. */
function writeTensor(out: MessageWriter, tensor: OnnxTensor): void {
  for (const dim of tensor.dims) out.integer(1, dim);
  out.integer(2, 'int64' in tensor ? DATA_TYPE.int64 : DATA_TYPE.float32);
  if ('float32' in tensor) out.packedFloats(4, tensor.float32);
  if ('int64' in tensor) out.packedIntegers(7, tensor.int64);
  out.text(8, tensor.name);
  if ('external' in tensor) {
    for (const [key, value] of Object.entries(tensor.external)) {
      out.message(13, (m) => {
        m.text(1, key);
        m.text(2, String(value));
      });
    }
    out.integer(14, EXTERNAL);
  }
}

/** ValueInfoProto: name 1, type 2; TypeProto: tensor_type 1; its elem_type 1, shape 2; a dimension's dim_value 1 or dim_param 2. */
function writeValue(out: MessageWriter, value: OnnxValue): void {
  out.text(1, value.name);
  out.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, DATA_TYPE[value.type]);
      tensor.message(2, (shape) => {
        for (const dim of value.dims)
          shape.message(1, (m) => (typeof dim === 'number' ? m.integer(1, dim) : m.text(2, dim)));
      });
    }),
  );
}

/** One protobuf message: every field is a key (number and wire type) and a payload. */
class MessageWriter {
  #buffer = new Uint8Array(64);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** int32, int64 and enums: negative numbers as 64-bit two's complement. */
  integer(field: number, value: number): void {
    this.#varint(field << 3);
    this.#varint(value);
  }

  float(field: number, value: number): void {
    this.#varint((field << 3) | 5);
    this.#floats([value]);
  }

  text(field: number, value: string): void {
    this.#block(field, new TextEncoder().encode(value));
  }

  message(field: number, write: (message: MessageWriter) => void): void {
    const inner = new MessageWriter();
    write(inner);
    this.#block(field, inner.#written());
  }

  packedIntegers(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const inner = new MessageWriter();
    for (const value of values) inner.#varint(value);
    this.#block(field, inner.#written());
  }

  packedFloats(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.#varint((field << 3) | 2);
    this.#varint(values.length * 4);
    this.#floats(values);
  }

  #written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #block(field: number, payload: Uint8Array): void {
    this.#varint((field << 3) | 2);
    this.#varint(payload.length);
    this.#reserve(payload.length);
    this.#buffer.set(payload, this.#length);
    this.#length += payload.length;
  }

  #floats(values: readonly number[]): void {
    this.#reserve(values.length * 4);
    const view = new DataView(this.#buffer.buffer);
    for (const value of values) {
      view.setFloat32(this.#length, value, true);
      this.#length += 4;
    }
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.#buffer[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#written());
    this.#buffer = larger;
  }
}
