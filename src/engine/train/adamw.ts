/** AdamW on the device: moments beside the parameters, one kernel run per layer and step. As torch.optim.AdamW. */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import {
  type AdamWConstants,
  buildAdamWKernel,
  buildAdjustKernel,
  buildSquaresKernel,
  buildSumKernel,
} from '@/kernels/optimizer-kernels.ts';
import type { LayerTensors } from './parameters.ts';

export interface AdamWOptions extends AdamWConstants {
  weightDecay: number;
}

/** PyTorch's defaults but for the decay, which is the trainer's own default of transformers. */
export const ADAMW_DEFAULTS: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** What holds parameters back: gradients gain rho (p - anchor), and where a mask is 0 a weight stays as it is. */
export interface Restraints {
  anchor: LayerTensors | null;
  rho: number;
  masks: LayerTensors | null;
}

export class AdamW {
  /** Updates done: t of the bias correction. */
  updateCount = 0;
  readonly first: LayerTensors;
  readonly second: LayerTensors;
  readonly #names: readonly string[];
  readonly #kernels = new Map<string, Promise<Kernel>>();
  readonly #rank: (name: string) => 1 | 2;

  constructor(
    private readonly backend: Backend,
    private readonly options: AdamWOptions,
    shapes: ReadonlyMap<string, readonly number[]>,
    trains: readonly boolean[],
  ) {
    this.#names = [...shapes.keys()];
    const zeros = () =>
      trains.map((layer) =>
        layer
          ? Object.fromEntries(
              [...shapes].map(([name, dims]) => [
                name,
                backend.upload(new Float32Array(dims.reduce((size, dim) => size * dim, 1)), dims),
              ]),
            )
          : null,
      );
    this.first = zeros();
    this.second = zeros();
    this.#rank = (name) => (shapes.get(name)!.length === 1 ? 1 : 2);
  }

  /**
   * One update of every trained layer with gradients times `gradientScale`. Replaces tensors in `parameters`; those that
   * are `borrowed` from the model are left to it.
   */
  async update(
    parameters: LayerTensors,
    gradients: LayerTensors,
    learningRate: number,
    gradientScale: number,
    masks: LayerTensors | null = null,
    borrowed: ReadonlySet<DeviceTensor> = new Set(),
  ): Promise<void> {
    this.updateCount += 1;
    const { beta1, beta2, weightDecay } = this.options;
    const scalars = {
      keep: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** this.updateCount),
      secondScale: 1 / Math.sqrt(1 - beta2 ** this.updateCount),
      gradientScale,
    };
    const scalarTensors = Object.fromEntries(
      Object.entries(scalars).map(([name, value]) => [
        name,
        this.backend.upload(Float32Array.of(value), [1]),
      ]),
    );
    const kernel = await this.#kernel(`update${masks !== null}`, () =>
      buildAdamWKernel(this.#names, this.#rank, this.options, masks !== null),
    );
    for (const [layer, values] of parameters.entries()) {
      if (!values) continue;
      const state = { p: values, g: gradients[layer]!, m: this.first[layer]!, v: this.second[layer]! };
      const inputs: Record<string, DeviceTensor> = { ...scalarTensors };
      for (const [kind, tensors] of Object.entries(state)) {
        for (const name of this.#names) inputs[`${kind}.${name}`] = tensors[name]!;
      }
      if (masks) for (const name of this.#names) inputs[`mask.${name}`] = masks[layer]![name]!;
      const outputs = await this.backend.run(kernel, inputs);
      for (const name of this.#names) {
        for (const kind of ['p', 'm', 'v'] as const) {
          if (!borrowed.has(state[kind][name]!)) this.backend.release(state[kind][name]!);
          state[kind][name] = outputs[`${kind}2.${name}`]!;
        }
      }
    }
    for (const tensor of Object.values(scalarTensors)) this.backend.release(tensor);
  }

  /** Gradients with the restraints' share; releases those it is given. */
  async adjust(
    gradients: LayerTensors,
    parameters: LayerTensors,
    { anchor, rho, masks }: Restraints,
  ): Promise<LayerTensors> {
    if (!anchor && !masks) return gradients;
    const variant = { anchored: anchor !== null, masked: masks !== null };
    const kernel = await this.#kernel(`adjust${JSON.stringify(variant)}`, () =>
      buildAdjustKernel(this.#names, this.#rank, variant),
    );
    const rhoTensor = this.backend.upload(Float32Array.of(rho), [1]);
    const result: LayerTensors = [];
    for (const [layer, own] of gradients.entries()) {
      result[layer] = null;
      if (!own) continue;
      const inputs: Record<string, DeviceTensor> = { rho: rhoTensor };
      const state = { g: own, p: parameters[layer]!, anchor: anchor?.[layer], mask: masks?.[layer] };
      for (const [kind, tensors] of Object.entries(state)) {
        for (const name of tensors ? this.#names : []) inputs[`${kind}.${name}`] = tensors![name]!;
      }
      const outputs = await this.backend.run(kernel, inputs);
      result[layer] = Object.fromEntries(this.#names.map((name) => [name, outputs[`adjusted.${name}`]!]));
      for (const name of this.#names) this.backend.release(own[name]!);
    }
    this.backend.release(rhoTensor);
    return result;
  }

  /** a + b, layer by layer; releases both. */
  async sum(a: LayerTensors, b: LayerTensors): Promise<LayerTensors> {
    const kernel = await this.#kernel('sum', () => buildSumKernel(this.#names, this.#rank));
    const result: LayerTensors = [];
    for (const [layer, left] of a.entries()) {
      const right = b[layer];
      if (!left || !right) {
        result[layer] = null;
        continue;
      }
      const inputs: Record<string, DeviceTensor> = {};
      for (const name of this.#names)
        Object.assign(inputs, { [`a.${name}`]: left[name]!, [`b.${name}`]: right[name]! });
      const outputs = await this.backend.run(kernel, inputs);
      result[layer] = Object.fromEntries(this.#names.map((name) => [name, outputs[`sum.${name}`]!]));
      for (const name of this.#names) {
        this.backend.release(left[name]!);
        this.backend.release(right[name]!);
      }
    }
    return result;
  }

  /** Euclidean norm of each layer's tensors together; 0 where nothing trains. */
  async norms(tensors: LayerTensors): Promise<number[]> {
    const kernel = await this.#kernel('squares', () => buildSquaresKernel(this.#names, this.#rank));
    const result: number[] = [];
    for (const [layer, values] of tensors.entries()) {
      result[layer] = 0;
      if (!values) continue;
      const inputs = Object.fromEntries(this.#names.map((name) => [`t.${name}`, values[name]!]));
      const { squares } = await this.backend.run(kernel, inputs);
      result[layer] = Math.sqrt((await this.backend.read(squares!))[0]!);
      this.backend.release(squares!);
    }
    return result;
  }

  #kernel(key: string, build: () => Uint8Array): Promise<Kernel> {
    let kernel = this.#kernels.get(key);
    if (!kernel) this.#kernels.set(key, (kernel = this.backend.compile(build())));
    return kernel;
  }
}
