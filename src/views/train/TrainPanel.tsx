/** The training section: settings beside the run and its pictures. Loads its data; only the arrangement otherwise. */
import { useEffect, useRef } from 'react';
import { appVersion } from '@/actions/app-version.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { useApp } from '@/state/store.ts';
import { loadTrainData } from '@/state/train-data.ts';
import { runFileOf } from '@/state/train-file.ts';
import { keepRuns, loadRecordedTraining, restoreRuns } from '@/state/train-recorded.ts';
import { refreshCheckpoints } from '@/state/train-runner.ts';
import { useTrain } from '@/state/train-store.ts';
import { RunControl } from './RunControl.tsx';
import { RunFigures } from './RunFigures.tsx';
import { RunTable } from './RunTable.tsx';
import { knownAdapters } from './save-training.ts';
import { TrainForm } from './TrainForm.tsx';
import './train.css';

const asset = (path: string) => new URL(path, document.baseURI).href;

/** What finishes here is still in the table after a reload. */
function useKeptRuns(): void {
  const runs = useTrain((state) => state.runs);
  const kept = useRef(new Set<string>());
  useEffect(() => {
    for (const run of runs) {
      const key = `${run.id} ${run.result?.steps.length}`;
      if (run.origin !== 'live' || !run.result || kept.current.has(key)) continue;
      kept.current.add(key);
      const file = runFileOf(run, knownAdapters(), appVersion);
      if (file) void keepRuns(file, 'earlier in this tab');
    }
  }, [runs]);
}

export default function TrainPanel() {
  const isReady = useApp((state) => state.lab.state === 'ready');
  const problem = useTrain((state) => state.problem);
  useEffect(() => {
    if (!useTrain.getState().bundled) void loadTrainData(asset('data/'));
    void restoreRuns().then(() => loadRecordedTraining(asset('recorded/training/')));
  }, []);
  useKeptRuns();
  useEffect(() => {
    if (isReady) void refreshCheckpoints();
  }, [isReady]);
  return (
    <div className="section-columns train-panel">
      <TrainForm />
      <div className="train-runs">
        <ProblemLine problem={problem} />
        <RunControl />
        <RunFigures />
        <RunTable />
      </div>
    </div>
  );
}
