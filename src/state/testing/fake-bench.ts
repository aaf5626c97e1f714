/** What tests of the state put on the bench: pools of made-up prompts, a model to open, a threshold known from a recorded run. */
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import { POOL_IDS, type Pool, type Pools } from '../pools.ts';
import { calibrateRequest, type Situation } from '../requests.ts';
import type { Entry } from '../results.ts';

/** Every pool with so many prompts: "normal 0" has the id normal0 and is of the group g0, one of three. */
export function fakePools(promptCount: number): Pools {
  const pools = POOL_IDS.map((id): [string, Pool] => {
    const items = Array.from({ length: promptCount }, (_, n) => ({
      id: `${id}${n}`,
      text: `${id} ${n}`,
      group: `g${n % 3}`,
    }));
    return [id, { id, origin: 'test', items }];
  });
  return Object.fromEntries(pools) as unknown as Pools;
}

export const FAKE_CALIBRATION: RefusalCalibration = {
  tokenIds: [1],
  tokenTexts: ['I'],
  threshold: 0.5,
  sampleCount: 8,
  agreement: 1,
  auroc: 1,
};

export const FAKE_SOURCE = { key: 'bundled', name: 'fake', source: { kind: 'url' as const, url: 'x' } };

/** The threshold as a recorded run holds it. */
export function recordedCalibration(situation: Situation): Entry<'calibrate'> {
  return {
    kind: 'calibrate',
    key: calibrateRequest(situation).key,
    value: FAKE_CALIBRATION,
    truth: 'recorded',
    complete: true,
    provenance: {
      model: 'fake',
      sha256: null,
      adapters: [],
      template: 'chat',
      n: '8',
      seed: null,
      date: '',
      origin: 'recorded',
    },
  };
}

export const settle = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
