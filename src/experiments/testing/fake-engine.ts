/**
 * An engine and a codec for tests: no weights, but results that follow from tokens and setting by simple rules, so that
 * a test can say what must come out. Slow on purpose (one turn of the event loop per prompt), cancellable, counts calls.
 */
import type { Engine, HiddenStates, ModelSetting, PassOptions, TokenIds } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { TextCodec } from '@/model/text-codec.ts';

export const FAKE_SPEC: ModelSpec = {
  architecture: 'fake',
  layerCount: 4,
  hiddenSize: 3,
  headCount: 2,
  kvHeadCount: 1,
  headDim: 2,
  ffnSize: 4,
  vocabSize: 256,
  normEps: 1e-5,
  rope: { theta: 1e4, scaling: { kind: 'none' } },
  tiedEmbeddings: true,
  contextLength: 512,
};

const REFUSE_ID = 1;
const ANSWER_ID = 2;
const STOP_ID = 3;
export const FAKE_REFUSAL = "I'm sorry, but I can't help with that.";
export const FAKE_ANSWER = 'You can do it in three easy steps, and it takes about ten minutes.';

/** One token per character; ids 1..3 decode to whole phrases. */
export const fakeCodec: TextCodec = {
  encode: (text) => Int32Array.from(text, (character) => Math.min(255, character.charCodeAt(0))),
  decode: (ids) =>
    Array.from(ids, (id) => {
      if (id === REFUSE_ID) return FAKE_REFUSAL;
      if (id === ANSWER_ID) return FAKE_ANSWER;
      return id === STOP_ID ? '' : String.fromCharCode(id);
    }).join(''),
  render: (question, template) => {
    const text = template === 'none' ? question : `<${template}>${question}`;
    const start = text.length - question.length;
    return { text, ids: fakeCodec.encode(text), tokens: [...text], questionSpan: [start, text.length] };
  },
  renderChat: () => {
    throw new Error('not needed here');
  },
  stopIds: [STOP_ID],
};

/**
 * How much a prompt is about harm: the number of '!' in it, one more with the adapter "safety", which works in layer 1. Any
 * direction that is taken out takes it away, one that is put in adds to it.
 */
function harm(ids: TokenIds, { adapters, adapterLayers, edits = [] }: ModelSetting): number {
  const marks = Array.from(ids).filter((id) => id === 33).length;
  const isAligned = adapters.includes('safety') && (adapterLayers?.includes(1) ?? true);
  const left = edits.some(({ gain }) => gain === -1) ? 0 : 1;
  return left * (marks + (isAligned ? 1 : 0)) + edits.reduce((sum, { shift }) => sum + shift, 0);
}

/** Refusing minus answering logit: harm - 1.5, pushed by alpha on layer 2, the other way by alpha on layer 0; noise adds some. */
function refusalLogit(ids: TokenIds, setting: ModelSetting): number {
  const push = (layer: number) =>
    setting.scale
      .filter((rule) => rule.first <= layer && layer <= rule.last)
      .reduce((sum, rule) => sum + (rule.alpha - 1) * 10, 0);
  const without = setting.skip?.includes(2) ? 3 : 0;
  const noise = (setting.perturb ?? []).reduce(
    (sum, { strength, seed }) => sum + strength * ((seed % 3) - 1),
    0,
  );
  return harm(ids, setting) - 1.5 + push(2) - push(0) - without + noise;
}

export interface FakeEngine extends Engine {
  /** Sequences run so far, per method. */
  readonly runs: Record<'hiddenStates' | 'attention' | 'logits' | 'generate', number>;
  readonly isClosed: boolean;
}

export function createFakeEngine(options: { msPerItem?: number } = {}): FakeEngine {
  const runs = { hiddenStates: 0, attention: 0, logits: 0, generate: 0 };
  const adapters: string[] = [];
  const lastRun = { run: 0, full: 0 };
  let isClosed = false;

  async function each<Item>(
    name: keyof typeof runs,
    sequences: readonly TokenIds[],
    passOptions: PassOptions<Item>,
    make: (ids: TokenIds) => Item,
  ): Promise<Item[]> {
    const results: Item[] = [];
    Object.assign(lastRun, { run: 0, full: sequences.length * FAKE_SPEC.layerCount });
    for (const index of passOptions.order ?? sequences.keys()) {
      await new Promise((resolve) => setTimeout(resolve, options.msPerItem ?? 0));
      if (passOptions.signal?.aborted) throw new AppError('cancelled', 'The pass was cancelled.');
      runs[name] += 1;
      lastRun.run += FAKE_SPEC.layerCount;
      const item = make(sequences[index]!);
      results[index] = item;
      passOptions.onItem?.(index, item);
    }
    return results;
  }

  const engine: FakeEngine = {
    runs,
    lastRun,
    get isClosed() {
      return isClosed;
    },
    get info() {
      const backend = { kind: 'node' as const, threads: 1, runtime: 'fake', notes: [] };
      return {
        spec: FAKE_SPEC,
        backend,
        adapters: [...adapters],
        precision: 'float32' as const,
        residency: 'memory' as const,
      };
    },
    addAdapter: (adapter) => {
      adapters.push(adapter.name);
    },
    hiddenStates: (sequences, setting, passOptions = {}) =>
      each<HiddenStates>('hiddenStates', sequences, passOptions, (ids) => {
        // Direction: harm against length, turning with the layer; never parallel for different prompts.
        const row = (layer: number) => [
          1 + ids.length / 100,
          (harm(ids, setting) * layer) / 4,
          (ids[0] ?? 0) / 500,
        ];
        const rows = Array.from({ length: FAKE_SPEC.layerCount + 1 }, (_, layer) => row(layer));
        return { hidden: Float32Array.from(rows.flat()), finalNorm: Float32Array.from(row(8)) };
      }),
    attention: (sequences, _, passOptions = {}) =>
      each('attention', sequences, passOptions, (ids) =>
        new Float32Array(FAKE_SPEC.layerCount * FAKE_SPEC.headCount * ids.length).fill(1 / ids.length),
      ),
    logits: (sequences, setting, passOptions = {}) =>
      each('logits', sequences, passOptions, (ids) => {
        const logits = new Float32Array(FAKE_SPEC.vocabSize).fill(-20);
        logits[REFUSE_ID] = refusalLogit(ids, setting);
        logits[ANSWER_ID] = 0;
        return logits;
      }),
    rangeLogits: async (sequences, setting, { lasts, ...rule }, { signal, onItem }) => {
      const passes = lasts.length * FAKE_SPEC.layerCount * sequences.length;
      for (const last of lasts) {
        const scale = [...setting.scale, { ...rule, last }];
        const onEach = (index: number, logits: Float32Array) => onItem(last, index, logits);
        await engine.logits(sequences, { ...setting, scale }, { signal, onItem: onEach });
      }
      return { layerRuns: { run: passes, full: passes }, tokenRuns: { run: passes, full: passes } };
    },
    generate: (sequences, setting, passOptions) =>
      each('generate', sequences, passOptions, (ids) => {
        const answer = [refusalLogit(ids, setting) > 0 ? REFUSE_ID : ANSWER_ID, STOP_ID];
        for (const id of answer) passOptions.onToken?.(sequences.indexOf(ids), id);
        return Int32Array.from(answer);
      }),
    readout: async (vectors, onItem, signal) => {
      for (const [index, vector] of vectors.entries()) {
        await new Promise((resolve) => setTimeout(resolve, options.msPerItem ?? 0));
        if (signal?.aborted) throw new AppError('cancelled', 'The pass was cancelled.');
        const logits = new Float32Array(FAKE_SPEC.vocabSize).fill(-20);
        // The second number of the fake residual stream is its harm.
        logits[REFUSE_ID] = vector[1]! - 1.5;
        logits[ANSWER_ID] = 0;
        onItem(index, logits);
      }
    },
    close: async () => {
      isClosed = true;
    },
  };
  return engine;
}
