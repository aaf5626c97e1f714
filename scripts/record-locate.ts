/**
 * The searches and controls of the bundled model as the page would ask for them, in the order in which they are worth
 * having: the progressive search, every range at the alphas that it chose, single layers by alpha, every control.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { controlCards } from '@/experiments/controls/index.ts';
import type { PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import type { LocateResult } from '@/protocol/localise.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { type Config, DEFAULT_CONFIG, type ModelVariant } from '@/state/config.ts';
import { controlRequest } from '@/state/control-request.ts';
import { gridRequest, layerAlphaRequest, locateRequest } from '@/state/locate-requests.ts';
import { DEFAULT_LOCATE_SETTINGS, encodeLocateSettings } from '@/state/locate-settings.ts';
import { type CountedPool, countedPrompts, type Pools } from '@/state/pools.ts';
import type { Situation } from '@/state/requests.ts';
import type { GrowingRun } from './growing-run.ts';

/** A model that never refuses has no score to search by: the base model's counts are in its own recording. */
export const SEARCHED: ModelVariant = 'aligned';

export const LOCATE_PIECES = ['search', 'grid', 'layer-alpha', 'controls'] as const;
export type LocatePiece = (typeof LOCATE_PIECES)[number];

/** Where a piece ships, below public/recorded: with what the section shows that asks for it. */
export const pieceFolder = (piece: LocatePiece): 'locate' | 'controls' =>
  piece === 'controls' ? 'controls' : 'locate';
export const pieceFile = (piece: LocatePiece): string => `${SEARCHED}-${piece}.json`;

/** The tokens and threshold that the page takes until it has learnt its own. */
export function recordedCalibration(folder: string, variant: ModelVariant): RefusalCalibration {
  const name = `${variant}.json`;
  const { run } = parseRunFile(readFileSync(path.join(folder, name), 'utf8'), name);
  const part = run.parts.find(({ kind }) => kind === 'calibrate');
  if (part?.kind !== 'calibrate') throw new Error(`${name} holds no calibration: record the bench first.`);
  return part.result.calibration;
}

/** The alphas that the search chose, alpha above 1 first, and the one that the page opens with. */
export function gridAlphas({ searches }: LocateResult): number[] {
  const chosen = searches.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'final' ? [step.alpha] : [])),
  );
  return [...new Set([DEFAULT_LOCATE_SETTINGS.alpha, ...chosen])];
}

export async function recordSearch(
  run: GrowingRun,
  situation: Situation,
  calibration: RefusalCalibration,
): Promise<LocateResult> {
  const { layerCount } = run.session.card.spec;
  return run.ask('locate', 'progressive search', locateRequest(situation, calibration, layerCount).params);
}

export async function recordGrid(
  run: GrowingRun,
  situation: (patch?: Partial<Config>) => Situation,
  calibration: RefusalCalibration,
  alphas: readonly number[],
): Promise<void> {
  for (const alpha of alphas) {
    const search = encodeLocateSettings({ ...DEFAULT_LOCATE_SETTINGS, alpha });
    const { params } = gridRequest(situation({ search }), calibration);
    await run.ask('grid', `every range, alpha ${alpha}`, params);
  }
}

export async function recordLayerAlpha(
  run: GrowingRun,
  situation: Situation,
  calibration: RefusalCalibration,
): Promise<void> {
  await run.ask('layerAlpha', 'single layers by alpha', layerAlphaRequest(situation, calibration).params);
}

/** With every option at its default. Those that read come first: they take seconds. */
export async function recordControls(
  run: GrowingRun,
  situation: Situation,
  calibration: RefusalCalibration,
  only: readonly string[] | null,
): Promise<void> {
  const cards = controlCards().filter(({ name }) => only === null || only.includes(name));
  for (const card of [...cards].sort((a, b) => Number(a.needs.calibration) - Number(b.needs.calibration))) {
    const { params } = controlRequest(situation, card, { name: null, options: {} }, calibration);
    await run.ask('control', card.title, params);
  }
}

export const isControl = (name: string): boolean => controlCards().some((card) => card.name === name);

/** The prompts that are taken: searches count, controls read whole pools besides. */
export function locatePools(pools: Pools, piece: LocatePiece): Record<string, PromptItem[]> {
  const counted = (pool: CountedPool) => countedPrompts(pools, pool, DEFAULT_CONFIG);
  if (piece !== 'controls') return { 'over-rejection': counted('over-rejection') };
  const whole = ['normal', 'malicious', 'matched-normal', 'matched-malicious'] as const;
  return {
    ...Object.fromEntries(whole.map((name) => [name, [...pools[name].items]])),
    'over-rejection': counted('over-rejection'),
    control: counted('control'),
  };
}

export const locateSettingsOf = (piece: LocatePiece) => ({
  command: 'npm run record',
  variant: SEARCHED,
  piece,
  prompts: DEFAULT_CONFIG.promptCount,
});
