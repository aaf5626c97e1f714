/** What dragging and keys do to a range of layers. Pure; the view draws it and listens. */
import type { LayerRange } from '../props.ts';

/** Which part is held: the whole range, one of its ends, or nothing yet (a new brush). */
export type Grip = 'move' | 'first' | 'last' | 'new';

const clamp = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v));

/** Moves a range, keeping its width; it stops at the walls. */
export function moved(range: LayerRange, by: number, layerCount: number): LayerRange {
  const width = range.last - range.first;
  const first = clamp(range.first + by, 0, layerCount - 1 - width);
  return { first, last: first + width };
}

/** Puts one end at a layer. An end that is dragged past the other one pushes no further: a range has one layer or more. */
export function stretched(
  range: LayerRange,
  end: 'first' | 'last',
  to: number,
  layerCount: number,
): LayerRange {
  return end === 'first'
    ? { first: clamp(to, 0, range.last), last: range.last }
    : { first: range.first, last: clamp(to, range.first, layerCount - 1) };
}

/** What a press at pixel x takes hold of. `reach` is how far from an edge still counts: wider for fingers. */
export function gripAt(x: number, edges: { left: number; right: number }, reach: number): Grip {
  // A narrow range keeps a third of itself for moving, or it could only be stretched.
  const inner = Math.min(reach, (edges.right - edges.left) / 3);
  if (x >= edges.left - reach && x <= edges.left + inner) return 'first';
  if (x >= edges.right - inner && x <= edges.right + reach) return 'last';
  return x > edges.left && x < edges.right ? 'move' : 'new';
}

export interface Drag {
  grip: Grip;
  /** Layer under the pointer, and the range, when it was pressed. */
  fromLayer: number;
  fromRange: LayerRange;
}

export function dragged(drag: Drag, toLayer: number, layerCount: number): LayerRange {
  switch (drag.grip) {
    case 'move':
      return moved(drag.fromRange, toLayer - drag.fromLayer, layerCount);
    case 'first':
    case 'last':
      return stretched(drag.fromRange, drag.grip, toLayer, layerCount);
    case 'new':
      return { first: Math.min(drag.fromLayer, toLayer), last: Math.max(drag.fromLayer, toLayer) };
    default:
      return drag.grip satisfies never;
  }
}

/**
 * The range after a key, null if the key means nothing here. On the range: arrows move, shift and arrows stretch the
 * last end, Home and End go to the walls. On an end: arrows, Home and End move that end.
 */
export function afterKey(
  key: string,
  shift: boolean,
  part: 'range' | 'first' | 'last',
  range: LayerRange,
  layerCount: number,
): LayerRange | null {
  const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[key];
  const wall = { Home: 0, End: layerCount - 1 }[key];
  const end = part === 'range' ? 'last' : part;
  if (step !== undefined)
    return part === 'range' && !shift
      ? moved(range, step, layerCount)
      : stretched(range, end, range[end] + step, layerCount);
  if (wall === undefined) return null;
  if (part !== 'range' || shift) return stretched(range, end, wall, layerCount);
  return moved(range, wall === 0 ? -layerCount : layerCount, layerCount);
}
