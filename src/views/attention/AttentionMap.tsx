/** How much the last token looks back at each token of the question, layer by layer (section 3.6, figure 4). */
import { useCallback, useMemo, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { RampLegend } from '@/elements/Legend.tsx';
import { formatProbability } from '@/elements/number-words.ts';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Select } from '@/elements/Select.tsx';
import { Sensitive } from '@/elements/Sensitive.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import { useStage } from '@/elements/use-box.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { ATTENTION_LAYOUTS, ATTENTION_SCALINGS, type AttentionMapProps } from '../props.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { AttentionPlot } from './AttentionPlot.tsx';
import { BesidePlot, type HoveredToken } from './BesidePlot.tsx';
import { attentionGrid, attentionTable, tokenText } from './layout.ts';
import './attention.css';

const SCALING_WORDS = {
  'per-layer': {
    label: 'min–max per layer',
    hint: 'As in the paper: colours compare tokens within a layer only.',
  },
  raw: { label: 'raw', hint: 'Probabilities on one scale: colours compare layers and prompts too.' },
} as const;
const SCALINGS = ATTENTION_SCALINGS.map((value) => ({ value, ...SCALING_WORDS[value] }));
const LAYOUT_WORDS = {
  stacked: { label: 'stacked', hint: 'Layers run across, in line with the strip and all other pictures.' },
  beside: { label: 'side by side', hint: 'Layers run down: both prompts on one layer axis.' },
} as const;
const LAYOUTS = ATTENTION_LAYOUTS.map((value) => ({ value, ...LAYOUT_WORDS[value] }));
const SUBJECT = 'How much the last token looks back at each token of the question;';
const CAPTIONS = {
  stacked: `${SUBJECT} rows are tokens, columns are layers.`,
  beside: `${SUBJECT} rows are layers, columns are tokens.`,
} as const;

export function AttentionMap(props: AttentionMapProps) {
  const { pictures, head, scaling, questionOnly, sensitiveIds, revealed, onReveal, hoverLayer } = props;
  const { layout = 'stacked', onLayoutChange } = props;
  const [hover, setHover] = useState<HoveredToken | null>(null);
  const stage = useStage();
  const headCount = pictures[0]?.headCount ?? 0;
  // Kept between frames: the pointer moves far more often than the numbers do.
  const { grids, rawMax } = useMemo(() => {
    const own = pictures.map((p) => attentionGrid(p, head, scaling, questionOnly));
    // Both prompts share one raw scale.
    const rawMax = Math.max(0, ...own.map((g) => g.rawMax));
    return { rawMax, grids: pictures.map((p) => attentionGrid(p, head, scaling, questionOnly, rawMax)) };
  }, [pictures, head, scaling, questionOnly]);
  const heads = useMemo(() => headOptions(headCount), [headCount]);
  const { onHeadChange } = props;
  const chooseHead = useCallback(
    (value: string) => onHeadChange(value === 'mean' ? 'mean' : Number(value)),
    [onHeadChange],
  );
  const isHidden = (id: string) => sensitiveIds.has(id) && !revealed;

  const reading = (() => {
    if (hoverLayer === null || pictures.length === 0) return '';
    const parts = pictures.map((picture, i) => {
      const grid = grids[i]!;
      const row =
        hover?.picture === i
          ? hover.row
          : grid.probability[hoverLayer]!.indexOf(Math.max(...grid.probability[hoverLayer]!));
      const token = picture.tokens[grid.tokens[row]!];
      const name =
        token === undefined || isHidden(picture.prompt.id) ? 'hidden token' : `“${tokenText(token)}”`;
      return `${hover?.picture === i ? '' : 'most at '}${name} ${formatProbability(grid.probability[hoverLayer]![row] ?? Number.NaN)}`;
    });
    return `layer ${hoverLayer} · ${parts.join(' · ')}`;
  })();

  return (
    <FigureFrame
      name="attention"
      title="Attention of the last token"
      caption={CAPTIONS[layout]}
      captionText={CAPTIONS[layout]}
      stats={
        pictures.length > 0
          ? `${head === 'mean' ? `mean of ${headCount} heads` : `head ${head} of ${headCount}`}; ${scaling === 'per-layer' ? 'min–max within each layer: compare tokens, not layers' : `raw probability, 0 to ${rawMax}`}`
          : undefined
      }
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={pictures.length > 0 ? () => attentionTable(pictures, head, scaling, questionOnly) : null}
      revealed={revealed || !pictures.some((p) => sensitiveIds.has(p.prompt.id))}
      controls={
        <>
          <Select label="Head" showLabel value={String(head)} options={heads} onChange={chooseHead} />
          <SegmentedControl
            label="Scale of colours"
            value={scaling}
            options={SCALINGS}
            onChange={props.onScalingChange}
          />
          {onLayoutChange && (
            <SegmentedControl
              label="Prompts are shown"
              value={layout}
              options={LAYOUTS}
              onChange={onLayoutChange}
            />
          )}
          <Toggle label="question only" isOn={questionOnly} onChange={props.onQuestionOnlyChange} />
          {onReveal && <Toggle label="show malicious text" isOn={revealed} onChange={onReveal} />}
          {props.pickers && <div className="prompt-pickers">{props.pickers}</div>}
        </>
      }
      legend={
        scaling === 'raw' ? (
          <RampLegend label="attention" low="0" high={String(rawMax)} />
        ) : (
          <RampLegend label="within a layer" low="least" high="most" />
        )
      }
      reading={reading}
      emptyHeight={150}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(126 * stage)} />}
    >
      {pictures.length > 0
        ? (width) => {
            const text = (picture: AttentionPicture, place = '') => (
              <p className="attention-prompt">
                {place && <span className="hint">{place} </span>}
                <Sensitive isSensitive={sensitiveIds.has(picture.prompt.id)} revealed={revealed}>
                  <span data-export={isHidden(picture.prompt.id) ? undefined : 'text'}>
                    {picture.prompt.text}
                  </span>
                </Sensitive>
              </p>
            );
            if (layout === 'beside')
              return (
                <>
                  {pictures.map((picture, i) => (
                    <div key={picture.prompt.id}>{text(picture, i === 0 ? 'left:' : 'right:')}</div>
                  ))}
                  <BesidePlot {...props} {...{ grids, isHidden, width, stage, hover }} onHover={setHover} />
                </>
              );
            return pictures.map((picture, i) => (
              <div key={picture.prompt.id} className="attention-one">
                {text(picture)}
                <AttentionPlot
                  {...props}
                  picture={picture}
                  grid={grids[i]!}
                  width={width}
                  stage={stage}
                  isHidden={isHidden(picture.prompt.id)}
                  hasAxis={i === pictures.length - 1}
                  hoverRow={hover?.picture === i ? hover.row : null}
                  onHoverRow={(row) => setHover(row === null ? null : { picture: i, row })}
                />
              </div>
            ));
          }
        : null}
    </FigureFrame>
  );
}

const headOptions = (headCount: number) =>
  ['mean', ...Array.from({ length: headCount }, (_, head) => String(head))].map((name) => ({
    value: name,
    label: name,
  }));
