/**
 * What was computed here, under the settings on screen, as a run file's content: every part with the parameters that
 * repeat it. Recorded numbers are left out: they have a file already, written by another machine. Pure.
 */
import type { ExperimentMap, KeptKind, LayerRuns, PromptOutcome } from '@/protocol/experiments.ts';
import type { RunPart } from '@/protocol/run-file.ts';
import { ALPHAS } from './config.ts';
import { type Overrides, overrideKey, tally } from './outcomes.ts';
import { COUNTED_POOLS, POOL_IDS } from './pools.ts';
import { searchParts } from './present-searches.ts';
import {
  attentionRequest,
  bandScanRequest,
  calibrateRequest,
  cosineMatrixRequest,
  countRequest,
  NO_CALIBRATION,
  type Situation,
  similarityRequest,
} from './requests.ts';
import { best, type Count, type Entry, liveOf } from './results.ts';
import { type NewRunFile, runFileHead } from './run-file-head.ts';
import { currentSituation } from './situation.ts';
import type { AppState } from './store.ts';

type Live = AppState['results'];

/** Null where no model is open, or nothing is computed in full yet. */
export function presentRun(state: AppState, version: string, now: Date): NewRunFile | null {
  const situation = currentSituation(state);
  const { lab, config, pools, results } = state;
  if (!situation || !pools || lab.state !== 'ready') return null;
  const calibration = best(results, 'calibrate', calibrateRequest(situation).key)?.value;
  const { layerCount } = lab.card.spec;
  const searches = calibration ? searchParts(situation, results, calibration, layerCount) : [];
  const parts = [
    ...layerParts(situation, results),
    ...countParts(situation, results, state.overrides),
    ...searches,
  ];
  if (parts.length === 0) return null;
  const { card } = lab;
  const used = parts.flatMap(({ params }) => ('setting' in params ? params.setting.adapters : []));
  return {
    kind: parts.some(({ kind }) => kind === 'count') ? 'sweep' : searches.length > 0 ? 'locate' : 'curves',
    createdAt: now.toISOString(),
    ...runFileHead(card, used, card.adapters, version),
    template: config.template,
    seed: config.seed,
    pools: Object.fromEntries(POOL_IDS.map((id) => [id, [...pools[id].items]])),
    settings: JSON.parse(JSON.stringify(config)),
    parts,
  };
}

function layerParts(situation: Situation, results: Live): RunPart[] {
  const { config } = situation;
  const parts: RunPart[] = [];
  const curves = similarityRequest(situation);
  const live = found(results, 'similarity', curves.key);
  if (live) {
    parts.push({ kind: 'similarity', label: config.model, params: curves.params, result: live.value });
    const matrix = cosineMatrixRequest(situation, live.value.vectorsKey);
    const result = found(results, 'cosineMatrix', matrix.key)?.value;
    const label = `${config.model}, layer ${config.mapLayer}`;
    if (result) parts.push({ kind: 'cosineMatrix', label, params: matrix.params, result });
  }
  if (config.model !== 'base') {
    const ghost = similarityRequest(situation, 'base');
    const result = found(results, 'similarity', ghost.key)?.value;
    if (result) parts.push({ kind: 'similarity', label: 'base', params: ghost.params, result });
  }
  const attention = attentionRequest(situation);
  const pictures = found(results, 'attention', attention.key)?.value;
  if (pictures) {
    const result = { pictures: [...pictures] };
    parts.push({ kind: 'attention', label: config.model, params: attention.params, result });
  }
  return parts;
}

function countParts(situation: Situation, results: Live, overrides: Overrides): RunPart[] {
  const { config } = situation;
  const parts: RunPart[] = [];
  const asked = calibrateRequest(situation);
  const learnt = found(results, 'calibrate', asked.key);
  const calibration = learnt?.value;
  if (calibration) {
    const outcomes = decodedUnscaled(situation, results, asked.parts);
    const result = { calibration, outcomes, ...layerRunsOf(learnt, outcomes.length) };
    // A threshold learnt on other prompts (a smaller count before) stands without their answers; garbled ones taught nothing.
    const taught = outcomes.filter(({ responseClass }) => responseClass !== 'garbled');
    if (taught.length === calibration.sampleCount)
      parts.push({ kind: 'calibrate', label: config.model, params: asked.params, result });
  }
  for (const pool of COUNTED_POOLS)
    for (const alpha of ALPHAS)
      for (const mode of ['exact', 'score'] as const) {
        const { key, params } = countRequest(situation, pool, mode, alpha, calibration ?? NO_CALIBRATION);
        const entry = found(results, 'count', key);
        if (!entry) continue;
        const { counts, total } = tally(entry.value, {});
        const outcomes = corrected(entry.value, overrides);
        const result = { outcomes, ...counts, total, ...layerRunsOf(entry, total) };
        const where = alpha === 1 ? 'alpha 1' : `layers ${config.range.join('-')}, alpha ${alpha}`;
        parts.push({ kind: 'count', label: `${pool}, ${where}, ${mode}`, params, result });
      }
  if (calibration) {
    const { key, params } = bandScanRequest(situation, calibration);
    const scan = found(results, 'bandScan', key)?.value;
    const label = `bands of ${config.bandWidth}, alpha ${config.alpha}`;
    if (scan?.baseline)
      parts.push({
        kind: 'bandScan',
        label,
        params,
        result: { baseline: scan.baseline, points: scan.points },
      });
  }
  return parts;
}

/** Outcomes with what a person said of them beside what the rules said. */
function corrected({ prompts, outcomes }: Count, overrides: Overrides): PromptOutcome[] {
  return outcomes.flatMap((outcome, index) => {
    if (!outcome) return [];
    const byHand = outcome.answer !== undefined && overrides[overrideKey(prompts[index]!, outcome.answer)];
    return [byHand ? { ...outcome, byHand } : outcome];
  });
}

/** Nothing where some of the prompts were answered by work that was interrupted or shared. */
const layerRunsOf = (entry: Entry | null, promptCount: number): { layerRuns?: LayerRuns } =>
  entry?.work?.promptCount === promptCount
    ? { layerRuns: { run: entry.work.run, full: entry.work.full } }
    : {};

/** The answers that the threshold was learnt on are the exact counts at alpha 1; empty where one of them is missing. */
function decodedUnscaled(
  situation: Situation,
  results: Live,
  stretches: ReturnType<typeof calibrateRequest>['parts'],
): PromptOutcome[] {
  const outcomes: PromptOutcome[] = [];
  for (const { pool, start } of stretches) {
    const { key } = countRequest(situation, pool, 'exact', 1, NO_CALIBRATION);
    const entry = found(results, 'count', key);
    if (!entry) return [];
    for (const outcome of entry.value.outcomes)
      if (outcome) outcomes.push({ ...outcome, index: start + outcome.index });
  }
  return outcomes;
}

function found<K extends KeptKind & keyof ExperimentMap>(
  results: Live,
  kind: K,
  key: string,
): Entry<K> | null {
  const entry = liveOf(results, kind, key);
  return entry?.complete ? entry : null;
}
