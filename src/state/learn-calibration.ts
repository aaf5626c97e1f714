/** The refusing first tokens for work that has the lab to itself: the bench's own where it knows them, else learnt first. */
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import type { Lab } from '@/protocol/lab.ts';
import { progressWords } from './progress-words.ts';
import { calibrateRequest, type Situation } from './requests.ts';
import { best } from './results.ts';
import { useApp } from './store.ts';

/** @param say what is being done, in words; `fraction` null = not known. Not called where nothing has to be learnt */
export async function calibrationOf(
  situation: Situation,
  lab: Lab,
  say: (text: string, fraction: number | null) => void,
  signal: AbortSignal,
): Promise<RefusalCalibration> {
  const asked = calibrateRequest(situation);
  const known = best(useApp.getState().results, 'calibrate', asked.key);
  if (known) return known.value;
  say('Learning the refusing first tokens', null);
  const { calibration } = await lab.run(
    'calibrate',
    asked.params,
    (event) => {
      if (event.type !== 'progress') return;
      const { text, fraction } = progressWords(event.progress);
      say(`Refusing first tokens: ${text}`, fraction);
    },
    signal,
  );
  return calibration;
}
