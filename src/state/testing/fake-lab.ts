/** A lab for tests of the state: its answers are the test's, it honours its signal, and it remembers what was asked. */

import type { ParityMeasure } from '@/engine/parity.ts';
import type { ControlCard } from '@/protocol/controls.ts';
import type {
  ExperimentEvent,
  ExperimentKind,
  ExperimentMap,
  PromptOutcome,
} from '@/protocol/experiments.ts';
import type { AdapterCard, Lab, ModelCard } from '@/protocol/lab.ts';
import type { FinetuneRow, RowTokens } from '@/protocol/training.ts';
import { PLANTED_VARIANTS } from '../planted.ts';

export const FAKE_CARD: ModelCard = {
  name: 'fake',
  sha256: 'f'.repeat(64),
  spec: {
    architecture: 'llama',
    layerCount: 12,
    hiddenSize: 8,
    headCount: 2,
    kvHeadCount: 1,
    headDim: 4,
    ffnSize: 16,
    vocabSize: 32,
    normEps: 1e-5,
    rope: { theta: 10_000, scaling: { kind: 'none' } },
    tiedEmbeddings: true,
    contextLength: 64,
  },
  backend: { kind: 'wasm', threads: 2, runtime: 'fake', notes: [] },
  templates: ['chat', 'none'],
  adapters: ['safety', ...PLANTED_VARIANTS].map((name) => ({ name, sha256: '0'.repeat(64), label: '' })),
  warnings: [],
  parity: null,
  loadMs: 1,
};

export interface Asked {
  kind: ExperimentKind;
  params: ExperimentMap[ExperimentKind]['params'];
  signal: AbortSignal;
  emit(event: ExperimentEvent<ExperimentKind>): void;
  answer(result: ExperimentMap[ExperimentKind]['result']): void;
  fail(error: Error): void;
}

export class FakeLab implements Lab {
  readonly asked: Asked[] = [];
  closed = false;
  loadError: Error | null = null;

  async load(
    _source: unknown,
    options: { backend: string; precision?: string; residency?: string },
  ): Promise<ModelCard> {
    const { backend, precision, residency } = options;
    this.loadedWith = [backend, precision, residency].filter(Boolean).join(' ');
    if (this.loadError) throw this.loadError;
    return FAKE_CARD;
  }
  loadedWith = '';

  async measureSpeed(): Promise<never> {
    throw new Error('not used');
  }
  async addAdapter(_: unknown, name: string): Promise<AdapterCard> {
    return { name, sha256: '1'.repeat(64), label: '' };
  }

  /** Names that were added and removed by the calls below. */
  readonly adapterCalls: string[] = [];
  async weighAdapter(name: string, weight: number, as: string): Promise<AdapterCard> {
    this.adapterCalls.push(`${name} at ${weight} as ${as}`);
    return { name: as, sha256: '1'.repeat(64), label: '' };
  }
  async removeAdapter(name: string): Promise<void> {
    this.adapterCalls.push(`without ${name}`);
  }
  async exportAdapter(): Promise<never> {
    throw new Error('not used');
  }
  cards: ControlCard[] = [];
  async controls(): Promise<ControlCard[]> {
    return this.cards;
  }

  parityWith: ParityMeasure | Error = new Error('not used');
  async parity(): Promise<ParityMeasure> {
    if (this.parityWith instanceof Error) throw this.parityWith;
    return this.parityWith;
  }

  async rowTokens(rows: readonly FinetuneRow[]): Promise<RowTokens[]> {
    return rows.map(({ instruction, output }) => ({
      prompt: instruction.length,
      total: instruction.length + output.length,
    }));
  }
  async checkpoints(): Promise<never[]> {
    return [];
  }
  async removeCheckpoint(): Promise<void> {}

  run<K extends ExperimentKind>(
    kind: K,
    params: ExperimentMap[K]['params'],
    onEvent?: (event: ExperimentEvent<K>) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ExperimentMap[K]['result']> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.asked.push({
        kind,
        params,
        signal,
        emit: (event) => onEvent?.(event as ExperimentEvent<K>),
        answer: (result) => resolve(result as ExperimentMap[K]['result']),
        fail: reject,
      });
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** The call that is running: asked for and neither aborted nor, as far as the test did so, answered. */
  get current(): Asked {
    return this.asked.findLast(({ signal }) => !signal.aborted)!;
  }
}

/** Outcomes for all prompts that were asked for: refused where `isRefused` says so. */
export function outcomesFor(asked: Asked, isRefused: (index: number) => boolean): PromptOutcome[] {
  const params = asked.params as ExperimentMap['count']['params'];
  return params.prompts.map((_, index) => {
    const refused = isRefused(index);
    const decoded =
      params.mode === 'score'
        ? {}
        : { responseClass: refused ? ('refused' as const) : ('answered' as const), answer: 'a', reason: 'r' };
    return { index, score: refused ? 0.9 : 0.1, refusedByScore: refused, ...decoded };
  });
}

export function countResult(outcomes: PromptOutcome[]): ExperimentMap['count']['result'] {
  const refused = outcomes.filter((outcome) => outcome.refusedByScore).length;
  const layerRuns = { run: 1, full: 1 };
  return {
    outcomes,
    refused,
    answered: outcomes.length - refused,
    garbled: 0,
    total: outcomes.length,
    layerRuns,
  };
}
