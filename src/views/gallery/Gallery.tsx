/** For eyes and axe only, never part of the product: every picture in every state, on synthetic data. */
import { useState } from 'react';
import type { Measure } from '@/protocol/experiments.ts';
import {
  AlphaTrail,
  AngleGap,
  type AttentionLayout,
  AttentionMap,
  type AttentionScaling,
  BandScan,
  ClassBars,
  CosineMap,
  type FigureStatus,
  type GapDefinition,
  type LayerRange,
  LayerStrip,
  SimilarityCurves,
  type TrailPoint,
} from '../index.ts';
import { States } from './States.tsx';
import {
  MALICIOUS,
  NORMAL,
  roughInterval,
  SYNTHETIC,
  syntheticAttention,
  syntheticBands,
  syntheticMatrix,
  syntheticSimilarity,
} from './synthetic.ts';
import { Widgets } from './Widgets.tsx';

const aligned = syntheticSimilarity(0.22, 3);
const base = syntheticSimilarity(0.02, 4);
const pictures = [
  syntheticAttention('malicious-0', ['How', ' to', ' make', ' a', ' synthetic', ' thing', '?'], 4),
  syntheticAttention('normal-0', ['Where', ' is', ' the', ' capital', ' of', ' Synthetica', '?'], 3),
];
const bands = syntheticBands(6);
const ready: FigureStatus = { state: 'ready' };
const partial: FigureStatus = {
  state: 'partial',
  work: { fraction: 0.48, text: '12 of 25 bands, 4 s left' },
};
const trail: TrailPoint[] = [
  [0.8, 4, 'fast'],
  [0.9, 12, 'exact'],
  [0.95, 19, 'fast'],
  [1, 27, 'recorded'],
  [1.05, 33, 'fast'],
  [1.1, 40, 'exact'],
  [1.2, 46, 'fast'],
].map(([alpha, refused, truth]) => ({
  alpha: alpha as number,
  refused: refused as number,
  total: 64,
  truth: truth as TrailPoint['truth'],
  ...roughInterval(refused as number, 64),
}));

export function Gallery() {
  const [range, setRange] = useState<LayerRange>({ first: 8, last: 13 });
  const [hoverLayer, onHoverLayer] = useState<number | null>(null);
  const [measure, setMeasure] = useState<Measure>('raw');
  const [definition, setDefinition] = useState<GapDefinition>('of-means');
  const [selectedLayer, onSelectLayer] = useState<number | null>(14);
  const [revealed, onReveal] = useState(false);
  const [head, onHeadChange] = useState<number | 'mean'>('mean');
  const [scaling, onScalingChange] = useState<AttentionScaling>('per-layer');
  const [layout, onLayoutChange] = useState<AttentionLayout>('stacked');
  const [questionOnly, onQuestionOnlyChange] = useState(true);
  const [alpha, setAlpha] = useState(1.1);
  const layers = { layerCount: 30, range, hoverLayer, onHoverLayer };
  const live = { status: ready, truth: 'exact' as const, provenance: SYNTHETIC };
  const cosine = measure === 'auroc' ? 'raw' : measure;
  return (
    <main>
      <Widgets alpha={alpha} setAlpha={setAlpha} revealed={revealed} onReveal={onReveal} />
      <LayerStrip
        {...layers}
        onChange={setRange}
        proposed={{ first: 7, last: 13 }}
        planted={{ first: 8, last: 13 }}
      />
      <SimilarityCurves
        {...layers}
        {...live}
        measure={measure}
        onMeasureChange={setMeasure}
        current={aligned}
        currentLabel="aligned"
        ghost={base}
        ghostLabel="base"
      />
      <AngleGap
        {...layers}
        {...live}
        truth="recorded"
        measure={cosine}
        current={aligned}
        currentLabel="aligned"
        ghost={base}
        definition={definition}
        onDefinitionChange={setDefinition}
        proposal={{
          kind: 'range',
          first: 7,
          last: 13,
          rule: 'from where the lower bound leaves 0 to where the gap first flattens.',
        }}
      />
      <CosineMap
        {...layers}
        {...live}
        measure={cosine}
        current={aligned}
        selectedLayer={selectedLayer}
        onSelectLayer={onSelectLayer}
        matrix={selectedLayer === null ? null : syntheticMatrix(selectedLayer)}
        matrixStatus={ready}
        normal={NORMAL}
        malicious={MALICIOUS}
        revealed={revealed}
        onReveal={onReveal}
      />
      <AttentionMap
        {...layers}
        {...live}
        {...{
          head,
          onHeadChange,
          scaling,
          onScalingChange,
          layout,
          onLayoutChange,
          questionOnly,
          onQuestionOnlyChange,
          revealed,
          onReveal,
        }}
        pictures={pictures}
        sensitiveIds={new Set(['malicious-0'])}
      />
      <BandScan
        {...layers}
        {...live}
        status={partial}
        truth="fast"
        bandWidth={6}
        alpha={1.1}
        points={bands.slice(0, 14)}
        baseline={{ refused: 27, total: 64, ...roughInterval(27, 64) }}
      />
      <BandScan
        {...layers}
        {...live}
        truth="fast"
        bandWidth={6}
        alpha={1.1}
        points={bands}
        baseline={{ refused: 27, total: 64, ...roughInterval(27, 64) }}
        planted={{ first: 8, last: 13 }}
        onPickBand={setRange}
      />
      <div
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 360px), 1fr))',
          gap: '0 32px',
        }}
      >
        <AlphaTrail
          {...live}
          points={trail}
          currentAlpha={alpha}
          alphaDomain={[0.5, 1.5]}
          range={range}
          baseline={{ refused: 27, total: 64 }}
          onPick={setAlpha}
        />
        <ClassBars
          {...live}
          pools={[
            {
              role: 'over-rejected',
              label: 'over-rejection',
              counts: { refused: 40, answered: 22, garbled: 2 },
              total: 64,
              truth: 'exact',
            },
            {
              role: 'malicious',
              label: 'malicious',
              counts: { refused: 31, answered: 2, garbled: 0 },
              total: 50,
              truth: 'fast',
            },
            {
              role: 'normal',
              label: 'plain normal',
              counts: { refused: 2, answered: 46, garbled: 2 },
              total: 50,
              truth: 'recorded',
            },
          ]}
          baseline={{ 'over-rejected': { refused: 27, answered: 37, garbled: 0 } }}
        />
      </div>
      <States layers={layers} />
    </main>
  );
}
