/** What a look at a model's headers gave: what it is and whether it fits, or why it cannot be opened. */
import { useEffect, useRef, useState } from 'react';
import { lookAt } from '@/actions/downloads.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import type { RemoteModelSource } from '@/state/hub-access.ts';
import type { LookWords } from '@/state/look-words.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import '../shared/item-list.css';
import './model.css';

export type Seen =
  | { state: 'nothing' }
  | { state: 'looking' }
  | { state: 'seen'; words: LookWords }
  | { state: 'failed'; problem: ProblemWords };

/** The last look counts: an earlier one is ended. */
export function useLook(): { seen: Seen; look: (source: RemoteModelSource) => void } {
  const [seen, setSeen] = useState<Seen>({ state: 'nothing' });
  const last = useRef<AbortController | null>(null);
  useEffect(() => () => last.current?.abort(), []);
  const look = (source: RemoteModelSource) => {
    last.current?.abort();
    const own = new AbortController();
    last.current = own;
    setSeen({ state: 'looking' });
    lookAt(source, own.signal).then(
      (words) => !own.signal.aborted && setSeen({ state: 'seen', words }),
      (error: unknown) => !own.signal.aborted && setSeen({ state: 'failed', problem: wordsFor(error) }),
    );
  };
  return { seen, look };
}

export function SeenModel({ seen }: { seen: Seen }) {
  return (
    <div className="seen-model" role="status">
      {seen.state === 'looking' && <p className="hint">Reading the headers …</p>}
      {seen.state === 'seen' && (
        <p>
          {seen.words.facts}{' '}
          <strong className={seen.words.verdict === 'fits' ? undefined : 'item-warning'}>
            {seen.words.judgement}
          </strong>
        </p>
      )}
      {seen.state === 'failed' && <ProblemLine problem={seen.problem} />}
    </div>
  );
}
