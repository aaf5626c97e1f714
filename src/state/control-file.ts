/** A control that ran as a run file, and the controls that a run file holds. Pure. */
import { CONTROL_POOLS } from '@/protocol/controls.ts';
import type { ControlOutcome } from './control-store.ts';
import { keyOf } from './results.ts';
import { type AdapterHashes, type NewRunFile, runFileHead } from './run-file-head.ts';
import { BUNDLED_KEY } from './situation.ts';

/** @param known adapters of the open model, for their hashes */
export function runFileOfControl(
  outcome: ControlOutcome,
  title: string,
  known: AdapterHashes,
  version: string,
): NewRunFile | null {
  const { params, result, backend, modelName, sha256, date } = outcome;
  if (!result) return null;
  const pools = CONTROL_POOLS.filter((pool) => params[pool].length > 0).map((pool) => [pool, params[pool]]);
  return {
    kind: 'control',
    createdAt: date,
    ...runFileHead({ name: modelName, sha256, backend }, params.setting.adapters, known, version),
    template: params.template,
    seed: params.seed,
    pools: Object.fromEntries(pools),
    settings: { control: params.name },
    parts: [{ kind: 'control', label: title, params, result }],
  };
}

/** @param from where they come from, in words: a file's name */
export function controlsOfFile(run: NewRunFile, from: string): ControlOutcome[] {
  return run.parts
    .flatMap((part) => (part.kind === 'control' ? [part] : []))
    .map(({ params, result }) => ({
      key: keyOf('control', BUNDLED_KEY, params),
      params,
      modelName: run.model.name,
      sha256: run.model.sha256,
      backend: run.backend,
      date: run.createdAt,
      origin: 'recorded' as const,
      from,
      rows: result.rows,
      result,
    }));
}
