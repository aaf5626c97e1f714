/**
 * Training runs and what they are made from: the section's own shelf, apart from the bench's. Holds and changes; it trains
 * nothing (train-runner.ts). Runs carry every number as the lab reported it.
 */
import { create } from 'zustand';
import type { BundledFinetune } from '@/data/finetune-bundled.ts';
import type { BackendInfo } from '@/engine/engine.ts';
import type { KnowledgeItem, Measures } from '@/protocol/measures.ts';
import type {
  CheckpointCard,
  FinetuneRow,
  TrainingMemory,
  TrainParams,
  TrainProbe,
  TrainResult,
  TrainStep,
} from '@/protocol/training.ts';
import type { ProblemWords } from './problems.ts';

export type RunStatus = 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

export interface TrainRun {
  id: number;
  params: TrainParams;
  /** Key of the model it was trained on (OpenSource.key) and how it is called. */
  modelKey: string;
  /** The lab that holds its adapter (AppState.labId); null = none does. */
  labId: number | null;
  modelName: string;
  sha256: string | null;
  backend: BackendInfo;
  status: RunStatus;
  origin: 'live' | 'recorded';
  /** Where a recorded one comes from: a file's name. */
  from: string | null;
  /** Recorded for the page, and come with it. */
  isShipped: boolean;
  /** ISO 8601. */
  startedAt: string;
  steps: readonly TrainStep[];
  probes: readonly TrainProbe[];
  /** The full measures, as far as they are taken. */
  measured: { before?: Measures; after?: Measures };
  memory: TrainingMemory | null;
  /** Sentences of the lab about this run. */
  notes: readonly string[];
  /** What is done now, where it is no step; null between. */
  doing: string | null;
  checkpointStep: number | null;
  checkpointKey: string | null;
  /** Only of a run that ended by itself. */
  result: TrainResult | null;
  problem: ProblemWords | null;
}

/** Rows that a person brought. */
export interface OwnRows {
  name: string;
  rows: FinetuneRow[];
}

export interface TrainState {
  runs: readonly TrainRun[];
  /** Runs that a person put beside the others or aside, by id (train-table.ts has the default). */
  compared: Readonly<Record<number, boolean>>;
  /** The recorded experiment whose runs are compared, of those that ship; null = the first. */
  experiment: string | null;
  /** The group of runs that the others are compared with; null = full tuning. */
  reference: string | null;
  /** The run that has the lab, by id. */
  activeId: number | null;
  /** Asked to stop and still finishing the step in hand. */
  isStopping: boolean;
  checkpoints: readonly CheckpointCard[];
  bundled: BundledFinetune | null;
  /** Refusals, for the methods that need safety rows. */
  safetyRows: readonly FinetuneRow[];
  own: OwnRows | null;
  /** Multiple choice: those that ship, or a person's. */
  questions: readonly KnowledgeItem[];
  ownQuestions: { name: string; questions: readonly KnowledgeItem[] } | null;
  /** Layers being read before and after a run; null = none are. */
  reading: { text: string; fraction: number | null } | null;
  /** Of this section itself: data that could not be fetched, a checkpoint that could not be deleted. */
  problem: ProblemWords | null;
}

export const INITIAL_TRAIN_STATE: TrainState = {
  runs: [],
  compared: {},
  experiment: null,
  reference: null,
  activeId: null,
  isStopping: false,
  checkpoints: [],
  bundled: null,
  safetyRows: [],
  own: null,
  questions: [],
  ownQuestions: null,
  reading: null,
  problem: null,
};

export const useTrain = create<TrainState>()(() => INITIAL_TRAIN_STATE);

export function changeRun(id: number, change: (run: TrainRun) => Partial<TrainRun>): void {
  useTrain.setState(({ runs }) => ({
    runs: runs.map((run) => (run.id === id ? { ...run, ...change(run) } : run)),
  }));
}

/** Whether the open lab holds what the run trained. */
export function isInLab({ result, labId }: TrainRun, app: { labId: number }): boolean {
  return Boolean(result?.adapter) && labId === app.labId;
}
