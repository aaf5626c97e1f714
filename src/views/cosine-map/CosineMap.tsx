/** Layer x pair kind as a heat-map; a layer, once picked, opens its prompt x prompt matrix. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { RampLegend } from '@/elements/Legend.tsx';
import { formatCosine } from '@/elements/number-words.ts';
import { useStage } from '@/elements/use-box.ts';
import { COSINE_DOMAIN, sequentialColour } from '@/theme/palettes.ts';
import type { CosineMapProps } from '../props.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { pairsInWords } from '../shared/pairs-in-words.ts';
import { cosineToUnit, mapTable, PAIR_ROWS } from './layout.ts';
import { MatrixFigure } from './MatrixFigure.tsx';

const CAPTION =
  'Mean cosine per layer and kind of pair, on one fixed scale; pick a layer to see every pair of prompts.';

export function CosineMap(props: CosineMapProps) {
  const { current, measure, hoverLayer, range, selectedLayer } = props;
  const stage = useStage();
  const curves = current?.[measure].curves;
  const values = (layer: number) =>
    curves ? PAIR_ROWS.map((r) => `${r.short} ${formatCosine(curves[r.kind].mean[layer]!)}`).join(' · ') : '';
  const reading = hoverLayer ?? selectedLayer ?? range?.first;
  const [low, high] = COSINE_DOMAIN[measure];

  return (
    <>
      <FigureFrame
        name="cosine-map"
        title="Cosine map"
        caption={CAPTION}
        captionText={CAPTION}
        stats={current ? pairsInWords(current) : undefined}
        status={props.status}
        truth={props.truth}
        provenance={props.provenance}
        data={current && (() => mapTable(current, measure))}
        legend={
          <RampLegend label="cosine" low={measure === 'raw' ? `≤ ${low}` : `−${-low}`} high={String(high)} />
        }
        reading={reading === undefined || !curves ? '' : `layer ${reading} · ${values(reading)}`}
        emptyHeight={84}
        empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(60 * stage)} />}
      >
        {current &&
          curves &&
          ((width) => {
            const scale = layerScale(current.layerCount, width, layerMargins(width, stage));
            const rowHeight = Math.round(20 * stage);
            const height = rowHeight * PAIR_ROWS.length;
            return (
              <LayerPlot
                {...props}
                scale={scale}
                width={width}
                height={height}
                label="Cosine map"
                description={CAPTION}
                valueText={(k) =>
                  `${values(k)}${k === selectedLayer ? ', matrix open' : ', Enter opens its matrix'}`
                }
                onPickLayer={(k) => props.onSelectLayer(k === selectedLayer ? null : k)}
              >
                {PAIR_ROWS.map(({ kind, short }, row) => (
                  <g key={kind}>
                    <text x={scale.x0 - 8} y={(row + 0.5) * rowHeight} dy="0.34em" textAnchor="end">
                      {short}
                    </text>
                    {curves[kind].mean.map((value, k) => (
                      <rect
                        key={k}
                        x={scale.left(k)}
                        y={row * rowHeight}
                        width={scale.right(k) - scale.left(k)}
                        height={rowHeight - 1}
                        fill={
                          Number.isFinite(value) ? sequentialColour(cosineToUnit(value, measure)) : 'none'
                        }
                        shapeRendering="crispEdges"
                      />
                    ))}
                  </g>
                ))}
                {selectedLayer !== null && (
                  <rect
                    x={scale.left(selectedLayer) - 1}
                    y={-1}
                    width={scale.right(selectedLayer) - scale.left(selectedLayer) + 2}
                    height={height + 1}
                    fill="none"
                    stroke="var(--ink)"
                    strokeWidth={2}
                  />
                )}
              </LayerPlot>
            );
          })}
      </FigureFrame>
      {selectedLayer !== null && <MatrixFigure {...props} layer={selectedLayer} />}
    </>
  );
}
