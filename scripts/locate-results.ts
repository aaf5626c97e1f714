/** The recorded searches and controls below public/recorded, read for docs/results.md. What they say is in locate-reading.ts. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ControlParams, ControlResult } from '@/protocol/controls.ts';
import type {
  GridParams,
  GridResult,
  LayerAlphaResult,
  LocateParams,
  LocateResult,
} from '@/protocol/localise.ts';
import { parseRunFile, type RunFile, type RunPart } from '@/protocol/run-file.ts';
import type { RecordedIndex } from '@/state/recorded.ts';

export interface RecordedControl {
  title: string;
  params: ControlParams;
  result: ControlResult;
}

export interface LocateRecording {
  /** Of the search's file. */
  backend: RunFile['backend'];
  search: { params: LocateParams; result: LocateResult };
  /** At the alphas that the search chose, and at the one the page opens with. */
  grids: Array<{ params: GridParams; result: GridResult }>;
  single: LayerAlphaResult | null;
  controls: RecordedControl[];
  /** The base model's refusals of the same pool at alpha 1, decoded. */
  base: { refused: number; total: number };
}

/** @param root public/recorded. null where no search is recorded: the rest rests on it */
export function readLocateRecording(root: string): LocateRecording | null {
  const runs = [...runsIn(path.join(root, 'locate')), ...runsIn(path.join(root, 'controls'))];
  const parts = runs.flatMap((run) => run.parts.map((part) => ({ run, part })));
  const first = parts.find(({ part }) => part.kind === 'locate');
  if (first?.part.kind !== 'locate') return null;
  const of = <K extends RunPart['kind']>(kind: K) =>
    parts.map(({ part }) => part).filter((part): part is Extract<RunPart, { kind: K }> => part.kind === kind);
  return {
    backend: first.run.backend,
    search: { params: first.part.params, result: first.part.result },
    grids: of('grid').map(({ params, result }) => ({ params, result })),
    single: of('layerAlpha')[0]?.result ?? null,
    controls: of('control').map(({ label, params, result }) => ({ title: label, params, result })),
    base: baseCount(read(root, 'base.json')),
  };
}

function runsIn(folder: string): RunFile[] {
  if (!existsSync(path.join(folder, 'index.json'))) return [];
  const { files } = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as RecordedIndex;
  return files.map((name) => read(folder, name));
}

const read = (folder: string, name: string): RunFile =>
  parseRunFile(readFileSync(path.join(folder, name), 'utf8'), name).run;

function baseCount({ parts }: RunFile): LocateRecording['base'] {
  const part = parts.find(({ label }) => label.startsWith('over-rejection') && label.endsWith('alpha 1'));
  if (part?.kind !== 'count') throw new Error('base.json holds no count at alpha 1: record the bench first.');
  return { refused: part.result.refused, total: part.result.total };
}
