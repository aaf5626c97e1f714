/** The training section: settings beside the run and its pictures. Loads its data; only the arrangement otherwise. */
import { useEffect } from 'react';
import { useApp } from '@/state/store.ts';
import { loadTrainData } from '@/state/train-data.ts';
import { loadRecordedTraining } from '@/state/train-recorded.ts';
import { refreshCheckpoints } from '@/state/train-runner.ts';
import { useTrain } from '@/state/train-store.ts';
import { RunControl } from './RunControl.tsx';
import { RunFigures } from './RunFigures.tsx';
import { RunTable } from './RunTable.tsx';
import { TrainForm } from './TrainForm.tsx';
import './train.css';

const asset = (path: string) => new URL(path, document.baseURI).href;

export default function TrainPanel() {
  const isReady = useApp((state) => state.lab.state === 'ready');
  const problem = useTrain((state) => state.problem);
  useEffect(() => {
    if (!useTrain.getState().bundled) void loadTrainData(asset('data/'));
    void loadRecordedTraining(asset('recorded/'));
  }, []);
  useEffect(() => {
    if (isReady) void refreshCheckpoints();
  }, [isReady]);
  return (
    <div className="train-panel">
      <TrainForm />
      <div className="train-runs">
        {problem && (
          <p role="alert" className="figure-failed">
            <strong>{problem.happened}</strong> {problem.todo}
          </p>
        )}
        <RunControl />
        <RunFigures />
        <RunTable />
      </div>
    </div>
  );
}
