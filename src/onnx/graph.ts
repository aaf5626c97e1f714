/**
 * Builds one ONNX graph node by node. Knows ONNX's data model and nothing of transformers, weights or backends; the bytes
 * are written by encode.ts. Opset 21: from 24 on, ORT's WebGPU provider silently loses operators to the CPU.
 */
import {
  type Attribute,
  type Dim,
  type ElementType,
  encodeModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './encode.ts';

export type { Attribute, Dim, ElementType };

const OPSET = 21;
/** ONNX IR 10 goes with opset 21. */
const IR_VERSION = 10;

/** The name of a value in the graph. Branded, so that a plain string is not taken for one. */
export type Value = string & { readonly __value: true };

export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  readonly #constants = new Map<string, Value>();
  /** Results of nodes that go by another name in the file: an output's, or that of the input that replaces them. */
  readonly #names = new Map<string, string>();
  readonly #made = new Set<string>();
  readonly #replaced = new Set<string>();
  #counter = 0;

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.#inputs.push({ name, type, dims });
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
    for (const value of output) this.#made.add(value);
    this.#nodes.push({
      opType,
      domain,
      name: `${opType}_${this.#nodes.length}`,
      inputs: inputs.map((value) => value ?? ''),
      outputs: output,
      attributes,
    });
    return output;
  }

  /** Declares `value` as an output called `name`. */
  output(value: Value, name: string, type: ElementType, dims: readonly Dim[]): void {
    this.#outputs.push({ name, type, dims });
    // What a node makes is made under this name; an input, or a second name, needs a copy.
    if (this.#made.has(value) && !this.#names.has(value)) this.#names.set(value, name);
    else this.#nodes.push({ opType: 'Identity', name: `out_${name}`, inputs: [value], outputs: [name] });
  }

  /**
   * Cuts the graph at `value`: whoever uses it, before or after this call, takes the input `name` instead. What computed it
   * is not encoded unless something else needs it.
   */
  given(value: Value, name: string, type: ElementType, dims: readonly Dim[]): void {
    this.input(name, type, dims);
    this.#names.set(value, name);
    this.#replaced.add(value);
  }

  /** int64 vector (shapes, axes), or scalar when given a number. */
  ints(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values;
    const dims = typeof values === 'number' ? [] : [list.length];
    return this.#constant(`i${JSON.stringify(values)}`, (name) => ({ name, dims, int64: list }));
  }

  /** float32 scalar. */
  float(value: number): Value {
    return this.#constant(`f${value}`, (name) => ({ name, dims: [], float32: [value] }));
  }

  /** float32 zeros. */
  zeros(dims: readonly number[]): Value {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const float32 = new Array<number>(size).fill(0);
    return this.#constant(`z${dims.join(',')}`, (name) => ({ name, dims, float32 }));
  }

  /** A float32 weight whose bytes lie in a separate buffer, so that the graph stays small. */
  externalWeight(name: string, dims: readonly number[], location: string, offset: number): Value {
    const length = dims.reduce((product, size) => product * size, 4);
    this.#initializers.push({ name, dims, external: { location, offset, length } });
    return name as Value;
  }

  /** The encoded ModelProto: what the outputs depend on, and nothing else. */
  encode(): Uint8Array {
    const { nodes, used } = this.#needed();
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'stratascope',
      opsets: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1 },
      ],
      graphName: 'kernel',
      nodes,
      initializers: this.#initializers.filter(({ name }) => used.has(name)),
      inputs: this.#inputs.filter(({ name }) => used.has(name)),
      outputs: this.#outputs,
    });
  }

  /** Backwards from the outputs; ORT would run nodes whose results nobody takes. */
  #needed(): { nodes: OnnxNode[]; used: Set<string> } {
    const used = new Set(this.#outputs.map(({ name }) => name));
    const nodes: OnnxNode[] = [];
    const named = (value: string) => this.#names.get(value) ?? value;
    for (const node of this.#nodes.toReversed()) {
      const outputs = node.outputs.map((output) => (this.#replaced.has(output) ? output : named(output)));
      if (!outputs.some((output) => used.has(output))) continue;
      const inputs = node.inputs.map(named);
      for (const input of inputs) used.add(input);
      nodes.unshift({ ...node, inputs, outputs });
    }
    return { nodes, used };
  }

  #constant(key: string, tensor: (name: string) => OnnxTensor): Value {
    let value = this.#constants.get(key);
    if (!value) {
      value = this.#fresh('const');
      this.#initializers.push(tensor(value));
      this.#constants.set(key, value);
    }
    return value;
  }

  #fresh(prefix: string): Value {
    return `${prefix}_${this.#counter++}` as Value;
  }
}
