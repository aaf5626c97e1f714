/** What limits the first-token score of the present model and template, for the places where it would stand. A hook. */
import { useMemo } from 'react';
import { calibrationWarning } from '@/method/first-token.ts';
import { useCalibration } from './select.ts';

export interface ScoreLimit {
  /** False: no token opens refusals here, hence no score and no band scan. */
  hasScore: boolean;
  /** The calibration's own sentence. */
  sentence: string;
}

/** Null before a calibration is there, and where nothing speaks against its score. */
export function useScoreLimit(): ScoreLimit | null {
  const calibration = useCalibration()?.value;
  return useMemo(() => {
    const sentence = calibration ? calibrationWarning(calibration) : null;
    return calibration && sentence ? { hasScore: calibration.tokenIds.length > 0, sentence } : null;
  }, [calibration]);
}
