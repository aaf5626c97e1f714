/**
 * AdapterData as the two files of a PEFT adapter folder, which PEFT and readAdapter open again.
 * Ranks and scalings may differ from matrix to matrix; the common values become r and lora_alpha, others patterns.
 */
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from './adapter.ts';
import type { AdapterData, LoraPair } from './adapter-spec.ts';
import { AppError } from './app-error.ts';
import { ARCHITECTURES } from './architectures.ts';
import { type WritableTensor, writeSafetensors } from './safetensors-writer.ts';
import { type ModelSpec, matrixDims } from './spec.ts';

/** `baseModel` is recorded as base_model_name_or_path, so that PEFT finds the weights. */
export function toPeftFiles(
  adapter: AdapterData,
  spec: ModelSpec,
  baseModel: string,
): Map<string, Uint8Array> {
  const modules = collectModules(adapter, spec);
  if (modules.size === 0) {
    throw new AppError(
      'bad-input',
      `The adapter ${adapter.name} is empty.`,
      'Train it on at least one layer.',
    );
  }
  const tensors = new Map<string, WritableTensor>();
  for (const [module, { rank, a, b }] of modules) {
    const prefix = `base_model.model.${module}`;
    tensors.set(`${prefix}.lora_A.weight`, { dtype: 'F32', dims: [rank, a.length / rank], data: a });
    tensors.set(`${prefix}.lora_B.weight`, { dtype: 'F32', dims: [b.length / rank, rank], data: b });
  }
  const config = new TextEncoder().encode(`${JSON.stringify(describe(modules, spec, baseModel), null, 2)}\n`);
  return new Map([
    [ADAPTER_CONFIG, config],
    [ADAPTER_WEIGHTS, writeSafetensors(tensors, { format: 'pt' })],
  ]);
}

/** Module path to its pair. The parts of a fused projection share A, and their rows of B are joined again. */
function collectModules(adapter: AdapterData, spec: ModelSpec): Map<string, LoraPair> {
  const names = ARCHITECTURES[spec.architecture]!.safetensors;
  const dims = matrixDims(spec);
  const modules = new Map<string, LoraPair>();
  adapter.layers.forEach((layer, index) => {
    for (const { module, parts } of names.projections) {
      const pairs = parts.map((part) => layer[part]);
      const [first] = pairs;
      if (pairs.every((pair) => pair === undefined)) continue;
      const joined = pairs.every(
        (pair) => pair?.scaling === first?.scaling && pair?.a.every((value, i) => value === first?.a[i]),
      );
      if (!first || !joined) {
        throw new AppError(
          'bad-input',
          `The adapter ${adapter.name} changes the parts of ${module} in layer ${index} differently, which PEFT cannot store.`,
          'Train all parts of that matrix together.',
        );
      }
      const b = new Float32Array(parts.reduce((sum, part) => sum + dims[part][0] * first.rank, 0));
      let start = 0;
      for (const pair of pairs) {
        b.set(pair!.b, start);
        start += pair!.b.length;
      }
      modules.set(names.layer(index) + module, { ...first, b });
    }
  });
  return modules;
}

function mostCommon(values: number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/**
 * Entries that differ from the common value. PEFT matches patterns against the end of a module's path, older versions
 * only after a dot, so the path starts at "layers".
 */
function exceptions(values: Map<string, number>, common: number): Record<string, number> {
  return Object.fromEntries(
    [...values]
      .filter(([, value]) => value !== common)
      .map(([path, value]) => [path.slice(path.indexOf('layers.')).replaceAll('.', '\\.'), value]),
  );
}

function describe(
  modules: Map<string, LoraPair>,
  spec: ModelSpec,
  baseModel: string,
): Record<string, unknown> {
  const ranks = new Map([...modules].map(([path, pair]) => [path, pair.rank]));
  const alphas = new Map([...modules].map(([path, pair]) => [path, pair.scaling * pair.rank]));
  const r = mostCommon([...ranks.values()]);
  const alpha = mostCommon([...alphas.values()]);
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: exceptions(ranks, r),
    alpha_pattern: exceptions(alphas, alpha),
    use_rslora: false,
    use_dora: false,
    layers_pattern: null,
    ...targets(new Set(modules.keys()), spec),
  };
}

/** Short module names and a list of layers where every named layer has all of them; full paths otherwise. */
function targets(paths: ReadonlySet<string>, spec: ModelSpec): Record<string, unknown> {
  const names = ARCHITECTURES[spec.architecture]!.safetensors;
  const layers = Array.from({ length: spec.layerCount }, (_, k) => k).filter((k) =>
    names.projections.some(({ module }) => paths.has(names.layer(k) + module)),
  );
  const modules = names.projections
    .map(({ module }) => module)
    .filter((module) => layers.some((k) => paths.has(names.layer(k) + module)));
  if (paths.size !== layers.length * modules.length) {
    return { target_modules: [...paths], layers_to_transform: null };
  }
  return {
    target_modules: modules.map((module) => module.split('.').at(-1)),
    layers_to_transform: layers.length === spec.layerCount ? null : layers,
  };
}
