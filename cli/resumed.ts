/**
 * Searches and controls whose finished pieces lie in a journal beside the output: a kill costs the piece that was running
 * and no other. Which request a journal belongs to is row-journal.ts's matter; what becomes of the result, the caller's.
 */
import type { ControlParams, ControlResult, ControlRow } from '@/protocol/controls.ts';
import type { ExperimentMap } from '@/protocol/experiments.ts';
import { gridSoFar, layerAlphaSoFar, locateSoFar } from '@/protocol/localise-progress.ts';
import { packed, unpacked } from './journal-arrays.ts';
import type { RowJournal } from './row-journal.ts';
import type { OpenSession } from './session.ts';

export type SearchKind = 'grid' | 'layerAlpha' | 'locate';

/** One finished piece in the journal of a search. */
export interface Piece {
  kind: SearchKind;
  event: unknown;
}

type Place = Pick<OpenSession, 'lab' | 'display'> & { signal: AbortSignal };

const SO_FAR = { grid: gridSoFar, layerAlpha: layerAlphaSoFar, locate: locateSoFar };

export async function resumedSearch<K extends SearchKind>(
  { lab, display, signal }: Place,
  journal: RowJournal<unknown, Piece>,
  kind: K,
  label: string,
  params: ExperimentMap[K]['params'],
): Promise<ExperimentMap[K]['result']> {
  const pieces = journal.rows.filter((row) => row.kind === kind).map(({ event }) => unpacked(event));
  const resume = pieces.reduce(
    (before, event) => SO_FAR[kind](before as never, event as never) as unknown,
    null as unknown,
  );
  return lab.run(
    kind,
    (resume ? { ...params, resume } : params) as ExperimentMap[K]['params'],
    (event) => {
      if (event.type === 'progress')
        display.show({ ...event.progress, phase: `${label}: ${event.progress.phase}` });
      // Steps of a search follow from its counts and are told anew.
      else if ((event.partial as { type: string }).type !== 'step') {
        journal.add({ kind, event: packed(event.partial) });
      }
    },
    signal,
  );
}

export function resumedControl(
  { lab, display, signal }: Place,
  journal: RowJournal<unknown, ControlRow>,
  label: string,
  params: ControlParams,
): Promise<ControlResult> {
  return lab.run(
    'control',
    { ...params, done: [...journal.rows] },
    (event) => {
      if (event.type === 'partial') journal.add(event.partial);
      else display.show({ ...event.progress, phase: `${label}: ${event.progress.phase}` });
    },
    signal,
  );
}
