/** The width of an element, watched, and the stage scale: all that a layout needs to know of the page. */
import { createContext, useCallback, useContext, useState } from 'react';

/** 1 on the bench, 1.6 on the stage; provided by <Stage>. */
export const StageScale = createContext(1);
export const useStage = (): number => useContext(StageScale);

/** Before the first measurement, e.g. on a server: a plausible width, so that the first paint is not empty. */
const FIRST_WIDTH = 720;

export function useWidth(): [ref: (element: HTMLElement | null) => (() => void) | undefined, width: number] {
  const [width, setWidth] = useState(FIRST_WIDTH);
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return undefined;
    // Whole pixels: a fraction would blur every hairline. clientWidth first, so that the first paint is right.
    const measure = () => setWidth((was) => Math.floor(element.clientWidth) || was);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
