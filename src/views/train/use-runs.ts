/** The runs that are compared, and the table of all of them. Hooks only. */
import { useMemo } from 'react';
import type { PromptItem } from '@/protocol/experiments.ts';
import { countedPrompts } from '@/state/pools.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { decodedCount } from '@/state/train-compare.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';
import { comparedRuns, type RunTableModel, runTable } from '@/state/train-table.ts';

const NO_PROMPTS: PromptItem[] = [];

export function useComparedRuns(): TrainRun[] {
  const runs = useTrain((state) => state.runs);
  const compared = useTrain((state) => state.compared);
  const experiment = useTrain((state) => state.experiment);
  return useMemo(() => comparedRuns(runs, compared, experiment), [runs, compared, experiment]);
}

/** @param runs rows of the table */
export function useRunTable(runs: readonly TrainRun[]): RunTableModel {
  const reference = useTrain((state) => state.reference);
  const results = useApp((state) => state.results);
  const situation = useSituation();
  return useMemo(() => {
    const prompts = situation ? countedPrompts(situation.pools, 'malicious', situation.config) : NO_PROMPTS;
    const prefixes = situation?.rules.prefixes ?? [];
    const decodedOf = (run: TrainRun) => decodedCount(results, run, prompts, prefixes);
    return runTable(runs, decodedOf, reference);
  }, [runs, results, situation, reference]);
}
