/**
 * From the state to the list of work that is wanted now, most urgent first: pure, so that "what runs when" can be read
 * and tested in one place. What each piece of work is asked with stands in requests.ts; running it is session.ts's business.
 */
import { informativeOrder } from '@/method/first-token.ts';
import type { ExperimentMap, KeptKind, PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import { gridRequest, layerAlphaRequest, locateRequest, type SearchKind } from './locate-requests.ts';
import { attentionPrompts, type CountedPool } from './pools.ts';
import {
  attentionRequest,
  bandScanRequest,
  type CalibratedPart,
  calibrateRequest,
  cosineMatrixRequest,
  countRequest,
  ghostOf,
  isChanged,
  type Request,
  type Situation,
  similarityRequest,
} from './requests.ts';
import { best, bestCount, type CountMode, liveOf, type Results } from './results.ts';

export interface Wanted<K extends KeptKind = KeptKind> {
  slot: string;
  priority: number;
  label: string;
  kind: K;
  key: string;
  params: ExperimentMap[K]['params'];
  modelKey: string;
  /** count: the whole prompt list, of which `params` asks for a part. */
  full?: PromptItem[];
  /** count: positions in the full prompt list of the prompts that are asked for now. */
  positions?: number[];
  /** calibrate: which stretch of its prompts belongs to which pool. */
  parts?: readonly CalibratedPart[];
}

/** Smaller is more urgent; gaps of meaning, not of number. */
const URGENCY = {
  calibrate: 4.5,
  // What a person looks at comes first; the unscaled score costs little more afterwards, since layers are reused.
  score: 1,
  baselineScore: 2,
  cosineMatrix: 3,
  similarity: 4,
  exact: 5,
  baselineExact: 6,
  sideExact: 7,
  attention: 8,
  ghost: 9,
  bandScan: 10,
  // Minutes each, and asked for by hand: everything else goes first, and they go on where they were interrupted.
  locate: 11,
  grid: 12,
  layerAlpha: 13,
} as const;

/**
 * Positions of the over-rejection prompts, nearest to the threshold first: they are the ones that a scaling can turn over.
 * From the unscaled scores that were there first, so that the order (and with it the batches, whose layers the engine keeps)
 * stays as it is when others arrive; as given where none are known.
 */
function countingOrder(
  situation: Situation,
  { recorded, live }: Results,
  calibration: RefusalCalibration,
): number[] {
  const at = (mode: CountMode) => countRequest(situation, 'over-rejection', mode, 1, calibration);
  const { key, params } = at('exact');
  const known = [
    bestCount({ live: {}, recorded }, key, params.prompts),
    liveOf({ live, recorded }, 'count', key),
    liveOf({ live, recorded }, 'count', at('score').key),
  ].find((entry) => entry?.complete);
  const scores = known?.value.outcomes.map((outcome) => outcome!.score);
  return scores ? informativeOrder(scores, calibration.threshold) : [...params.prompts.keys()];
}

export interface Moment {
  situation: Situation;
  results: Results;
  layerCount: number;
  /** Exact and background work waits for this. */
  settled: boolean;
  /** Keys of searches that were started by hand. */
  started?: readonly string[];
}

export function wantedWork({ situation, results, settled, layerCount, started = [] }: Moment): Wanted[] {
  const { config, pools, modelKey } = situation;
  const { alpha } = config;
  const work: Wanted[] = [];
  const want = <K extends KeptKind>(
    slot: string,
    priority: number,
    label: string,
    kind: K,
    asked: Request<K>,
  ) => {
    if (results.live[asked.key]?.complete) return;
    work.push({ modelKey, slot, priority, label, kind, ...asked } as Wanted);
  };

  const calibrate = calibrateRequest(situation);
  const calibration = best(results, 'calibrate', calibrate.key);
  if (!calibration?.complete) {
    want('calibrate', URGENCY.calibrate, 'Learning the refusing first tokens', 'calibrate', calibrate);
  } else {
    const informative = countingOrder(situation, results, calibration.value);
    const count = (
      pool: CountedPool,
      mode: CountMode,
      at: number,
      slot: string,
      priority: number,
      label: string,
      isTransplanted = false,
    ) => {
      const { key, params } = countRequest(situation, pool, mode, at, calibration.value, isTransplanted);
      if (results.live[key]?.complete) return;
      const sofar = liveOf(results, 'count', key)?.value.outcomes ?? [];
      const order = pool === 'over-rejection' ? informative : [...params.prompts.keys()];
      // Interrupted work goes on where it stopped: only prompts without an outcome are asked for.
      const positions = order.filter((index) => sofar[index] === undefined);
      const prompts = positions.map((index) => params.prompts[index]!);
      work.push({
        modelKey,
        slot,
        priority,
        label,
        kind: 'count',
        key,
        params: { ...params, prompts },
        positions,
        full: params.prompts,
      });
    };
    // A model that hardly ever refuses teaches no refusing token: its score would be a row of zeros that mean nothing.
    const hasScore = calibration.value.tokenIds.length > 0;
    const changed = isChanged(config);
    const where = `at alpha ${alpha}${config.transplant === 'all' ? '' : ', layers exchanged'}`;
    if (hasScore && changed)
      count('over-rejection', 'score', alpha, 'score', URGENCY.score, `Scoring ${where}`, true);
    if (hasScore)
      count('over-rejection', 'score', 1, 'score at 1', URGENCY.baselineScore, 'Scoring the unscaled model');
    if (settled) {
      if (changed) count('over-rejection', 'exact', alpha, 'exact', URGENCY.exact, `Decoding ${where}`, true);
      count(
        'over-rejection',
        'exact',
        1,
        'exact at 1',
        URGENCY.baselineExact,
        'Decoding the unscaled answers',
      );
      for (const pool of ['malicious', 'control'] as const) {
        const name = pool === 'malicious' ? 'malicious' : 'plain';
        if (changed)
          count(pool, 'exact', alpha, `exact ${pool}`, URGENCY.sideExact, `Decoding ${name} prompts`, true);
        count(
          pool,
          'exact',
          1,
          `exact ${pool} at 1`,
          URGENCY.sideExact,
          `Decoding ${name} prompts, unscaled`,
        );
      }
    }
    if (settled && hasScore && alpha !== 1 && config.bandWidth <= layerCount) {
      const { key, params } = bandScanRequest(situation, calibration.value);
      const have = new Set(liveOf(results, 'bandScan', key)?.value.points.map((point) => point.first));
      const firsts = Array.from({ length: layerCount - config.bandWidth + 1 }, (_, first) => first);
      want('bandScan', URGENCY.bandScan, `Moving a band of ${config.bandWidth} layers`, 'bandScan', {
        key,
        params: { ...params, order: informative, firsts: firsts.filter((first) => !have.has(first)) },
      });
    }
  }

  if (calibration?.complete && started.length > 0) {
    const search = <K extends SearchKind>(kind: K, label: string, asked: Request<K>) => {
      if (!started.includes(asked.key)) return;
      const resume = liveOf(results, kind, asked.key)?.value;
      want(kind, URGENCY[kind], label, kind, { ...asked, params: { ...asked.params, resume } });
    };
    const { value } = calibration;
    search('locate', 'Searching bound by bound', locateRequest(situation, value, layerCount));
    search('grid', 'Scoring every range', gridRequest(situation, value));
    search('layerAlpha', 'Scaling single layers', layerAlphaRequest(situation, value));
  }

  const curves = similarityRequest(situation);
  want('similarity', URGENCY.similarity, 'Reading the layers', 'similarity', curves);
  const ghost = ghostOf(situation);
  if (ghost) {
    const whose = ghost.label === 'base' ? 'the base model’s layers' : `the layers ${ghost.label}`;
    want('ghost', URGENCY.ghost, `Reading ${whose}`, 'similarity', ghost.request);
  }
  const live = liveOf(results, 'similarity', curves.key);
  if (live?.complete && config.mapLayer < layerCount) {
    const matrix = cosineMatrixRequest(situation, live.value.vectorsKey);
    want(
      'cosineMatrix',
      URGENCY.cosineMatrix,
      `Comparing prompts at layer ${config.mapLayer}`,
      'cosineMatrix',
      matrix,
    );
  }
  if (attentionPrompts(pools, config).length > 0) {
    want('attention', URGENCY.attention, 'Reading attention', 'attention', attentionRequest(situation));
  }
  return work.sort((a, b) => a.priority - b.priority);
}
