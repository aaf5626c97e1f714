/**
 * As `useApp`, for what may follow the hand a moment later: pictures, lists, sentences. While a handle is dragged, and when
 * results arrive, a change reaches these as a transition, which React draws in slices of a few milliseconds with room for
 * the pointer between them; what is read with `useApp` is drawn whole, in the very task of the change. The handle and the
 * big numbers need that. A picture reads all of it in one of the two ways, or its words would be ahead of its numbers.
 */
import { startTransition, useEffect, useRef, useState } from 'react';
import { type AppState, useApp } from './store.ts';

/** Either way to read the store, for hooks that serve both. */
export type ReadState = <T>(select: (state: AppState) => T) => T;

/** @param select Best a constant function: a new one is subscribed anew. It alone says when to draw. */
export function useLater<T>(select: (state: AppState) => T, isSame: (a: T, b: T) => boolean = Object.is): T {
  // The state that is drawn, not what was selected from it: another selector is answered at once.
  const [drawn, draw] = useState(useApp.getState);
  /** The newest state that was handed to React; what is drawn may still be an older one. */
  const handed = useRef(drawn);
  useEffect(() => {
    let last = select(handed.current);
    const look = (state: AppState, before = state) => {
      const next = select(state);
      if (isSame(last, next)) return;
      last = next;
      handed.current = state;
      // A choice that is made once (another model, another measure) is answered like any press of a button.
      if (state.config !== before.config && !state.dragging) draw(state);
      else startTransition(() => draw(state));
    };
    // What changed between the first drawing and this subscription.
    look(useApp.getState());
    return useApp.subscribe(look);
  }, [select, isSame]);
  return select(drawn);
}
