/**
 * Run files that the page knows: shipped ones, opened ones, those kept in this browser; and what is done with them: one
 * repeated here, two compared. Holds and changes; reading, repeating and saving is src/actions/runs.ts.
 */
import { create } from 'zustand';
import type { RunFile } from '@/protocol/run-file.ts';
import type { KeptCard } from '@/runs/kept-runs.ts';
import type { ReplayReport } from '@/runs/replay.ts';
import type { PendingWork } from '@/views/index.ts';
import type { ProblemWords } from './problems.ts';

export interface ShelfRun {
  /** Name and date of the file: opened twice, it is there once. */
  id: string;
  name: string;
  run: RunFile;
  origin: 'shipped' | 'opened' | 'kept';
  /** What was wrong with the file: edited after it was written. */
  warnings: readonly string[];
}

export interface Repetition {
  id: string;
  name: string;
  work: PendingWork | null;
  report: ReplayReport | null;
  problem: ProblemWords | null;
}

export interface RunShelf {
  runs: readonly ShelfRun[];
  kept: readonly KeptCard[];
  repetition: Repetition | null;
  /** Ids of the two that are compared. */
  compared: readonly [a: string, b: string] | null;
  problem: ProblemWords | null;
  /** What was done, for a person to read. */
  notice: string;
}

const EMPTY: RunShelf = {
  runs: [],
  kept: [],
  repetition: null,
  compared: null,
  problem: null,
  notice: '',
};

export const useRunShelf = create<RunShelf>()(() => EMPTY);

/** Puts a run on the shelf, in the place of the same one. Returns its id. */
export function shelve(
  run: RunFile,
  name: string,
  origin: ShelfRun['origin'],
  warnings: readonly string[] = [],
): string {
  const id = `${name} ${run.createdAt}`;
  useRunShelf.setState(({ runs }) => {
    const one = { id, name, run, origin, warnings };
    const at = runs.findIndex((other) => other.id === id);
    return { runs: at < 0 ? [one, ...runs] : runs.map((other, index) => (index === at ? one : other)) };
  });
  return id;
}

/** Takes a run off the shelf, and out of what is compared. What is kept in the browser stays. */
export function unshelve(id: string): void {
  useRunShelf.setState(({ runs, compared, repetition }) => ({
    runs: runs.filter((run) => run.id !== id),
    compared: compared?.includes(id) ? null : compared,
    repetition: repetition?.id === id && !repetition.work ? null : repetition,
  }));
}

export function changeRepetition(patch: Partial<Repetition>): void {
  useRunShelf.setState(({ repetition }) => (repetition ? { repetition: { ...repetition, ...patch } } : {}));
}
