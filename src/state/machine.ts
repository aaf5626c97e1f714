/** What is known of this machine on the page: facts that the browser tells, speeds once they were measured. Holds; asks: actions/machine.ts. */
import { create } from 'zustand';
import type { MachineFacts } from '@/machine/machine-facts.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import type { ProblemWords } from './problems.ts';

export interface MachineState {
  facts: MachineFacts | null;
  /** The backend that is being measured, in words; null = none. */
  measuring: string | null;
  speeds: readonly SpeedMeasure[];
  problem: ProblemWords | null;
}

export const useMachine = create<MachineState>()(() => ({
  facts: null,
  measuring: null,
  speeds: [],
  problem: null,
}));
