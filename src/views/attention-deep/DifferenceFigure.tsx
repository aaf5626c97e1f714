/** Two prompts laid side by side token by token: where the last token looks more in B than in A, layer by layer. */
import { memo, useMemo, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { shorten } from '@/elements/shorten.ts';
import { useStage } from '@/elements/use-box.ts';
import { attentionDifference, questionPlaces } from '@/method/attention-difference.ts';
import { niceMax } from '@/views/attention/layout.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { RowHover } from '../shared/RowHover.tsx';
import { differenceTable, placeText } from './layout.ts';
import { type DeepProps, headWords } from './shared.ts';

const CAPTION =
  'Attention of the last token in B minus that in A, token by token; a place where the two differ holds both words. Up and orange is more in B, down and blue more in A.';

/** A word is up to three tokens on either side. */
const MOST_CHANGED = 6;

export function DifferenceFigure(props: DeepProps) {
  const { head, measure, hoverLayer } = props;
  const [a, b] = props.pictures;
  const [hoverRow, setHoverRow] = useState<number | null>(null);
  const stage = useStage();
  const compared = useMemo(() => {
    if (!a || !b || a.layerCount !== b.layerCount || a.headCount !== b.headCount) return null;
    const difference = attentionDifference(a, b, head, measure);
    const shown = questionPlaces(difference.places, a, b);
    return { difference, shown, rows: shown.map((at) => difference.difference.map((layer) => layer[at]!)) };
  }, [a, b, head, measure]);
  const isHidden = (a && props.isHidden(a)) || (b && props.isHidden(b)) || false;
  const name = (at: number) => (a && b && compared ? placeText(compared.difference.places[at]!, a, b) : '');
  const shownName = (at: number) => (isHidden ? `place ${at}` : name(at));
  const rows = compared?.rows ?? [];
  const top = niceMax(Math.max(0, ...rows.flat().map(Math.abs)));
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const shared = compared?.shown.filter((at) => compared.difference.places[at]!.isSame).length ?? 0;
  // Tokens that only one of the two has: with many, places say little about a word.
  const changed = compared
    ? compared.difference.places.reduce(
        (sum, { a, b, isSame }) => sum + (isSame ? 0 : a.length + b.length),
        0,
      )
    : 0;
  const reading = (() => {
    if (hoverLayer === null || rows.length === 0 || !compared) return '';
    const sizes = rows.map((row) => Math.abs(row[hoverLayer]!));
    const row = hoverRow ?? sizes.indexOf(Math.max(...sizes));
    return `layer ${hoverLayer} · ${hoverRow === null ? 'most at ' : ''}${shownName(compared.shown[row]!)} ${signed(rows[row]![hoverLayer]!)}`;
  })();
  return (
    <FigureFrame
      name="attention-difference"
      title="What one word changes"
      caption={CAPTION}
      captionText={CAPTION}
      stats={
        a && compared
          ? `${headWords(head, a.headCount)}; ${measure === 'raw' ? 'raw probability' : 'shares of the question'}, −${top} to ${top}; ${shared} of ${compared.shown.length} places are the same in both; two prompts, no test${changed > MOST_CHANGED ? `. These two have ${changed} tokens that the other lacks: type two above that differ in one word` : ''}`
          : undefined
      }
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={compared ? () => differenceTable(compared.difference, compared.shown, name, measure) : null}
      revealed={props.revealed || !isHidden}
      reading={reading}
      emptyHeight={150}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(126 * stage)} />}
    >
      {a &&
        compared &&
        ((width) => {
          const scale = layerScale(a.layerCount, width, layerMargins(width, stage));
          const rowHeight = Math.round(40 * stage);
          return (
            <RowHover rowHeight={rowHeight} rowCount={rows.length} onHoverRow={setHoverRow}>
              <LayerPlot
                {...props}
                scale={scale}
                width={width}
                height={rowHeight * rows.length}
                label="Difference of attention, B minus A"
                description="Columns are layers, rows are places in both prompts; orange is more attention in B, blue more in A."
                valueText={(layer) =>
                  rows.map((row, at) => `${shownName(compared.shown[at]!)} ${signed(row[layer]!)}`).join(', ')
                }
              >
                {compared.shown.map((at, row) => (
                  // A line of its own above the cells: two words do not fit into the margin.
                  <text
                    key={at}
                    className={row === hoverRow ? 'lit' : undefined}
                    x={scale.x0}
                    y={row * rowHeight + 11 * stage}
                    data-sensitive={isHidden ? '' : undefined}
                    aria-hidden={isHidden || undefined}
                  >
                    {shorten(name(at), (scale.x1 - scale.x0) / (6.6 * stage))}
                  </text>
                ))}
                <Cells
                  rows={rows}
                  layerCount={a.layerCount}
                  width={width}
                  stage={stage}
                  rowHeight={rowHeight}
                  top={top}
                />
              </LayerPlot>
            </RowHover>
          );
        })}
    </FigureFrame>
  );
}

interface CellsProps {
  rows: readonly (readonly number[])[];
  layerCount: number;
  width: number;
  stage: number;
  rowHeight: number;
  top: number;
}

/**
 * Bars from a middle line, so that the sign is a direction and not a colour alone: up is more in B, down more in A. Not drawn
 * again while the pointer moves.
 */
const Cells = memo(function Cells({ rows, layerCount, width, stage, rowHeight, top }: CellsProps) {
  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  // Free above a row's cells, for its words.
  const inset = Math.round(15 * stage);
  // Whole pixels on both sides of the line: otherwise small values up are drawn and the same values down are not.
  const half = Math.floor((rowHeight - inset - 2) / 2);
  const middleOf = (at: number) => at * rowHeight + inset + half;
  return rows.flatMap((row, at) => [
    <path key={`rule-${at}`} className="rule" d={`M${scale.x0} ${middleOf(at) + 0.5}H${scale.x1}`} />,
    ...row.map((value, layer) => {
      const size = Math.round(Math.min(1, Math.abs(value) / top) * half);
      const middle = middleOf(at);
      return (
        <rect
          key={`${at}-${layer}`}
          x={scale.left(layer)}
          y={value > 0 ? middle - size : middle}
          width={Math.max(1, scale.right(layer) - scale.left(layer) - 1)}
          height={size}
          fill={value > 0 ? 'var(--gap-positive)' : 'var(--gap-negative)'}
          shapeRendering="crispEdges"
        />
      );
    }),
  ]);
});
