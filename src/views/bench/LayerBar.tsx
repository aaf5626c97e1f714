/** The layer strip with its words: the brushed range, the proposed one and why, the planted truth where there is one. */
import { useCallback, useMemo } from 'react';
import { Button } from 'react-aria-components';
import { plantedBandOf } from '@/state/planted.ts';
import { useLayerCount } from '@/state/select.ts';
import { useProposal } from '@/state/select-reading.ts';
import { getSession } from '@/state/session-instance.ts';
import { setConfig, setHoverLayer, useApp } from '@/state/store.ts';
import type { LayerRange } from '@/views/index.ts';
import { LayerStrip } from '@/views/layer-strip/LayerStrip.tsx';
import { MeasureSwitch } from './MeasureSwitch.tsx';

export function LayerBar() {
  const layerCount = useLayerCount();
  const [first, last] = useApp((state) => state.config.range);
  const planted = useApp((state) => plantedBandOf(state.config.model));
  const hoverLayer = useApp((state) => state.hoverLayer);
  const proposal = useProposal();
  const range = useMemo(() => ({ first, last }), [first, last]);
  const change = useCallback((to: LayerRange) => {
    if (!useApp.getState().dragging) getSession().drag(true);
    setConfig({ range: [to.first, to.last] }, { commit: false });
  }, []);
  const commit = useCallback((to: LayerRange) => {
    setConfig({ range: [to.first, to.last] });
    getSession().drag(false);
  }, []);
  return (
    <section className="layer-bar" aria-labelledby="layers-title">
      <div className="panel-head layer-head">
        <h2 id="layers-title">
          Layers <strong>{first === last ? first : `${first}–${last}`}</strong>
        </h2>
        {proposal && <Proposal proposal={proposal} range={range} onTake={commit} />}
        <MeasureSwitch />
      </div>
      <LayerStrip
        layerCount={layerCount}
        range={range}
        hoverLayer={hoverLayer}
        onHoverLayer={setHoverLayer}
        onChange={change}
        onCommit={commit}
        proposed={proposal?.kind === 'range' ? proposal : null}
        planted={planted}
      />
    </section>
  );
}

interface ProposalProps {
  proposal: NonNullable<ReturnType<typeof useProposal>>;
  range: LayerRange;
  onTake: (range: LayerRange) => void;
}

function Proposal({ proposal, range, onTake }: ProposalProps) {
  return (
    <details className="proposal">
      <summary>
        {proposal.kind === 'range'
          ? `the gap proposes ${proposal.first}–${proposal.last}: why?`
          : 'the gap singles out no range: why?'}
      </summary>
      <p className="hint">{proposal.rule}</p>
      <p className="hint">The rule: {proposal.thresholds}</p>
      {proposal.kind === 'range' && (proposal.first !== range.first || proposal.last !== range.last) && (
        <Button
          className="quiet-button"
          onPress={() => onTake({ first: proposal.first, last: proposal.last })}
        >
          Take it
        </Button>
      )}
    </details>
  );
}
