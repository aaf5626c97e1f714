/**
 * Builds one ONNX graph node by node and encodes it. Knows ONNX's data model and nothing of transformers, weights or
 * backends. Opset 21: from 24 on, ORT's WebGPU provider silently loses operators to the CPU.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

const OPSET = 21;
/** ONNX IR 10 goes with opset 21. */
const IR_VERSION = 10n;

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';
/** A fixed size, or a name for a size that is known at run time only. */
export type Dim = number | string;
/** The name of a value in the graph. Branded, so that a plain string is not taken for one. */
export type Value = string & { readonly __value: true };

/** int, ints, or float (as `{ float }`, since 1 and 1.0 are the same number in JavaScript). */
export type Attribute = number | readonly number[] | { float: number };

const DATA_TYPES: Record<ElementType, DataType> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #constants = new Map<string, Value>();
  #counter = 0;

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.#inputs.push(valueInfo(name, type, dims));
    return name as Value;
  }

  /** One node with one output. `undefined` leaves an optional input out. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value {
    return this.ops(opType, inputs, 1, attributes, domain)[0]!;
  }

  /** One node with several outputs. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputCount: number,
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value[] {
    const output = Array.from({ length: outputCount }, () => this.#fresh(opType));
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        domain,
        name: `${opType}_${this.#nodes.length}`,
        input: inputs.map((value) => value ?? ''),
        output,
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  /** Declares `value` as an output called `name`. A copy node keeps one value usable under two names. */
  output(value: Value, name: string, type: ElementType, dims: readonly Dim[]): void {
    this.#nodes.push(
      create(NodeProtoSchema, { opType: 'Identity', name: `out_${name}`, input: [value], output: [name] }),
    );
    this.#outputs.push(valueInfo(name, type, dims));
  }

  /** int64 vector (shapes, axes), or scalar when given a number. */
  ints(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values;
    return this.#constant(`i${JSON.stringify(values)}`, {
      dataType: DataType.INT64,
      dims: typeof values === 'number' ? [] : [BigInt(list.length)],
      int64Data: list.map(BigInt),
    });
  }

  /** float32 scalar. */
  float(value: number): Value {
    return this.#constant(`f${value}`, { dataType: DataType.FLOAT, dims: [], floatData: [value] });
  }

  /** float32 zeros. */
  zeros(dims: readonly number[]): Value {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return this.#constant(`z${dims.join(',')}`, {
      dataType: DataType.FLOAT,
      dims: dims.map(BigInt),
      floatData: new Array<number>(size).fill(0),
    });
  }

  /** A float32 weight whose bytes lie in a separate buffer, so that the graph stays small. */
  externalWeight(name: string, dims: readonly number[], location: string, offset: number): Value {
    const length = dims.reduce((product, size) => product * size, 4);
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: DataType.FLOAT,
        dims: dims.map(BigInt),
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({
          key,
          value: String(value),
        })),
      }),
    );
    return name as Value;
  }

  /** The encoded ModelProto. */
  encode(): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'stratascope',
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        { domain: 'com.microsoft', version: 1n },
      ],
      graph: {
        name: 'kernel',
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  #constant(
    key: string,
    tensor: { dataType: DataType; dims: bigint[]; int64Data?: bigint[]; floatData?: number[] },
  ): Value {
    let value = this.#constants.get(key);
    if (!value) {
      value = this.#fresh('const');
      this.#initializers.push(create(TensorProtoSchema, { name: value, ...tensor }));
      this.#constants.set(key, value);
    }
    return value;
  }

  #fresh(prefix: string): Value {
    return `${prefix}_${this.#counter++}` as Value;
  }
}

function attribute(name: string, value: Attribute) {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}

function valueInfo(name: string, elementType: ElementType, dims: readonly Dim[]): ValueInfoProto {
  const dim = dims.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: { case: 'tensorType', value: { elemType: DATA_TYPES[elementType], shape: { dim } } },
    },
  });
}
