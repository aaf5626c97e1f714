/** What the searches of the Locate section are asked with: parameters, and the key that live and recorded results share. Pure. */
import { SEARCH_DEFAULTS } from '@/method/search-defaults.ts';
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import { SEARCH_DIRECTIONS } from '@/protocol/localise.ts';
import { matricesOf } from './config.ts';
import { decodeLocateSettings } from './locate-settings.ts';
import { countedPrompts, similarityPools } from './pools.ts';
import { context, MAX_NEW_TOKENS, type Request, request, type Situation } from './requests.ts';

/** Bounds between the rows and columns of the first, coarse picture. */
const COARSE_STEP = 3;
/** So many of the best ranges are decoded. */
const DECODED_CELLS = 5;
/** Prompts decoded per alpha to see whether the text is garbled. */
const GUARD_PROMPTS = 16;
/** Six, as LARF tries (arXiv 2507.18631), over the whole range of the slider; the paper's alphas lie among them. */
export const SINGLE_LAYER_ALPHAS = [0.5, 0.7, 0.9, 1.1, 1.3, 1.5];

export type SearchKind = 'grid' | 'layerAlpha' | 'locate';

export const locateSettings = ({ config }: Pick<Situation, 'config'>) =>
  decodeLocateSettings(config.search).settings;

const counted = (situation: Situation, calibration: RefusalCalibration) => ({
  ...context(situation, situation.config.model),
  prompts: countedPrompts(situation.pools, 'over-rejection', situation.config),
  calibration,
  matrices: matricesOf(situation.config.matrices),
});

export function gridRequest(situation: Situation, calibration: RefusalCalibration): Request<'grid'> {
  return request(situation, 'grid', {
    ...counted(situation, calibration),
    rules: situation.rules,
    alpha: locateSettings(situation).alpha,
    coarseStep: COARSE_STEP,
    decodeBest: DECODED_CELLS,
    maxNewTokens: MAX_NEW_TOKENS,
  });
}

export function layerAlphaRequest(
  situation: Situation,
  calibration: RefusalCalibration,
): Request<'layerAlpha'> {
  return request(situation, 'layerAlpha', {
    ...counted(situation, calibration),
    alphas: SINGLE_LAYER_ALPHAS,
  });
}

/** @param layerCount the middle third to half is where a search starts when nothing else is known */
export function locateRequest(
  situation: Situation,
  calibration: RefusalCalibration,
  layerCount: number,
): Request<'locate'> {
  const { directions, counting, start } = locateSettings(situation);
  const last = layerCount - 1;
  const fallback: [number, number] = start
    ? [Math.min(start[0], last), Math.min(start[1], last)]
    : [Math.floor(layerCount / 3), Math.floor(layerCount / 2)];
  return request(situation, 'locate', {
    ...counted(situation, calibration),
    ...SEARCH_DEFAULTS,
    rules: situation.rules,
    counting,
    maxNewTokens: MAX_NEW_TOKENS,
    guardPrompts: GUARD_PROMPTS,
    gap: start ? null : similarityPools(situation.pools, situation.config),
    fallback,
    directions: directions === 'both' ? [...SEARCH_DIRECTIONS] : [directions],
  });
}
