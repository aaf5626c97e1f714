/** Attention of the last token on one word, head by head: rows are heads, columns are layers. */
import { memo, useMemo, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { RampLegend } from '@/elements/Legend.tsx';
import { formatProbability } from '@/elements/number-words.ts';
import { Select } from '@/elements/Select.tsx';
import { useStage } from '@/elements/use-box.ts';
import { loudestWord, questionWords, wordAttention } from '@/method/attention-word.ts';
import { sequentialColour } from '@/theme/palettes.ts';
import { niceMax } from '@/views/attention/layout.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { RowHover } from '../shared/RowHover.tsx';
import { headsTable } from './layout.ts';
import { type DeepProps, letterOf } from './shared.ts';

const CAPTION =
  'How much each head of each layer looks at one word: an average of all heads hides the few that look at little else.';

export function HeadsFigure(props: DeepProps) {
  const { pictures, measure, hoverLayer } = props;
  const [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [hoverHead, setHoverHead] = useState<number | null>(null);
  const stage = useStage();
  const picture = pictures[at] ?? pictures[0];
  const words = useMemo(() => (picture ? questionWords(picture) : []), [picture]);
  const word = useMemo(
    () =>
      words.find(({ tokens }) => tokens.join() === chosen) ??
      (picture ? loudestWord(picture) : null) ??
      words[0] ??
      null,
    [words, chosen, picture],
  );
  const values = useMemo(
    () => (picture && word ? wordAttention(picture, word.tokens, measure) : []),
    [picture, word, measure],
  );
  const isHidden = picture ? props.isHidden(picture) : false;
  const top = measure === 'raw' ? niceMax(Math.max(0, ...values.flat())) : 1;
  const loudest = (layer: number) => values[layer]!.indexOf(Math.max(...values[layer]!));
  const reading = (() => {
    if (hoverLayer === null || values.length === 0) return '';
    const head = hoverHead ?? loudest(hoverLayer);
    return `layer ${hoverLayer} · ${hoverHead === null ? 'most in ' : ''}head ${head} ${formatProbability(values[hoverLayer]![head]!)}`;
  })();
  return (
    <FigureFrame
      name="attention-heads"
      title="Heads on one word"
      caption={CAPTION}
      captionText={CAPTION}
      stats={
        picture &&
        `${picture.headCount} heads; ${measure === 'raw' ? `raw probability, 0 to ${top}` : 'share of what the question gets from that head'}; one prompt, no test`
      }
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={word ? () => headsTable(values, word.text) : null}
      revealed={props.revealed || !isHidden}
      controls={
        <>
          {pictures.length > 1 && (
            <Select
              label="Prompt"
              showLabel
              value={String(at)}
              options={pictures.map((_, index) => ({ value: String(index), label: letterOf(index) }))}
              onChange={(value) => setAt(Number(value))}
            />
          )}
          <Select
            label="Word"
            showLabel
            value={word?.tokens.join() ?? ''}
            options={words.map(({ text, tokens }, index) => ({
              value: tokens.join(),
              label: isHidden ? `word ${index + 1}` : text,
            }))}
            onChange={setChosen}
          />
        </>
      }
      legend={
        <RampLegend label={measure === 'raw' ? 'attention' : 'of the question'} low="0" high={String(top)} />
      }
      reading={reading}
      emptyHeight={150}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(126 * stage)} />}
    >
      {picture &&
        ((width) => {
          const scale = layerScale(picture.layerCount, width, layerMargins(width, stage));
          const rowHeight = Math.max(6, Math.round((picture.headCount > 12 ? 9 : 14) * stage));
          return (
            <RowHover rowHeight={rowHeight} rowCount={picture.headCount} onHoverRow={setHoverHead}>
              <LayerPlot
                {...props}
                scale={scale}
                width={width}
                height={rowHeight * picture.headCount}
                label={`Attention on ${isHidden ? 'a hidden word' : `“${word?.text}”`} by head`}
                description="Columns are layers, rows are heads, brighter is more attention of the last token on the word."
                valueText={(layer) =>
                  values[layer]
                    ?.map((value, head) => `head ${head} ${formatProbability(value)}`)
                    .join(', ') ?? ''
                }
              >
                {Array.from({ length: picture.headCount }, (_, head) => head)
                  .filter((head) => picture.headCount <= 12 || head % 4 === 0)
                  .map((head) => (
                    <text
                      key={head}
                      className={head === hoverHead ? 'lit' : undefined}
                      x={scale.x0 - 8}
                      y={(head + 0.5) * rowHeight}
                      dy="0.34em"
                      textAnchor="end"
                    >
                      {head}
                    </text>
                  ))}
                <Cells values={values} width={width} stage={stage} rowHeight={rowHeight} top={top} />
              </LayerPlot>
            </RowHover>
          );
        })}
    </FigureFrame>
  );
}

interface CellsProps {
  /** [layer][head] */
  values: readonly (readonly number[])[];
  width: number;
  stage: number;
  rowHeight: number;
  top: number;
}

/** Not drawn again while the pointer moves. */
const Cells = memo(function Cells({ values, width, stage, rowHeight, top }: CellsProps) {
  const scale = layerScale(values.length, width, layerMargins(width, stage));
  return values.flatMap((heads, layer) =>
    heads.map((value, head) => (
      <rect
        key={`${layer}-${head}`}
        x={scale.left(layer)}
        y={head * rowHeight}
        width={scale.right(layer) - scale.left(layer)}
        height={rowHeight - 1}
        fill={sequentialColour(value / top)}
        shapeRendering="crispEdges"
      />
    )),
  );
});
