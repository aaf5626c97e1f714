/** Last-token vectors for the controls that read and do not count: pools through the model, layer by layer afterwards. */
import type { HiddenStates, TokenIds } from '@/engine/engine.ts';
import type { ControlPool } from '@/protocol/controls.ts';
import type { ModelContext, PromptItem } from '@/protocol/experiments.ts';
import { renderPool } from '../context.ts';
import { streamEvents } from '../event-stream.ts';
import { vectorsOfLayer } from '../similarity.ts';
import type { ControlEvent, ControlRun } from './control.ts';

/** Hidden states of two pools, normal prompts first: what every reading control starts from. */
export interface PooledStates {
  states: HiddenStates[];
  normalCount: number;
  maliciousCount: number;
}

/** [n, D] of a layer's output, normal prompts first; the last layer before the final norm. */
export function layerOf({ context }: ControlRun, { states }: PooledStates, layer: number): Float32Array {
  const { layerCount, hiddenSize } = context.engine.info.spec;
  return vectorsOfLayer(states, layer, layerCount, hiddenSize, 'before-final-norm');
}

/** Two pools under a template and a setting. Vectors of earlier runs, the similarity picture's too, are not computed again. */
export async function* readPools(
  run: ControlRun,
  where: ModelContext,
  phase: string,
  pools: readonly [normal: ControlPool, malicious: ControlPool] = ['normal', 'malicious'],
): AsyncGenerator<ControlEvent, PooledStates, void> {
  const { vectors, text } = run.context;
  const prompts = pools.flatMap((pool) => run.params[pool]);
  const missing = uniqueByText(prompts.filter((prompt) => !vectors.get(where, prompt.text)));
  const fresh = new Map<string, HiddenStates>();
  if (missing.length > 0) {
    const sequences = renderPool(text, missing, where.template, 'control').map(({ ids }) => ids);
    const states = yield* readSequences(run, sequences, where, phase);
    missing.forEach((prompt, index) => {
      fresh.set(prompt.text, states[index]!);
    });
  }
  // The store may drop what is over its limit: what was just computed is held here.
  const states = prompts.map(({ text: own }) => vectors.get(where, own) ?? fresh.get(own)!);
  for (const [own, state] of fresh) vectors.put(where, own, state);
  return {
    states,
    normalCount: run.params[pools[0]].length,
    maliciousCount: run.params[pools[1]].length,
  };
}

/** Hidden states of any token sequences, in their order. */
export async function* readSequences(
  run: ControlRun,
  sequences: readonly TokenIds[],
  { setting }: Pick<ModelContext, 'setting'>,
  phase: string,
): AsyncGenerator<ControlEvent, HiddenStates[], void> {
  let done = 0;
  yield run.progress(phase, 0, sequences.length);
  return yield* streamEvents<ControlEvent, HiddenStates[]>(
    (emit, signal) =>
      run.context.engine.hiddenStates(sequences, setting, {
        signal,
        onItem: () => emit(run.progress(phase, ++done, sequences.length)),
      }),
    run.signal,
  );
}

const uniqueByText = (prompts: readonly PromptItem[]): PromptItem[] => [
  ...new Map(prompts.map((prompt) => [prompt.text, prompt])).values(),
];
