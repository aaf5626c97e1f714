/** Run files: those the page knows, those kept in this browser, and what repeating or comparing gave. Only the arrangement. */
import { useEffect } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import { openFiles } from '@/actions/open-files.ts';
import { keepPresent, refreshKept } from '@/actions/runs.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { useRunShelf } from '@/state/run-shelf.ts';
import { CompareView } from './CompareView.tsx';
import { KeptList } from './KeptList.tsx';
import { RepeatView } from './RepeatView.tsx';
import { RunList } from './RunList.tsx';
import './runs.css';

export default function RunsPanel() {
  const problem = useRunShelf((state) => state.problem);
  const notice = useRunShelf((state) => state.notice);
  useEffect(() => void refreshKept(), []);
  return (
    <div className="section-columns runs-panel">
      <div className="runs-lists">
        <div className="button-row">
          <FileTrigger
            acceptedFileTypes={['.json']}
            onSelect={(files) => files && void openFiles([...files])}
          >
            <Button className="quiet-button">Open a run file …</Button>
          </FileTrigger>
          <Button className="quiet-button" onPress={() => void keepPresent()}>
            Keep what is on the bench
          </Button>
        </div>
        <ProblemLine problem={problem} />
        <p role="status" className="hint">
          {notice}
        </p>
        <RunList />
        <KeptList />
      </div>
      <div className="runs-results">
        <RepeatView />
        <CompareView />
      </div>
    </div>
  );
}
