/** One prompt's heat-map on the layer axis, a row per token. */
import { memo } from 'react';
import { formatProbability } from '@/elements/number-words.ts';
import { shorten } from '@/elements/shorten.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { sequentialColour } from '@/theme/palettes.ts';
import type { AttentionMapProps } from '../props.ts';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { RowHover } from '../shared/RowHover.tsx';
import { type AttentionGrid, tokenText } from './layout.ts';

export interface AttentionPlotProps extends AttentionMapProps {
  picture: AttentionPicture;
  grid: AttentionGrid;
  width: number;
  stage: number;
  isHidden: boolean;
  hasAxis: boolean;
  hoverRow: number | null;
  onHoverRow: (row: number | null) => void;
}

export function AttentionPlot(props: AttentionPlotProps) {
  const { picture, grid, width, stage, isHidden, hoverRow, onHoverRow } = props;
  const scale = layerScale(picture.layerCount, width, layerMargins(width, stage));
  const rowHeight = Math.round(18 * stage);
  const height = rowHeight * grid.tokens.length;
  const word = (row: number) => (isHidden ? `token ${row}` : tokenText(picture.tokens[grid.tokens[row]!]!));
  // About 7 px a letter at the smallest size: the margin decides how much of a word fits.
  const fits = Math.max(3, Math.floor((width - scale.x1 - 6) / (6.6 * stage)));

  return (
    <RowHover rowHeight={rowHeight} rowCount={grid.tokens.length} onHoverRow={onHoverRow}>
      <LayerPlot
        {...props}
        layerCount={picture.layerCount}
        scale={scale}
        width={width}
        height={height}
        axis={props.hasAxis}
        label={isHidden ? 'Attention, malicious prompt, text hidden' : `Attention, ${picture.prompt.text}`}
        description="Columns are layers, rows are tokens, brighter is more attention of the last token."
        valueText={(layer) =>
          grid.tokens
            .map((_, row) => `${word(row)} ${formatProbability(grid.probability[layer]![row]!)}`)
            .join(', ')
        }
      >
        {grid.tokens.map((token, row) => (
          <g key={token}>
            <text
              className={row === hoverRow ? 'lit' : undefined}
              x={scale.x1 + 6}
              y={(row + 0.5) * rowHeight}
              dy="0.34em"
              data-sensitive={isHidden ? '' : undefined}
              aria-hidden={isHidden || undefined}
            >
              {shorten(tokenText(picture.tokens[token]!), fits)}
            </text>
          </g>
        ))}
        <Cells
          grid={grid}
          layerCount={picture.layerCount}
          width={width}
          stage={stage}
          rowHeight={rowHeight}
        />
      </LayerPlot>
    </RowHover>
  );
}

interface CellsProps {
  grid: AttentionGrid;
  layerCount: number;
  width: number;
  stage: number;
  rowHeight: number;
}

/** Up to some thousand cells that a moving pointer does not change: drawn once per grid and width. */
const Cells = memo(function Cells({ grid, layerCount, width, stage, rowHeight }: CellsProps) {
  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  return grid.unit.map((column, layer) =>
    column.map((unit, row) => (
      <rect
        key={`${layer}-${row}`}
        x={scale.left(layer)}
        y={row * rowHeight}
        width={scale.right(layer) - scale.left(layer)}
        height={rowHeight - 1}
        fill={sequentialColour(unit)}
        shapeRendering="crispEdges"
      />
    )),
  );
});
