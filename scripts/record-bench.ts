/** What the page shows in its first second, recorded for one model: its default requests, sweep by sweep, scan by scan. */
import { BUNDLED_POOL_IDS } from '@/data/pools.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import { type Config, DEFAULT_CONFIG, type ModelVariant } from '@/state/config.ts';
import { attentionPrompts, COUNTED_POOLS, type Pools } from '@/state/pools.ts';
import {
  attentionRequest,
  bandScanRequest,
  calibrateRequest,
  countRequest,
  type Situation,
  similarityRequest,
} from '@/state/requests.ts';
import { alphaList } from '../cli/options.ts';
import type { GrowingRun } from './growing-run.ts';

const ALPHAS = alphaList('0.8:1.2:0.05');
const SCAN_ALPHAS = [1.1, 0.9];
/** The side pools tell broken from safe; the ends and the default are enough for that. */
const SIDE_ALPHAS = [0.8, 0.9, 1, 1.1, 1.2];

export const benchSettings = (variant: ModelVariant) => ({
  command: 'npm run record',
  variant,
  range: [...DEFAULT_CONFIG.range],
  alphas: ALPHAS,
});

export async function recordBench(
  run: GrowingRun,
  situation: (patch?: Partial<Config>) => Situation,
  variant: ModelVariant,
): Promise<void> {
  await run.ask('similarity', 'curves', similarityRequest(situation()).params);
  await run.ask('attention', 'attention', attentionRequest(situation()).params);
  const { calibration } = await run.ask('calibrate', 'calibration', calibrateRequest(situation()).params);
  for (const pool of COUNTED_POOLS) {
    for (const alpha of pool === 'over-rejection' ? ALPHAS : SIDE_ALPHAS) {
      const label = `${pool}, layers ${DEFAULT_CONFIG.range.join('-')}, alpha ${alpha}`;
      await run.ask('count', label, countRequest(situation(), pool, 'exact', alpha, calibration).params);
    }
  }
  if (calibration.tokenIds.length === 0) {
    const { display } = run.session;
    display.say(`${variant}: no first token opens refusals, so there is no score to scan bands with`);
    return;
  }
  for (const alpha of SCAN_ALPHAS) {
    const label = `bands of ${DEFAULT_CONFIG.bandWidth}, alpha ${alpha}`;
    await run.ask('bandScan', label, bandScanRequest(situation({ alpha }), calibration).params);
  }
}

/** Only the pools that the parts take prompts from; attention takes single prompts of them. */
export function benchPools(pools: Pools): Record<string, PromptItem[]> {
  const names = new Set<keyof Pools>(['normal', 'malicious', ...COUNTED_POOLS]);
  for (const prompt of attentionPrompts(pools, DEFAULT_CONFIG)) {
    const home = BUNDLED_POOL_IDS.find((id) => pools[id].items.includes(prompt));
    if (home) names.add(home);
  }
  return Object.fromEntries([...names].map((name) => [name, [...pools[name].items]]));
}
