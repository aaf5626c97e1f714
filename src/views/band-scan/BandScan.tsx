/** The count when a band of fixed width moves over all layers at the chosen alpha: where the layers act. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatAlpha, formatRange } from '@/elements/number-words.ts';
import { useStage } from '@/elements/use-box.ts';
import { cssColour, ROLES } from '@/theme/palettes.ts';
import type { BandScanProps } from '../props.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { RoleMark } from '../shared/RoleMark.tsx';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { valueAxis } from '../shared/value-axis.ts';
import { bandAt, bandCentre, bandTable, pointOf, stands } from './layout.ts';
import './band-scan.css';

export function BandScan(props: BandScanProps) {
  const { layerCount, bandWidth, points, baseline, planted, hoverLayer, range, onPickBand, alpha } = props;
  const stage = useStage();
  const caption = `Harmless prompts refused with a band of ${bandWidth} ${bandWidth === 1 ? 'layer' : 'layers'} scaled by ${formatAlpha(alpha)}; points stand mid-band.`;
  const total = points[0]?.total ?? baseline?.total;
  const colour = cssColour(ROLES['over-rejected'].colour);
  const words = (layer: number) => {
    const band = bandAt(layer, bandWidth, layerCount);
    const point = pointOf(points, band);
    return point
      ? `${formatRange(band)} × ${formatAlpha(alpha)} · ${point.refused} of ${point.total} refused [${point.low.toFixed(0)}, ${point.high.toFixed(0)}]`
      : `${formatRange(band)} · not counted yet`;
  };
  const out = baseline ? points.filter((p) => stands(p, baseline) !== 'within').length : 0;
  const r0 =
    baseline &&
    `R0 = ${baseline.refused} [${baseline.low.toFixed(0)}, ${baseline.high.toFixed(0)}] at α = 1${props.finding ? '' : `; ${out} of ${points.length} bands clear of R0’s interval (no correction for looking at many bands)`}`;
  const said = [props.finding, props.limit].filter(Boolean).join(' ');
  const stats =
    total === undefined
      ? undefined
      : [`N = ${total} prompts, first-token score, 95\u00a0% Wilson`, r0].filter(Boolean).join('; ') +
        (said ? `. ${said}` : '');
  const active = hoverLayer === null ? null : bandAt(hoverLayer, bandWidth, layerCount);

  return (
    <FigureFrame
      name="band-scan"
      title="Band scan"
      caption={caption}
      captionText={caption}
      stats={stats}
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={points.length > 0 || baseline ? bandTable(points, baseline) : null}
      reading={
        total === undefined
          ? ''
          : hoverLayer !== null
            ? words(hoverLayer)
            : range && pointOf(points, range)
              ? words(Math.floor((range.first + range.last) / 2))
              : ''
      }
      emptyHeight={168}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(144 * stage)} />}
    >
      {total !== undefined
        ? (width) => {
            const scale = layerScale(layerCount, width, layerMargins(width, stage));
            const height = Math.round(144 * stage);
            const axis = valueAxis([0, total], 10, height - (planted ? Math.round(22 * stage) : 8));
            return (
              <LayerPlot
                {...props}
                scale={scale}
                width={width}
                height={height}
                label="Band scan"
                description={`${caption} ${stats ?? ''}`}
                valueText={words}
                onPickLayer={onPickBand && ((layer) => onPickBand(bandAt(layer, bandWidth, layerCount)))}
              >
                <ValueAxisMarks axis={axis} scale={scale} format={String} />
                {baseline && (
                  <g>
                    <rect
                      className="r0-interval"
                      x={scale.x0}
                      width={scale.x1 - scale.x0}
                      y={axis.y(baseline.high)}
                      height={axis.y(baseline.low) - axis.y(baseline.high)}
                    />
                    <path
                      className="r0"
                      d={`M${scale.x0} ${Math.round(axis.y(baseline.refused)) + 0.5}H${scale.x1}`}
                    />
                    <text className="label strong" x={scale.x1 + 6} y={axis.y(baseline.refused)} dy="0.32em">
                      R0 {baseline.refused}
                    </text>
                  </g>
                )}
                {planted && (
                  <g>
                    <path
                      className="planted"
                      d={`M${scale.left(planted.first) + 0.5} ${height - 18 * stage}v4H${scale.right(planted.last) - 0.5}v-4`}
                    />
                    <text
                      x={bandCentre(scale, planted)}
                      y={height - 3 * stage}
                      textAnchor="middle"
                      className="label"
                    >
                      planted {planted.first}–{planted.last}
                    </text>
                  </g>
                )}
                {points.map((point) => {
                  const x = bandCentre(scale, point);
                  const y = axis.y(point.refused);
                  const isActive = active?.first === point.first;
                  const isRange = range?.first === point.first && range.last === point.last;
                  return (
                    <g key={point.first}>
                      <path
                        className="whisker"
                        d={`M${x} ${axis.y(point.low)}V${axis.y(point.high)}`}
                        stroke={colour}
                      />
                      {(isActive || isRange) && (
                        <path
                          className="span"
                          d={`M${scale.left(point.first)} ${y}H${scale.right(point.last)}`}
                          stroke={colour}
                        />
                      )}
                      <RoleMark of="over-rejected" x={x} y={y} area={isActive || isRange ? 100 : 48} />
                    </g>
                  );
                })}
              </LayerPlot>
            );
          }
        : null}
    </FigureFrame>
  );
}
