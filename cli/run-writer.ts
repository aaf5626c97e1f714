/** Collects experiments with their results into one run file: runs each part with its progress, names it, keeps it. */
import path from 'node:path';
import type { ExperimentEvent, ExperimentMap, KeptKind, PromptItem } from '@/protocol/experiments.ts';
import { type RunFile, type RunPart, writeRunFile } from '@/protocol/run-file.ts';
import { appVersion } from './app-version.ts';
import { writeWholeFile } from './files.ts';
import type { OpenSession } from './session.ts';

export interface RunHead {
  kind: RunFile['kind'];
  template: RunFile['template'];
  seed: number;
  settings: RunFile['settings'];
  pools: Record<string, PromptItem[]>;
}

export class RunWriter {
  readonly #parts: RunPart[] = [];

  constructor(
    readonly session: OpenSession,
    readonly head: RunHead,
    readonly signal: AbortSignal,
  ) {}

  /** Runs one experiment and keeps it as a part of the file. `onEvent` takes the place of the usual progress. */
  async run<K extends KeptKind>(
    kind: K,
    label: string,
    params: ExperimentMap[K]['params'],
    onEvent?: (event: ExperimentEvent<K>) => void,
  ): Promise<ExperimentMap[K]['result']> {
    const { lab, display } = this.session;
    const show = ({ type, ...event }: { type: string; progress?: Parameters<typeof display.show>[0] }) => {
      if (type === 'progress' && event.progress) {
        display.show({ ...event.progress, phase: `${label}: ${event.progress.phase}` });
      }
    };
    const result = await lab.run(kind, params, onEvent ?? show, this.signal);
    this.keep({ kind, label, params, result } as RunPart);
    return result;
  }

  /** A part with its result, run elsewhere. */
  keep(part: RunPart): void {
    this.#parts.push(part);
  }

  text(): string {
    const { card, adapterCards } = this.session;
    // Every adapter that any part used, with its hash.
    const names = new Set(
      this.#parts.flatMap(({ params }) => {
        if ('setting' in params) return params.setting.adapters;
        return 'adapters' in params ? params.adapters : [];
      }),
    );
    const known = new Map(
      [...card.adapters, ...adapterCards].map((adapter) => [adapter.name, adapter.sha256]),
    );
    return writeRunFile({
      ...this.head,
      createdAt: new Date().toISOString(),
      app: { name: 'stratascope', version: appVersion() },
      backend: card.backend,
      model: {
        name: card.name,
        sha256: card.sha256,
        adapters: [...names].map((name) => ({ name, sha256: known.get(name)! })),
      },
      parts: this.#parts,
    });
  }

  write(output: string): void {
    writeWholeFile(output, this.text());
    this.session.display.say(`Wrote ${path.basename(output)}: ${this.#parts.length} parts.`);
  }
}
