/** AdamW on the device: moments beside the parameters, one kernel run per layer and step. As torch.optim.AdamW. */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import {
  type AdamWConstants,
  buildAdamWKernel,
  buildAdjustKernel,
  buildSquaresKernel,
  buildSumKernel,
} from '@/kernels/optimizer-kernels.ts';
import { elementCount, type LayerTensors, type TrainedShapes } from './parameters.ts';

export interface AdamWOptions extends AdamWConstants {
  weightDecay: number;
  /** What weight decay pulls norms towards (ModelSpec.normCentre); absent: 0. */
  normCentre?: number;
}

/** PyTorch's defaults but for the decay, which is the trainer's own default of transformers. */
export const ADAMW_DEFAULTS: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** What holds parameters back: gradients gain rho (p - anchor), and where a mask is 0 a weight stays as it is. */
export interface Restraints {
  anchor: LayerTensors | null;
  rho: number;
  masks: LayerTensors | null;
}

/** Elements that one kernel run works on, unless a single tensor has more: what holds several copies of each stays small. */
const RUN_ELEMENTS = 2 ** 23;

export class AdamW {
  /** Updates done: t of the bias correction. */
  updateCount = 0;
  readonly first: LayerTensors;
  readonly second: LayerTensors;
  readonly #kernels = new Map<string, Promise<Kernel>>();

  constructor(
    private readonly backend: Backend,
    private readonly options: AdamWOptions,
    shapes: TrainedShapes,
  ) {
    const zeros = () =>
      shapes.map((group) =>
        group
          ? Object.fromEntries(
              [...group].map(([name, dims]) => [
                name,
                backend.upload(new Float32Array(elementCount(dims)), dims),
              ]),
            )
          : null,
      );
    this.first = zeros();
    this.second = zeros();
  }

  /**
   * One update of every trained tensor with gradients times `gradientScale`. Replaces tensors in `parameters`; those that
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
    const { beta1, beta2, weightDecay, normCentre = 0 } = this.options;
    const centre = (name: string) => (name.endsWith('Norm') ? normCentre : 0);
    const scalars = this.#scalars({
      keep: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** this.updateCount),
      secondScale: 1 / Math.sqrt(1 - beta2 ** this.updateCount),
      gradientScale,
    });
    for (const { group, names, rank } of runsOf(parameters)) {
      const kernel = await this.#kernel('update', names, masks !== null, () =>
        buildAdamWKernel(names, rank, this.options, masks !== null, centre),
      );
      const state = { p: parameters, m: this.first, v: this.second };
      const outputs = await this.backend.run(kernel, {
        ...scalars,
        ...inputsOf({ ...state, g: gradients, ...(masks ? { mask: masks } : {}) }, group, names),
      });
      for (const name of names) {
        for (const kind of ['p', 'm', 'v'] as const) {
          const tensors = state[kind][group]!;
          if (!borrowed.has(tensors[name]!)) this.backend.release(tensors[name]!);
          tensors[name] = outputs[`${kind}2.${name}`]!;
        }
      }
    }
    this.#release(scalars);
  }

  /** Gradients with the restraints' share; releases those it is given. */
  async adjust(
    gradients: LayerTensors,
    parameters: LayerTensors,
    { anchor, rho, masks }: Restraints,
  ): Promise<LayerTensors> {
    if (!anchor && !masks) return gradients;
    const variant = { anchored: anchor !== null, masked: masks !== null };
    const scalars = this.#scalars({ rho });
    const state = {
      g: gradients,
      ...(anchor ? { p: parameters, anchor } : {}),
      ...(masks ? { mask: masks } : {}),
    };
    const result = await this.#map(gradients, 'adjusted', async (group, names, rank) => {
      const kernel = await this.#kernel('adjust', names, variant, () =>
        buildAdjustKernel(names, rank, variant),
      );
      return this.backend.run(kernel, { ...scalars, ...inputsOf(state, group, names) });
    });
    this.#release(scalars);
    return result;
  }

  /** a + b, tensor by tensor; releases both. */
  async sum(a: LayerTensors, b: LayerTensors): Promise<LayerTensors> {
    const result = await this.#map(a, 'sum', async (group, names, rank) => {
      const kernel = await this.#kernel('sum', names, null, () => buildSumKernel(names, rank));
      return this.backend.run(kernel, inputsOf({ a, b }, group, names));
    });
    for (const tensors of b) if (tensors) this.#release(tensors);
    return result;
  }

  /** Euclidean norm of each layer's tensors together, and of the ends'; 0 where nothing trains. */
  async norms(tensors: LayerTensors): Promise<number[]> {
    const sums = tensors.map(() => 0);
    for (const { group, names, rank } of runsOf(tensors)) {
      const kernel = await this.#kernel('squares', names, null, () => buildSquaresKernel(names, rank));
      const { squares } = await this.backend.run(kernel, inputsOf({ t: tensors }, group, names));
      sums[group]! += (await this.backend.read(squares!))[0]!;
      this.backend.release(squares!);
    }
    return sums.map(Math.sqrt);
  }

  /** New tensors in the place of `from`'s, which are released: output `<kind>.<name>` of what `run` gives. */
  async #map(
    from: LayerTensors,
    kind: string,
    run: (
      group: number,
      names: readonly string[],
      rank: (name: string) => 1 | 2,
    ) => Promise<Record<string, DeviceTensor>>,
  ): Promise<LayerTensors> {
    const result: LayerTensors = from.map((tensors) => (tensors ? {} : null));
    for (const { group, names, rank } of runsOf(from)) {
      const outputs = await run(group, names, rank);
      for (const name of names) {
        result[group]![name] = outputs[`${kind}.${name}`]!;
        this.backend.release(from[group]![name]!);
      }
    }
    return result;
  }

  #scalars(values: Record<string, number>): Record<string, DeviceTensor> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, this.backend.upload(Float32Array.of(value), [1])]),
    );
  }

  #release(tensors: Record<string, DeviceTensor>): void {
    for (const tensor of Object.values(tensors)) this.backend.release(tensor);
  }

  #kernel(
    what: string,
    names: readonly string[],
    variant: unknown,
    build: () => Uint8Array,
  ): Promise<Kernel> {
    const key = JSON.stringify([what, names, variant]);
    let kernel = this.#kernels.get(key);
    if (!kernel) this.#kernels.set(key, (kernel = this.backend.compile(build())));
    return kernel;
  }
}

/** Which tensors go through a kernel together: those of one layer, or fewer where they are large. */
function* runsOf(tensors: LayerTensors) {
  for (const [group, values] of tensors.entries()) {
    const rank = (name: string): 1 | 2 => (values![name]!.dims.length === 1 ? 1 : 2);
    let names: string[] = [];
    let elements = 0;
    for (const [name, { dims }] of Object.entries(values ?? {})) {
      const size = elementCount(dims);
      if (names.length > 0 && elements + size > RUN_ELEMENTS) {
        yield { group, names, rank };
        names = [];
        elements = 0;
      }
      names.push(name);
      elements += size;
    }
    if (names.length > 0) yield { group, names, rank };
  }
}

/** `<kind>.<name>` for every kind of state. */
function inputsOf(state: Record<string, LayerTensors>, group: number, names: readonly string[]) {
  const inputs: Record<string, DeviceTensor> = {};
  for (const [kind, tensors] of Object.entries(state)) {
    for (const name of names) inputs[`${kind}.${name}`] = tensors[group]![name]!;
  }
  return inputs;
}
