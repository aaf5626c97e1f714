/** AdamW on the device: moments beside the parameters, one kernel run per layer and step. As torch.optim.AdamW. */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import {
  type AdamWConstants,
  buildAdamWKernel,
  buildSquaresKernel,
  buildSumKernel,
} from '@/kernels/optimizer-kernels.ts';
import type { LayerTensors } from './parameters.ts';

export interface AdamWOptions extends AdamWConstants {
  weightDecay: number;
}

/** PyTorch's defaults but for the decay, which is the trainer's own default of transformers. */
export const ADAMW_DEFAULTS: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

export class AdamW {
  /** Updates done: t of the bias correction. */
  updateCount = 0;
  readonly first: LayerTensors;
  readonly second: LayerTensors;
  readonly #names: readonly string[];
  readonly #kernels: Record<'update' | 'sum' | 'squares', Promise<Kernel>>;

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
    const rank = (name: string) => (shapes.get(name)!.length === 1 ? 1 : 2);
    this.#kernels = {
      update: backend.compile(buildAdamWKernel(this.#names, rank, options)),
      sum: backend.compile(buildSumKernel(this.#names, rank)),
      squares: backend.compile(buildSquaresKernel(this.#names, rank)),
    };
  }

  /** One update of every trained layer with gradients times `gradientScale`. Replaces tensors in `parameters`. */
  async update(
    parameters: LayerTensors,
    gradients: LayerTensors,
    learningRate: number,
    gradientScale: number,
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
    const kernel = await this.#kernels.update;
    for (const [layer, values] of parameters.entries()) {
      if (!values) continue;
      const state = { p: values, g: gradients[layer]!, m: this.first[layer]!, v: this.second[layer]! };
      const inputs: Record<string, DeviceTensor> = { ...scalarTensors };
      for (const [kind, tensors] of Object.entries(state)) {
        for (const name of this.#names) inputs[`${kind}.${name}`] = tensors[name]!;
      }
      const outputs = await this.backend.run(kernel, inputs);
      for (const name of this.#names) {
        for (const kind of ['p', 'm', 'v'] as const) {
          this.backend.release(state[kind][name]!);
          state[kind][name] = outputs[`${kind}2.${name}`]!;
        }
      }
    }
    for (const tensor of Object.values(scalarTensors)) this.backend.release(tensor);
  }

  /** a + b, layer by layer; releases both. */
  async sum(a: LayerTensors, b: LayerTensors): Promise<LayerTensors> {
    const kernel = await this.#kernels.sum;
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
    const kernel = await this.#kernels.squares;
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
}
