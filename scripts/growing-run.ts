/**
 * A run file that grows part by part, for recordings that take an hour: a part that is in it is not computed again, and a
 * search or control that was stopped goes on from its journal. Knows no particular experiment.
 */
import { existsSync } from 'node:fs';
import { sha256OfText } from '@/model/sha256.ts';
import type { ControlParams, ControlRow } from '@/protocol/controls.ts';
import type { ExperimentMap, KeptKind } from '@/protocol/experiments.ts';
import type { RunPart } from '@/protocol/run-file.ts';
import { writeWholeFile } from '../cli/files.ts';
import { type Piece, resumedControl, resumedSearch, type SearchKind } from '../cli/resumed.ts';
import { RowJournal } from '../cli/row-journal.ts';
import { readRunFile } from '../cli/run-input.ts';
import { type RunHead, RunWriter } from '../cli/run-writer.ts';
import type { OpenSession } from '../cli/session.ts';

const SEARCHES: readonly string[] = ['grid', 'layerAlpha', 'locate'] satisfies SearchKind[];

export class GrowingRun {
  /** By what was asked; those of an earlier start that are not asked for any more are dropped by `finish`. */
  readonly #known = new Map<string, RunPart>();
  readonly #asked = new Map<string, RunPart>();

  constructor(
    readonly session: OpenSession,
    readonly head: RunHead,
    readonly file: string,
    readonly signal: AbortSignal,
  ) {
    if (!existsSync(file)) return;
    const { model, parts } = readRunFile(file).run;
    // Another model's numbers are no start for this one's.
    if (model.sha256 !== session.card.sha256) return;
    for (const part of parts) this.#known.set(partKey(part.kind, part.params), part);
  }

  async ask<K extends KeptKind>(
    kind: K,
    label: string,
    params: ExperimentMap[K]['params'],
  ): Promise<ExperimentMap[K]['result']> {
    const key = partKey(kind, params);
    let part = this.#known.get(key);
    if (!part) {
      const startMs = performance.now();
      const result = await this.#compute(kind, label, params, `${this.file}.${key.slice(0, 8)}`);
      part = { kind, label, params, result } as RunPart;
      const minutes = (performance.now() - startMs) / 60_000;
      this.session.display.say(`${new Date().toISOString()} ${label}: ${minutes.toFixed(1)} min`);
    }
    this.#known.set(key, part);
    this.#asked.set(key, part);
    this.#write([...this.#known.values()]);
    return part.result as ExperimentMap[K]['result'];
  }

  /** The file with the parts that were asked for, in that order, and nothing else. */
  finish(): void {
    this.#write([...this.#asked.values()]);
  }

  async #compute<K extends KeptKind>(
    kind: K,
    label: string,
    params: ExperimentMap[K]['params'],
    journalOf: string,
  ): Promise<unknown> {
    const { session, signal } = this;
    const place = { ...session, signal };
    const request = [kind, params, session.card.sha256];
    if (kind === 'control') {
      const journal = RowJournal.open<null, ControlRow>(journalOf, request);
      const result = await resumedControl(place, journal, label, params as ControlParams);
      journal.remove();
      return result;
    }
    if (SEARCHES.includes(kind)) {
      const journal = RowJournal.open<null, Piece>(journalOf, request);
      const result = await resumedSearch(place, journal, kind as SearchKind, label, params as never);
      journal.remove();
      return result;
    }
    return new RunWriter(session, this.head, signal).run(kind, label, params);
  }

  #write(parts: readonly RunPart[]): void {
    const writer = new RunWriter(this.session, this.head, this.signal);
    for (const part of parts) writer.keep(part);
    writeWholeFile(this.file, writer.text());
  }
}

/** Fields that steer the way to a result and not the result: in which order, in which batches, the coarse picture first. */
const STEERING: readonly string[] = ['order', 'firstBatchSize', 'coarseStep'];

/** What a part was asked, whatever the order of its fields. */
export function partKey(kind: KeptKind, params: unknown): string {
  return sha256OfText(JSON.stringify([kind, sorted(params)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, one]) => one !== undefined && !STEERING.includes(key));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]),
  );
}
