/** Similarity by layer before and after a run, before as the thin line behind. Asked for by a button: it takes a while. */
import { useMemo } from 'react';
import { Button } from 'react-aria-components';
import type { FigureStatus } from '@/elements/status.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { layerEntries, layerRequests, readLayers } from '@/state/train-layers.ts';
import { isInLab, type TrainRun, useTrain } from '@/state/train-store.ts';
import { useLayerAxis } from '@/views/bench/LayerPictures.tsx';
import { SimilarityCurves } from '@/views/similarity/SimilarityCurves.tsx';

export function LayersFigure({ run }: { run: TrainRun | null }) {
  const axis = useLayerAxis();
  const situation = useSituation();
  const results = useApp((state) => state.results);
  const measure = useApp((state) => state.config.measure);
  const isFree = useApp((state) => state.lab.state === 'ready' && state.lentTo === null);
  const isHere = useApp((state) => run !== null && isInLab(run, state));
  const reading = useTrain((state) => state.reading);
  const asked = useMemo(() => situation && run && layerRequests(situation, run), [situation, run]);
  const { before, after } = layerEntries(results, asked);
  const hint = !run
    ? 'Appears when a run has ended.'
    : isHere
      ? 'Reads the layers of the model before and after this run, on the pools of the bench.'
      : run.origin === 'recorded'
        ? 'This run was recorded elsewhere: its model is not in this tab.'
        : 'The model of this run is not in this tab: bring it back from its checkpoint first.';
  const status: FigureStatus = reading
    ? { state: after ? 'partial' : 'loading', work: reading }
    : after
      ? { state: 'ready' }
      : { state: 'empty', hint };
  return (
    <>
      <SimilarityCurves
        {...axis}
        name="train-layers"
        title={run ? `Layers before and after: ${run.params.name}` : 'Layers before and after'}
        measure={measure}
        current={after?.value ?? null}
        currentLabel={run?.params.name ?? 'trained'}
        ghost={before?.value ?? null}
        ghostLabel="before training"
        status={status}
        truth={after?.complete ? after.truth : null}
        provenance={after?.provenance ?? null}
      />
      {run && isHere && !(before?.complete && after?.complete) && (
        <Button className="quiet-button train-read" isDisabled={!isFree} onPress={() => void readLayers(run)}>
          Read the layers before and after
        </Button>
      )}
    </>
  );
}
