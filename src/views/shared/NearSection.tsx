/** A section of the bench whose code is fetched when a person comes near it: the first picture does not wait for it. */
import { type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { PartBoundary } from '@/views/bench/PartBoundary.tsx';

interface NearSectionProps {
  id: string;
  title: string;
  /** What it is for, and how far it can be trusted. */
  caveat: string;
  /** The address asks for it: not waited for until it is near. */
  isAsked?: boolean;
  /** Lazily loaded. */
  children: ReactNode;
}

export function NearSection({ id, title, caveat, isAsked = false, children }: NearSectionProps) {
  const ref = useRef<HTMLElement>(null);
  const [isNear, setNear] = useState(false);
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
    <section className="bench-section" id={id} aria-labelledby={`${id}-title`} ref={ref}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p className="caveat">{caveat}</p>
      {(isNear || isAsked) && (
        <PartBoundary name={title}>
          <Suspense fallback={<p className="hint">Loading this section …</p>}>{children}</Suspense>
        </PartBoundary>
      )}
    </section>
  );
}
