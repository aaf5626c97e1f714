/** The pictures of what alpha does to the counts, each bound to its part of the state. */
import { memo, useCallback, useMemo } from 'react';
import { wilsonInterval } from '@/method/statistics.ts';
import { ALPHA_MAX, ALPHA_MIN } from '@/state/config.ts';
import { useLater } from '@/state/later.ts';
import { plantedBandOf } from '@/state/planted.ts';
import { useScoreLimit } from '@/state/score-limit.ts';
import { useBandScan, useFigure } from '@/state/select.ts';
import { useBaseline, usePoolBars, usePoolReading, useTrail } from '@/state/select-counts.ts';
import { useScanFinding } from '@/state/select-reading.ts';
import { setConfig } from '@/state/store.ts';
import { AlphaTrail } from '@/views/alpha-trail/AlphaTrail.tsx';
import { BandScan } from '@/views/band-scan/BandScan.tsx';
import { ClassBars } from '@/views/class-bars/ClassBars.tsx';
import type { LayerRange } from '@/views/index.ts';
import { useWaitingHint } from '@/views/shared/use-waiting-hint.ts';
import { useLayerAxis } from './LayerPictures.tsx';

const ALPHA_DOMAIN = [ALPHA_MIN, ALPHA_MAX] as const;
const NO_POINTS = [] as const;

export const BandScanPicture = memo(function BandScanPicture() {
  const axis = useLayerAxis();
  const entry = useBandScan();
  const alpha = useLater((state) => state.config.alpha);
  const bandWidth = useLater((state) => state.config.bandWidth);
  const planted = useLater((state) => plantedBandOf(state.config.model));
  const waiting = useWaitingHint();
  const limit = useScoreLimit();
  const isImpossible = limit?.hasScore === false;
  const hint = isImpossible
    ? `${limit.sentence} The scan counts by first token, so there is none for this model and template.`
    : alpha === 1
      ? 'At alpha 1 nothing is scaled: move alpha to see where the layers act.'
      : waiting;
  const finding = useScanFinding();
  const figure = useFigure('bandScan', entry, hint);
  // No waiting for the model: it will not bring a scan.
  const status = isImpossible && !entry ? { state: 'empty' as const, hint } : figure.status;
  const scan = entry?.value ?? null;
  const baseline = useMemo(() => {
    if (!scan?.baseline) return null;
    const { refused, total } = scan.baseline;
    const { low, high } = wilsonInterval(refused, total);
    return { refused, total, low: low * total, high: high * total };
  }, [scan]);
  const pick = useCallback((range: LayerRange) => setConfig({ range: [range.first, range.last] }), []);
  return (
    <BandScan
      {...axis}
      {...figure}
      status={status}
      bandWidth={bandWidth}
      alpha={alpha}
      finding={finding}
      limit={limit?.sentence ?? null}
      points={scan?.points ?? NO_POINTS}
      baseline={baseline}
      planted={planted}
      onPickBand={pick}
    />
  );
});

export const AlphaTrailPicture = memo(function AlphaTrailPicture() {
  const points = useTrail();
  const baseline = useBaseline();
  const reading = usePoolReading('over-rejection');
  const figure = useFigure('exact', reading?.now ?? null, useWaitingHint());
  const alpha = useLater((state) => state.config.alpha);
  const [first, last] = useLater((state) => state.config.range);
  const range = useMemo(() => ({ first, last }), [first, last]);
  const pick = useCallback((to: number) => setConfig({ alpha: to }), []);
  return (
    <AlphaTrail
      {...figure}
      points={points}
      currentAlpha={alpha}
      alphaDomain={ALPHA_DOMAIN}
      range={range}
      baseline={
        baseline?.complete
          ? { refused: baseline.tallyNow.counts.refused, total: baseline.tallyNow.total }
          : null
      }
      onPick={pick}
    />
  );
});

export const ClassBarsPicture = memo(function ClassBarsPicture() {
  const { bars, baseline } = usePoolBars();
  const reading = usePoolReading('over-rejection');
  const figure = useFigure('exact', reading?.now ?? null, useWaitingHint());
  return <ClassBars {...figure} pools={bars} baseline={baseline} />;
});
