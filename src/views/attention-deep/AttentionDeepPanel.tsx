/** The deeper attention pictures of two prompts: the bench's, or two that a person types. Binds them to the state. */
import { useMemo, useState } from 'react';
import { type ReadPair, readPair } from '@/actions/read-attention.ts';
import { DataTable } from '@/elements/DataTable.tsx';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { summariseStages } from '@/method/attention-stages.ts';
import type { WordMeasure } from '@/method/attention-word.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { sensitiveIds } from '@/state/pools.ts';
import { useAttention, useFigure } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { useLayerAxis } from '@/views/bench/LayerPictures.tsx';
import { useWaitingHint } from '@/views/shared/use-waiting-hint.ts';
import { DifferenceFigure } from './DifferenceFigure.tsx';
import { HeadsFigure } from './HeadsFigure.tsx';
import { hiddenByNormalising, stagesTable } from './layout.ts';
import { PairForm } from './PairForm.tsx';
import { SpreadFigure } from './SpreadFigure.tsx';
import { letterOf } from './shared.ts';
import './attention-deep.css';

const MEASURES = [
  { value: 'raw' as const, label: 'raw', hint: 'Probabilities: all tokens of the prompt sum to 1.' },
  {
    value: 'of-question' as const,
    label: 'of the question',
    hint: 'Normalised: in each layer the question’s tokens sum to 1.',
  },
];
const NO_PICTURES: readonly AttentionPicture[] = [];
const NOBODY = new Set<string>();

export default function AttentionDeepPanel() {
  const axis = useLayerAxis();
  const entry = useAttention();
  const ofBench = useFigure('attention', entry, useWaitingHint());
  const pools = useApp((state) => state.pools);
  const headSetting = useApp((state) => state.config.attentionHead);
  const revealed = useApp((state) => state.config.revealHarmful);
  const [pair, setPair] = useState<ReadPair | null>(null);
  const [measure, setMeasure] = useState<WordMeasure>('raw');
  const sensitive = useMemo(() => (pools ? sensitiveIds(pools) : NOBODY), [pools]);
  const pictures = pair?.pictures ?? entry?.value ?? NO_PICTURES;
  const head = headSetting < 0 ? ('mean' as const) : headSetting;
  const figure = pair
    ? { status: { state: 'ready' as const }, truth: 'exact' as const, provenance: pair.provenance }
    : ofBench;
  const isHidden = (picture: AttentionPicture) =>
    pair === null && sensitive.has(picture.prompt.id) && !revealed;
  const props = { ...axis, ...figure, pictures, head, measure, isHidden, revealed };
  const { range } = axis;
  const stages = useMemo(
    () =>
      range && pictures.every(({ layerCount }) => range.last < layerCount)
        ? pictures.map((picture, at) => ({
            label: letterOf(at),
            stages: summariseStages(picture, range, head),
          }))
        : [],
    [pictures, range, head],
  );
  return (
    <div className="attention-deep">
      <PairForm
        isTyped={pair !== null}
        onRead={async (texts) => setPair(await readPair(texts))}
        onBench={() => setPair(null)}
      />
      <div className="deep-measure">
        <SegmentedControl
          label="Attention on words"
          showLabel
          value={measure}
          options={MEASURES}
          onChange={setMeasure}
        />
        {pictures[0] && <p className="hint">{hiddenByNormalising(pictures[0])}</p>}
      </div>
      <SpreadFigure {...props} />
      {stages.length > 0 && (
        <DataTable
          data={stagesTable(stages)}
          caption="The three stages of section 3.6 in numbers, cut at the chosen range"
          revealed={!pictures.some(isHidden)}
        />
      )}
      <HeadsFigure {...props} />
      <DifferenceFigure {...props} />
    </div>
  );
}
