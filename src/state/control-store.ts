/** The controls that ran, live and recorded: the section's own shelf, apart from the bench's. Holds; it runs nothing. */
import { create } from 'zustand';
import type { BackendInfo } from '@/engine/engine.ts';
import type { ControlCard, ControlParams, ControlResult, ControlRow } from '@/protocol/controls.ts';
import type { PendingWork } from '@/views/index.ts';
import type { ProblemWords } from './problems.ts';

export interface ControlOutcome {
  /** What was asked, as one string (results.ts). */
  key: string;
  params: ControlParams;
  modelName: string;
  sha256: string | null;
  backend: BackendInfo;
  /** ISO 8601. */
  date: string;
  origin: 'live' | 'recorded';
  /** A recorded one's file. */
  from: string | null;
  /** As they came; a run that was stopped goes on after them. */
  rows: readonly ControlRow[];
  result: ControlResult | null;
}

export interface ControlState {
  /** Empty until a lab has said which there are. */
  cards: readonly ControlCard[];
  outcomes: Readonly<Record<string, ControlOutcome>>;
  /** Key of the one that runs. */
  running: { key: string; work: PendingWork } | null;
  problem: (ProblemWords & { key: string | null }) | null;
}

export const useControls = create<ControlState>()(() => ({
  cards: [],
  outcomes: {},
  running: null,
  problem: null,
}));

/** Recorded ones; what was computed here under the same request stays. */
export function addOutcomes(recorded: readonly ControlOutcome[]): void {
  useControls.setState(({ outcomes }) => ({
    outcomes: { ...Object.fromEntries(recorded.map((one) => [one.key, one])), ...outcomes },
  }));
}

export function changeOutcome(
  key: string,
  change: (outcome: ControlOutcome) => Partial<ControlOutcome>,
): void {
  useControls.setState(({ outcomes }) => {
    const outcome = outcomes[key];
    return outcome ? { outcomes: { ...outcomes, [key]: { ...outcome, ...change(outcome) } } } : {};
  });
}
