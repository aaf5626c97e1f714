/** Settings and forecast of the run that Train would start now, from the page's state. */
import { useMemo } from 'react';
import type { ProblemWords } from '@/state/problems.ts';
import { adaptersAt } from '@/state/requests.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { type Forecast, forecast } from '@/state/train-request.ts';
import { decodeTrainSettings } from '@/state/train-settings.ts';
import { useTrain } from '@/state/train-store.ts';
import { useTokenCounts } from '@/state/train-tokens.ts';

export function useTrainSettings() {
  const text = useApp((state) => state.config.training);
  return useMemo(() => decodeTrainSettings(text), [text]);
}

/** Null until a model is open. */
export function useForecast(): Forecast | ProblemWords | null {
  const { settings } = useTrainSettings();
  const range = useApp((state) => state.config.range);
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  const situation = useSituation();
  const template = useApp((state) => state.config.template);
  const bundled = useTrain((state) => state.bundled);
  const safetyRows = useTrain((state) => state.safetyRows);
  const own = useTrain((state) => state.own);
  const counts = useTokenCounts((state) => state.counts);
  const adapters = situation ? adaptersAt(situation, situation.config.model).join('\n') : null;
  return useMemo(() => {
    if (!card || adapters === null) return null;
    const data = { bundled, safetyRows, own };
    const parts = {
      settings,
      data,
      band: range,
      template,
      adapters: adapters.split('\n').filter(Boolean),
      name: 'forecast',
      probe: null,
      measures: null,
    };
    return forecast(parts, card.spec, card.backend.kind, counts);
  }, [card, settings, range, template, adapters, bundled, safetyRows, own, counts]);
}
