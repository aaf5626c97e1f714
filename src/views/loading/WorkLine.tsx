/** One line that says what is loading or being computed, how fast, how long still, and stops it. */
import { memo } from 'react';
import { Button } from 'react-aria-components';
import { ProgressLine } from '@/elements/ProgressLine.tsx';
import { isRemote } from '@/state/hub-access.ts';
import { progressWords } from '@/state/progress-words.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';
import './loading.css';

export function WorkLine() {
  const lab = useApp((state) => state.lab);
  const work = useApp((state) => state.work);
  const waiting = useApp((state) => state.waiting.length);
  const stopped = useApp((state) => state.stopped);
  const name = useApp((state) => state.source?.name ?? 'the model');
  const lentTo = useApp((state) => state.lentTo);
  // A download stands where it is and goes on later; whatever else is loaded begins again.
  const isDownload = useApp((state) => isRemote(state.source?.source ?? null));
  if (lab.state === 'loading') {
    const words = lab.progress ? progressWords(lab.progress) : { fraction: null, text: 'starting' };
    return (
      <div className="work-line">
        <span className="work-label">Loading {name}</span>
        <span className="work-text">{words.text}</span>
        <Button className="quiet-button" onPress={() => void getSession().cancelLoading()}>
          {isDownload ? 'Pause' : 'Cancel'}
        </Button>
        <ProgressLine work={words} label={`Loading ${name}`} />
      </div>
    );
  }
  if (lab.state === 'failed') {
    return (
      <div className="work-line">
        <span className="work-label">No model is open.</span>
        <span className="work-text">{lab.happened}</span>
        <Button className="quiet-button" onPress={() => getSession().reload()}>
          {isDownload ? 'Go on' : 'Load again'}
        </Button>
      </div>
    );
  }
  if (lentTo !== null) {
    return (
      <div className="work-line">
        <span className="work-label">{lentTo}</span>
        <span className="work-text">The pictures wait meanwhile and go on afterwards.</span>
      </div>
    );
  }
  if (work) {
    const words = work.progress ? progressWords(work.progress) : { fraction: null, text: 'starting' };
    return (
      <div className="work-line">
        <span className="work-label">{work.label}</span>
        <span className="work-text">
          {words.text}
          {waiting > 0 && `; ${waiting} more waiting`}
        </span>
        <StopButton slot={work.slot} />
        <ProgressLine work={words} label={work.label} />
      </div>
    );
  }
  return (
    <div className="work-line">
      <span className="work-text">
        {lab.state === 'ready' ? 'Everything asked for is computed.' : 'Nothing is being computed.'}
        {stopped.length > 0 && ` Stopped: ${stopped.join(', ')}.`}
      </span>
      {stopped.length > 0 && (
        <Button className="quiet-button" onPress={() => getSession().retry()}>
          Go on
        </Button>
      )}
    </div>
  );
}

/** Apart, so that it is not drawn again with every prompt that is done. */
const StopButton = memo(function StopButton({ slot }: { slot: string }) {
  return (
    <Button className="quiet-button" onPress={() => getSession().stop(slot)}>
      Stop
    </Button>
  );
});
