/** The pictures on the layer axis, each bound to its part of the state, so that a drag redraws only what it changes. */
import { memo, useMemo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { Config } from '@/state/config.ts';
import { useLater } from '@/state/later.ts';
import { attentionPrompts, sensitiveIds } from '@/state/pools.ts';
import {
  useAttention,
  useCosineMatrix,
  useFigure,
  useFigureStatus,
  useGhost,
  useLayerCount,
  useSimilarity,
} from '@/state/select.ts';
import { useGapMeasure, useProposal } from '@/state/select-reading.ts';
import { type AppState, setConfig, setHoverLayer, useApp } from '@/state/store.ts';
import { AngleGap } from '@/views/angle-gap/AngleGap.tsx';
import { AttentionMap } from '@/views/attention/AttentionMap.tsx';
import { CosineMap } from '@/views/cosine-map/CosineMap.tsx';
import { useWaitingHint } from '@/views/shared/use-waiting-hint.ts';
import { SimilarityCurves } from '@/views/similarity/SimilarityCurves.tsx';
import { AttentionPromptSelect } from './AttentionPromptSelect.tsx';

const NO_PROMPTS = [] as const;
const NO_PICTURES = [] as const;
const NOBODY = new Set<string>();

const rangeOf = (state: AppState) => state.config.range;

export function useLayerAxis() {
  const layerCount = useLayerCount();
  const [first, last] = useLater(rangeOf);
  const hoverLayer = useApp((state) => state.hoverLayer);
  const range = useMemo(() => ({ first, last }), [first, last]);
  return { layerCount, range, hoverLayer, onHoverLayer: setHoverLayer };
}

// Made once: controls that are given the same things again are not drawn again.
const chooseGap = (gap: Config['gap']) => setConfig({ gap });
const chooseLayer = (layer: number | null) => layer !== null && setConfig({ mapLayer: layer });
const chooseHead = (head: number | 'mean') => setConfig({ attentionHead: head === 'mean' ? -1 : head });
const chooseScaling = (attentionScale: Config['attentionScale']) => setConfig({ attentionScale });
const chooseLayout = (attentionLayout: Config['attentionLayout']) => setConfig({ attentionLayout });
const chooseQuestionOnly = (questionOnly: boolean) => setConfig({ questionOnly });
const reveal = (revealHarmful: boolean) => setConfig({ revealHarmful }, { commit: false });

export const SimilarityPicture = memo(function SimilarityPicture() {
  const axis = useLayerAxis();
  const entry = useSimilarity();
  const ghost = useGhost();
  const figure = useFigure('similarity', entry, useWaitingHint());
  const measure = useLater((state) => state.config.measure);
  const model = useLater((state) => state.config.model);
  return (
    <SimilarityCurves
      {...axis}
      {...figure}
      measure={measure}
      current={entry?.value ?? null}
      currentLabel={model}
      ghost={ghost?.value ?? null}
      ghostLabel={model === 'tuned' ? 'before training' : 'base'}
    />
  );
});

export const AngleGapPicture = memo(function AngleGapPicture() {
  const axis = useLayerAxis();
  const entry = useSimilarity();
  const ghost = useGhost();
  const figure = useFigure('similarity', entry, useWaitingHint());
  const measure = useGapMeasure();
  const proposal = useProposal();
  const definition = useLater((state) => state.config.gap);
  const model = useLater((state) => state.config.model);
  return (
    <AngleGap
      {...axis}
      {...figure}
      measure={measure}
      current={entry?.value ?? null}
      currentLabel={model}
      ghost={ghost?.value ?? null}
      ghostLabel={model === 'tuned' ? 'before training' : 'base'}
      definition={definition}
      onDefinitionChange={chooseGap}
      proposal={proposal}
    />
  );
});

export const CosineMapPicture = memo(function CosineMapPicture() {
  const axis = useLayerAxis();
  const pools = useLater((state) => state.pools);
  const matched = useLater((state) => state.config.pools === 'form-matched');
  const entry = useSimilarity();
  const matrix = useCosineMatrix();
  const figure = useFigure('similarity', entry, useWaitingHint());
  const hint =
    entry?.truth === 'recorded'
      ? 'The matrix is computed from live vectors: it appears when the layers have been read here.'
      : 'The matrix appears when the layers have been read.';
  const matrixStatus = useFigureStatus('cosineMatrix', matrix, hint);
  const measure = useGapMeasure();
  const selectedLayer = useLater((state) => state.config.mapLayer);
  const revealed = useLater((state) => state.config.revealHarmful);
  return (
    <CosineMap
      {...axis}
      {...figure}
      measure={measure}
      current={entry?.value ?? null}
      selectedLayer={selectedLayer}
      onSelectLayer={chooseLayer}
      matrix={matrix?.value ?? null}
      matrixStatus={matrixStatus}
      normal={pools?.[matched ? 'matched-normal' : 'normal'].items ?? NO_PROMPTS}
      malicious={pools?.[matched ? 'matched-malicious' : 'malicious'].items ?? NO_PROMPTS}
      revealed={revealed}
      onReveal={reveal}
    />
  );
});

export const AttentionPicture = memo(function AttentionPicture() {
  const axis = useLayerAxis();
  const entry = useAttention();
  const figure = useFigure('attention', entry, useWaitingHint());
  const pools = useLater((state) => state.pools);
  const head = useLater((state) => state.config.attentionHead);
  const scaling = useLater((state) => state.config.attentionScale);
  const layout = useLater((state) => state.config.attentionLayout);
  const questionOnly = useLater((state) => state.config.questionOnly);
  const revealed = useLater((state) => state.config.revealHarmful);
  const sensitive = useMemo(() => (pools ? sensitiveIds(pools) : NOBODY), [pools]);
  return (
    <AttentionMap
      {...axis}
      {...figure}
      pictures={entry?.value ?? NO_PICTURES}
      sensitiveIds={sensitive}
      revealed={revealed}
      onReveal={reveal}
      head={head < 0 ? 'mean' : head}
      onHeadChange={chooseHead}
      scaling={scaling}
      onScalingChange={chooseScaling}
      layout={layout}
      onLayoutChange={chooseLayout}
      questionOnly={questionOnly}
      onQuestionOnlyChange={chooseQuestionOnly}
      pickers={PICKERS}
    />
  );
});

const chooseA = (attentionPromptA: string) => setConfig({ attentionPromptA });
const chooseB = (attentionPromptB: string) => setConfig({ attentionPromptB });

function AttentionPickers() {
  const [a, b] = useApp(useShallow(({ pools, config }) => (pools ? attentionPrompts(pools, config) : [])));
  return (
    <>
      <AttentionPromptSelect label="Prompts" chosen={a} onChange={chooseA} />
      <AttentionPromptSelect label="and" chosen={b} onChange={chooseB} />
    </>
  );
}

const PICKERS = <AttentionPickers />;
