/** Single layers by alpha, as LARF looks for them: one row per alpha on the page's layer axis. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatAlpha } from '@/elements/number-words.ts';
import { useStage } from '@/elements/use-box.ts';
import type { LayerAlphaResult } from '@/protocol/localise.ts';
import { SINGLE_LAYER_ALPHAS } from '@/state/locate-requests.ts';
import type { Search } from '@/state/select-locate.ts';
import type { LayerPictureProps, LayerRange } from '../props.ts';
import { ChangeCell } from '../shared/ChangeCell.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { ChangeLegend } from './ChangeLegend.tsx';
import { changeDomain, changeOf, countWords, layerAlphaTable } from './cells.ts';
import { SearchButton } from './SearchButton.tsx';
import { workWords } from './work-words.ts';

interface LayerAlphaFigureProps {
  search: Search<'layerAlpha'>;
  isPossible: boolean;
  axis: LayerPictureProps;
  onPick: (range: LayerRange) => void;
}

const CAPTION =
  'Harmless prompts refused with one layer alone scaled, a row per alpha (LARF, arXiv 2507.18631). Pick a layer to put it on the bench.';

export function LayerAlphaFigure({ search, isPossible, axis, onPick }: LayerAlphaFigureProps) {
  const stage = useStage();
  const result = search.entry?.value ?? null;
  const alphas = result ? [...new Set(result.cells.map(({ alpha }) => alpha))].sort((a, b) => b - a) : [];
  const domain = result ? changeDomain(result.cells, result.baseline.total) : 1;
  const words = (layer: number) =>
    result
      ? alphas
          .map((alpha) => {
            const cell = cellAt(result, layer, alpha);
            return `× ${formatAlpha(alpha)}: ${cell ? cell.refused : 'not counted yet'}`;
          })
          .join(' · ')
      : '';
  return (
    <FigureFrame
      {...search.figure}
      name="single-layers"
      title="Single layers"
      caption={CAPTION}
      captionText={CAPTION}
      stats={result ? statsOf(result) : undefined}
      data={result && result.cells.length > 0 ? () => layerAlphaTable(result) : null}
      controls={
        <SearchButton
          search={search}
          label="Scale single layers"
          isPossible={isPossible}
          runsLeft={runsLeft(result, axis.layerCount)}
        />
      }
      legend={<ChangeLegend domain={domain} hasSizes={false} />}
      reading={
        result && axis.hoverLayer !== null ? `layer ${axis.hoverLayer} · ${words(axis.hoverLayer)}` : ''
      }
      emptyHeight={Math.round(140 * stage)}
    >
      {result && result.cells.length > 0
        ? (width) => {
            const scale = layerScale(result.layerCount, width, layerMargins(width, stage));
            const rowHeight = Math.round(16 * stage);
            return (
              <LayerPlot
                {...axis}
                scale={scale}
                width={width}
                height={rowHeight * alphas.length}
                label="Single layers"
                description={CAPTION}
                valueText={words}
                onPickLayer={(layer) => onPick({ first: layer, last: layer })}
              >
                {alphas.map((alpha, row) => (
                  <g key={alpha}>
                    <text x={scale.x0 - 8} y={(row + 0.5) * rowHeight} dy="0.34em" textAnchor="end">
                      {formatAlpha(alpha)}
                    </text>
                    {result.cells
                      .filter((cell) => cell.alpha === alpha)
                      .map((cell) => (
                        <ChangeCell
                          key={cell.layer}
                          x={scale.left(cell.layer)}
                          y={row * rowHeight}
                          width={scale.right(cell.layer) - scale.left(cell.layer) - 1}
                          height={rowHeight - 1}
                          change={changeOf(cell)}
                          domain={domain}
                        />
                      ))}
                  </g>
                ))}
              </LayerPlot>
            );
          }
        : null}
    </FigureFrame>
  );
}

const cellAt = (result: LayerAlphaResult, layer: number, alpha: number) =>
  result.cells.find((cell) => cell.layer === layer && cell.alpha === alpha);

/** Each cell runs from its layer to the end: half the model on average. */
function runsLeft(result: LayerAlphaResult | null, layerCount: number): number {
  const all = SINGLE_LAYER_ALPHAS.length * layerCount;
  const left = result && !result.complete ? all - result.cells.length : all;
  return (left * (layerCount + 1)) / 2;
}

function statsOf({ baseline, cells, work }: LayerAlphaResult): string {
  const largest = cells.reduce(
    (best, cell) => (Math.abs(changeOf(cell)) > Math.abs(changeOf(best)) ? cell : best),
    cells[0] ?? { layer: 0, alpha: 1, refused: baseline.refused, gained: 0, lost: 0 },
  );
  const found =
    cells.length > 0
      ? ` Largest change: layer ${largest.layer} × ${formatAlpha(largest.alpha)}, ${countWords(largest, baseline.total)}.`
      : '';
  return `N = ${baseline.total} prompts, first-token score; ${baseline.refused} refused at alpha 1.${found} ${workWords(work)}`;
}
