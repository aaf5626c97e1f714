/**
 * Adapter stacks that differ from the plain ones in some layers: adapters kept to some layers (transplant), weights with
 * noise. The plain stack that the first layers agree with stays the key of what is cached below.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { type MatrixName, type ModelSpec, matrixDims } from '@/model/spec.ts';
import type { AdapterStack, LayerAdapter } from './adapter-stack.ts';
import type { ModelSetting } from './engine.ts';
import { type Interventions, type PerturbRule, settingPlan } from './interventions.ts';
import { noiseOfNorm } from './noise.ts';
import type { ScalePlan } from './scale-plan.ts';

/** Same layers as `reference` below `firstChanged`. */
export interface DerivedStack extends AdapterStack {
  reference: AdapterStack;
  firstChanged: number;
}

const PLAIN_LAYER: LayerAdapter = { matrices: [], inputs: {} };

export class DerivedStacks {
  /** Noise of the latest setting: a band's worth of weights, so only one is kept. */
  #noise: { key: string; tensors: Map<number, Partial<Record<MatrixName, DeviceTensor>>> } | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    /** The model's own matrix [out, in]. */
    private readonly floatMatrix: (layer: number, matrix: MatrixName) => Promise<Float32Array>,
  ) {}

  /** The stack of a setting. `full` has all its adapters everywhere, `base` none. */
  async of(
    setting: ModelSetting,
    full: AdapterStack,
    base: AdapterStack,
  ): Promise<AdapterStack | DerivedStack> {
    const transplanted = transplant(setting, full, base);
    const rules = (setting.perturb ?? []).filter(({ strength }) => strength > 0);
    return rules.length === 0 ? transplanted : this.#perturbed(rules, transplanted);
  }

  clear(): void {
    for (const tensors of this.#noise?.tensors.values() ?? []) {
      for (const tensor of Object.values(tensors)) this.backend.release(tensor);
    }
    this.#noise = null;
  }

  async #perturbed(rules: readonly PerturbRule[], stack: AdapterStack | DerivedStack): Promise<DerivedStack> {
    const key = `${stack.key}~${JSON.stringify(rules)}`;
    if (this.#noise?.key !== key) {
      this.clear();
      const tensors = new Map<number, Partial<Record<MatrixName, DeviceTensor>>>();
      this.#noise = { key, tensors };
      for (const rule of rules) {
        for (let layer = rule.first; layer <= rule.last; layer++) {
          const own = tensors.get(layer) ?? {};
          tensors.set(layer, own);
          for (const matrix of rule.matrices) {
            const before = own[matrix];
            own[matrix] = await this.#disturbed(rule, stack.layers[layer]!, layer, matrix, before);
            if (before) this.backend.release(before);
          }
        }
      }
    }
    const { tensors } = this.#noise!;
    const first = Math.min(...rules.map((rule) => rule.first));
    return {
      ...stack,
      key,
      reference: referenceOf(stack),
      firstChanged: Math.min(first, firstChangedOf(stack)),
      layers: stack.layers.map((adapter, layer) => {
        const own = tensors.get(layer);
        return own ? { ...adapter, inputs: { ...adapter.inputs, ...own } } : adapter;
      }),
    };
  }

  /** The matrix with this rule's noise on top of `before`, or of the weight that the layer would use. */
  async #disturbed(
    rule: PerturbRule,
    adapter: LayerAdapter,
    layer: number,
    matrix: MatrixName,
    before: DeviceTensor | undefined,
  ): Promise<DeviceTensor> {
    const source = before ?? adapter.inputs[matrix];
    const weight = source ? await this.backend.read(source) : await this.floatMatrix(layer, matrix);
    const dims = matrixDims(this.spec)[matrix];
    const merged = await this.#mergedNorm(weight, dims, adapter, matrix);
    const noise = noiseOfNorm(weight.length, rule.strength * merged, [rule.seed, layer, matrix]);
    return this.backend.upload(
      weight.map((value, at) => value + noise[at]!),
      dims,
    );
  }

  /** Frobenius norm of the weight with its low-rank update, which is what scaling would multiply. */
  async #mergedNorm(
    weight: Float32Array,
    dims: readonly number[],
    { inputs }: LayerAdapter,
    matrix: MatrixName,
  ): Promise<number> {
    const [a, b] = [inputs[`loraA.${matrix}`], inputs[`loraB.${matrix}`]];
    if (!a || !b) return frobenius(weight);
    const [out, input] = dims as [number, number];
    const [down, up] = [await this.backend.read(a), await this.backend.read(b)];
    const rank = a.dims[0]!;
    let squares = 0;
    const row = new Float64Array(input);
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < input; i++) row[i] = weight[o * input + i]!;
      for (let r = 0; r < rank; r++) {
        const factor = up[o * rank + r]!;
        for (let i = 0; i < input; i++) row[i]! += factor * down[r * input + i]!;
      }
      for (let i = 0; i < input; i++) squares += row[i]! * row[i]!;
    }
    return Math.sqrt(squares);
  }
}

/** Adapters in some layers only. All layers is the full stack itself, no layer the base: bit for bit, caches included. */
function transplant(
  { adapterLayers, baseLayers = [] }: Interventions,
  full: AdapterStack,
  base: AdapterStack,
): AdapterStack | DerivedStack {
  if (!adapterLayers && baseLayers.length === 0) return full;
  const layerCount = full.layers.length;
  const off = new Set(baseLayers);
  const named = adapterLayers ?? full.layers.keys();
  const chosen = new Set([...named].filter((layer) => !off.has(layer)));
  if (chosen.size === layerCount) return full;
  if (chosen.size === 0) return base;
  const reference = chosen.has(0) ? full : base;
  const firstChanged = full.layers.findIndex((_, layer) => chosen.has(layer) !== chosen.has(0));
  return {
    // What does not belong to a layer goes with the first one.
    ...reference,
    key: `${full.key}@${[...chosen].sort((a, b) => a - b).join(',')}`,
    reference,
    firstChanged,
    layers: full.layers.map((adapter, layer) => (chosen.has(layer) ? adapter : PLAIN_LAYER)),
  };
}

/** The plain stack below `firstChangedOf`. */
export const referenceOf = (stack: AdapterStack | DerivedStack): AdapterStack =>
  'reference' in stack ? stack.reference : stack;

const firstChangedOf = (stack: AdapterStack | DerivedStack): number =>
  'firstChanged' in stack ? stack.firstChanged : stack.layers.length;

/** A setting's plan over the stack it runs with: whatever the stack changes counts to what is not as in the bare model. */
export function planOver(
  stack: AdapterStack | DerivedStack,
  setting: ModelSetting,
  spec: { layerCount: number; hiddenSize: number },
): ScalePlan {
  const plan = settingPlan(setting, spec);
  return { ...plan, firstScaled: Math.min(plan.firstScaled, firstChangedOf(stack)) };
}

function frobenius(values: Float32Array): number {
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += values[at]! * values[at]!;
  return Math.sqrt(squares);
}
