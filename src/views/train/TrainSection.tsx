/** The place of the training section on the bench. Its code is fetched when a person comes near it: the bench does not wait. */
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useApp } from '@/state/store.ts';
import { PartBoundary } from '@/views/bench/PartBoundary.tsx';
import './train.css';

const TrainPanel = lazy(() => import('./TrainPanel.tsx'));

export function TrainSection() {
  const ref = useRef<HTMLElement>(null);
  const [isNear, setNear] = useState(false);
  const isAsked = useApp((state) => state.config.training !== '');
  useEffect(() => {
    if (!ref.current || isNear) return;
    if (typeof IntersectionObserver === 'undefined') return setNear(true);
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setNear(true),
      { rootMargin: '300px' },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [isNear]);
  return (
    <section className="bench-train" id="train" aria-labelledby="train-title" ref={ref}>
      <h2 id="train-title">Train</h2>
      <p className="caveat">
        Fine-tune this model in the tab, with the chosen layers frozen or not, and watch what it does to
        refusals. The outcome is whatever is measured here; it may contradict the paper.
      </p>
      {(isNear || isAsked) && (
        <PartBoundary name="Training">
          <Suspense fallback={<p className="hint">Loading this section …</p>}>
            <TrainPanel />
          </Suspense>
        </PartBoundary>
      )}
    </section>
  );
}
