/** The runs that are compared, and the table of all of them. Hooks only. */
import { useMemo } from 'react';
import type { PromptItem } from '@/protocol/experiments.ts';
import { countedPrompts } from '@/state/pools.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { decodedCount } from '@/state/train-compare.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';
import { isCompared, type RunTableModel, runTable } from '@/state/train-table.ts';

const NO_PROMPTS: PromptItem[] = [];

export function useIsCompared(run: TrainRun): boolean {
  return useTrain(({ runs, compared }) => isCompared(run, runs, compared));
}

export function useComparedRuns(): TrainRun[] {
  const runs = useTrain((state) => state.runs);
  const compared = useTrain((state) => state.compared);
  return useMemo(() => runs.filter((run) => isCompared(run, runs, compared)), [runs, compared]);
}

export function useRunTable(): RunTableModel {
  const runs = useTrain((state) => state.runs);
  const reference = useTrain((state) => state.reference);
  const compared = useComparedRuns();
  const results = useApp((state) => state.results);
  const situation = useSituation();
  return useMemo(() => {
    const prompts = situation ? countedPrompts(situation.pools, 'malicious', situation.config) : NO_PROMPTS;
    const prefixes = situation?.rules.prefixes ?? [];
    const decodedOf = (run: TrainRun) => decodedCount(results, run, prompts, prefixes);
    return runTable(runs, compared, decodedOf, reference);
  }, [runs, compared, results, situation, reference]);
}
