/**
 * Run files as results to show: written by the command line for the bundled model, or dropped by a person.
 * They are shown as recorded, with where they come from, until live numbers take their place.
 */
import { AppError } from '@/model/app-error.ts';
import type { ResponseClass } from '@/protocol/experiments.ts';
import type { RunFile, RunPart } from '@/protocol/run-file.ts';
import type { Provenance } from '@/views/index.ts';
import { adaptersOf, type Config, MODEL_VARIANTS, normaliseMatrices, snapAlpha } from './config.ts';
import { overrideKey } from './outcomes.ts';
import { POOL_IDS, type Pool } from './pools.ts';
import { type Entry, keyOf, type ResultMap } from './results.ts';

/** public/recorded/index.json: the run files that ship with the bundled model. */
export interface RecordedIndex {
  files: string[];
}

export function entriesOfRun(run: RunFile, modelKey: string, fileName: string): Entry[] {
  return run.parts.flatMap((part) => entriesOfPart(run, part, modelKey, fileName));
}

function entriesOfPart(run: RunFile, part: RunPart, modelKey: string, fileName: string): Entry[] {
  const make = <K extends RunPart['kind']>(kind: K, key: string, value: ResultMap[K]): Entry<K> => ({
    kind,
    key,
    value,
    truth: 'recorded',
    complete: true,
    provenance: provenanceOf(run, part),
    origin: originOf(run, part, fileName),
  });
  switch (part.kind) {
    case 'similarity':
      return [make('similarity', keyOf('similarity', modelKey, part.params), part.result)];
    case 'cosineMatrix':
      return [make('cosineMatrix', keyOf('cosineMatrix', modelKey, part.params), part.result)];
    case 'attention':
      return [make('attention', keyOf('attention', modelKey, part.params), part.result.pictures)];
    case 'calibrate':
      return [make('calibrate', keyOf('calibrate', modelKey, part.params), part.result.calibration)];
    case 'count': {
      const { prompts } = part.params;
      const outcomes = new Array<(typeof part.result.outcomes)[number] | undefined>(prompts.length).fill(
        undefined,
      );
      for (const outcome of part.result.outcomes) outcomes[outcome.index] = outcome;
      return [make('count', keyOf('count', modelKey, part.params), { prompts, outcomes })];
    }
    case 'bandScan':
      return [make('bandScan', keyOf('bandScan', modelKey, part.params), part.result)];
    case 'grid':
      return [make('grid', keyOf('grid', modelKey, part.params), part.result)];
    case 'layerAlpha':
      return [make('layerAlpha', keyOf('layerAlpha', modelKey, part.params), part.result)];
    case 'locate':
      return [make('locate', keyOf('locate', modelKey, part.params), part.result)];
    // Training runs and controls are not the bench's: they have shelves of their own.
    case 'control':
    case 'train':
      return [];
    default:
      return part satisfies never;
  }
}

/** Corrections by hand that a run carries, as the page holds them. */
export function overridesOfRun(run: RunFile): Record<string, ResponseClass> {
  const overrides: Record<string, ResponseClass> = {};
  for (const part of run.parts) {
    if (part.kind !== 'count') continue;
    for (const { index, answer, byHand } of part.result.outcomes) {
      const prompt = part.params.prompts[index];
      if (prompt && answer !== undefined && byHand) overrides[overrideKey(prompt, answer)] = byHand;
    }
  }
  return overrides;
}

/** For the hover text of a recorded number. */
function originOf(run: RunFile, part: RunPart, fileName: string): string {
  const day = run.createdAt.slice(0, 10);
  return `${fileName}: ${part.label}; ${run.app.name} ${run.app.version} on ${run.backend.runtime} (${run.backend.kind}), ${day}`;
}

function provenanceOf(run: RunFile, part: RunPart): Provenance {
  const setting = 'setting' in part.params ? part.params.setting : null;
  const rule = setting?.scale[0];
  return {
    model: run.model.name,
    sha256: run.model.sha256,
    adapters: setting?.adapters ?? [],
    template: 'template' in part.params ? part.params.template : run.template,
    n:
      part.kind === 'similarity'
        ? `${part.result.normalCount} normal, ${part.result.maliciousCount} malicious prompts`
        : 'prompts' in part.params
          ? `${part.params.prompts.length} prompts`
          : 'one layer',
    seed: part.kind === 'similarity' ? part.params.bootstrap.seed : null,
    date: run.createdAt,
    origin: 'recorded',
    extra: {
      backend: `${run.backend.kind}, ${run.backend.runtime}`,
      ...(rule
        ? {
            layers: `${rule.first} to ${rule.last}`,
            alpha: String(rule.alpha),
            matrices: rule.matrices.join(' '),
          }
        : {}),
    },
  };
}

/** The pools that a run was made with, where they go by the page's names. */
export function poolsOfRun(run: RunFile, fileName: string): Pool[] {
  return POOL_IDS.flatMap((id) => {
    const items = run.pools[id];
    return items && items.length > 0 ? [{ id, items, origin: fileName }] : [];
  });
}

/** The settings under which a run's own numbers are on screen: those of its last scaled part, or of its first. */
export function configOfRun(run: RunFile): Partial<Config> {
  const patch: Partial<Config> = { template: run.template };
  const scaled = run.parts.findLast(
    (part) => 'setting' in part.params && part.params.setting.scale.length > 0,
  );
  const shown = scaled ?? run.parts.find((part) => 'setting' in part.params);
  if (shown && 'setting' in shown.params) {
    const { adapters, scale } = shown.params.setting;
    const variant = MODEL_VARIANTS.find((name) => adaptersOf(name).join() === adapters.join());
    if (variant) patch.model = variant;
    const rule = scale[0];
    if (rule) {
      patch.range = [rule.first, rule.last];
      patch.alpha = snapAlpha(rule.alpha);
      patch.matrices = normaliseMatrices(rule.matrices);
    }
  }
  for (const part of run.parts) {
    if (part.kind === 'similarity') {
      patch.pairs = part.params.pairs;
      patch.lastPoint = part.params.lastPoint;
      patch.seed = part.params.bootstrap.seed;
    }
    if (part.kind === 'bandScan') patch.bandWidth = part.params.width;
    if (part.kind === 'count' && part.params.prompts.length >= 8)
      patch.promptCount ??= part.params.prompts.length;
  }
  return patch;
}

export interface RecordedRun {
  run: RunFile;
  name: string;
  warnings: string[];
}

/**
 * A missing index is no error: there is simply nothing recorded. A run that cannot be used goes to `onProblem` as an
 * AppError; the others are still given.
 * @throws AppError 'network' or 'bad-file' where the index itself cannot be used
 */
export async function fetchRecordedRuns(
  base: string,
  onProblem: (error: unknown) => void,
): Promise<RecordedRun[]> {
  const index = await fetchJson(`${base}index.json`);
  if (index === null) return [];
  const files = (index as Partial<RecordedIndex> | null)?.files;
  if (!Array.isArray(files)) {
    throw new AppError('bad-file', 'The list of recorded runs is damaged.', 'Build the page again.');
  }
  const { parseRunFile } = await import('@/protocol/run-file.ts');
  const runs = await Promise.all(
    files.map(async (name): Promise<RecordedRun | null> => {
      try {
        const { run, warnings } = parseRunFile(await (await request(`${base}${name}`)).text(), name);
        return { run, name, warnings };
      } catch (error) {
        onProblem(error);
        return null;
      }
    }),
  );
  return runs.filter((run) => run !== null);
}

async function request(url: string): Promise<Response> {
  const response = await fetch(url).catch(() => null);
  if (response?.ok) return response;
  throw new AppError(
    'network',
    `The recorded run ${url.split('/').at(-1)} could not be loaded (${response?.status ?? 'no answer'}).`,
    'Reload the page.',
  );
}

async function fetchJson(url: string): Promise<unknown | null> {
  const response = await fetch(url);
  // A server that answers with its start page for unknown paths has no such file either.
  if (!response.ok || !response.headers.get('content-type')?.includes('json')) return null;
  return response.json().catch((cause: unknown) => {
    throw new AppError('bad-file', 'The list of recorded runs is damaged.', 'Build the page again.', {
      cause,
    });
  });
}
