/** What a run looks at besides its loss: the fast probe while it trains, the full measures before and after. */
import { BACKDOOR_TRIGGER } from '@/method/attack-data.ts';
import type { Lab } from '@/protocol/lab.ts';
import type { MeasureParams } from '@/protocol/measures.ts';
import type { ProbeParams } from '@/protocol/training.ts';
import { calibrationOf } from './learn-calibration.ts';
import { type CountedPool, spread } from './pools.ts';
import { MAX_NEW_TOKENS, type Situation } from './requests.ts';
import type { TrainSettings } from './train-settings.ts';
import type { TrainState } from './train-store.ts';

/**
 * Its tokens and threshold are those of the model that is attacked, and stay: else the score would follow what it measures.
 * @param say what is being done, in words
 */
export async function probeFor(
  { probeEvery, probePrompts }: TrainSettings,
  situation: Situation,
  lab: Lab,
  say: (doing: string) => void,
  signal: AbortSignal,
): Promise<{ probe: ProbeParams | null; note: string | null }> {
  if (probeEvery === 0) return { probe: null, note: null };
  const calibration = await calibrationOf(situation, lab, say, signal);
  if (calibration.tokenIds.length === 0) {
    return {
      probe: null,
      note: 'This model hardly ever refuses, so no refusing first token could be learnt: there is no fast probe.',
    };
  }
  const some = (pool: CountedPool) => spread(situation.pools[pool].items, probePrompts);
  return {
    probe: {
      everySteps: probeEvery,
      malicious: some('malicious'),
      overRejection: some('over-rejection'),
      control: some('control'),
      calibration,
      rules: situation.rules,
      maxNewTokens: MAX_NEW_TOKENS,
    },
    note: null,
  };
}

/** Null where nothing is to be measured. */
export function measuresFor(
  { measurePrompts, harmTokens, rougeRows, questions, data }: TrainSettings,
  { pools, rules }: Pick<Situation, 'pools' | 'rules'>,
  shelf: Pick<TrainState, 'questions' | 'ownQuestions'>,
): MeasureParams | null {
  if (measurePrompts === 0) return null;
  const some = (pool: CountedPool) => spread(pools[pool].items, measurePrompts);
  return {
    malicious: some('malicious'),
    overRejection: some('over-rejection'),
    control: some('control'),
    ...(data === 'backdoor' && { trigger: BACKDOOR_TRIGGER }),
    rules,
    maliciousTokens: harmTokens,
    maxNewTokens: MAX_NEW_TOKENS,
    rougeRows,
    rougeTokens: harmTokens,
    questions: spread(shelf.ownQuestions?.questions ?? shelf.questions, questions),
  };
}
