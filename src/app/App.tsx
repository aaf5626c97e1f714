/** The page's frame: theme, stage, skip link, files dropped anywhere. What is on it is the bench's business. */
import { lazy, Suspense, useEffect } from 'react';
import { Stage } from '@/elements/Stage.tsx';
import { useApp } from '@/state/store.ts';
import { Bench } from '@/views/bench/Bench.tsx';
import { Notices } from '@/views/notices/Notices.tsx';
import { useFileDrop } from './use-file-drop.ts';
import '@/theme/tokens.css';
import '@/elements/elements.css';
import './app.css';

const Dialogs = lazy(() => import('./Dialogs.tsx'));

export function App() {
  const theme = useApp((state) => state.config.theme);
  const stage = useApp((state) => state.config.stage);
  const dialog = useApp((state) => state.dialog);
  const isOver = useFileDrop();
  useEffect(() => {
    const root = document.documentElement;
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
  }, [theme]);
  return (
    <Stage scale={stage ? 1.6 : 1}>
      <a className="skip-link" href="#alpha">
        Skip to alpha
      </a>
      <Notices />
      <Bench />
      {isOver && <div className="drop-veil">Drop a run file, a model or a list of prompts</div>}
      {dialog && (
        <Suspense fallback={null}>
          <Dialogs />
        </Suspense>
      )}
    </Stage>
  );
}
