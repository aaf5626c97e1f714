/** Cosine of N-N, N-M and M-M pairs per layer with 95 % bands (figure 2 of the paper), or one AUROC curve. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { Legend } from '@/elements/Legend.tsx';
import { formatCosine, formatRange } from '@/elements/number-words.ts';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { useStage } from '@/elements/use-box.ts';
import { MEASURES } from '@/protocol/experiments.ts';
import { cssColour, ROLES } from '@/theme/palettes.ts';
import type { SimilarityCurvesProps } from '../props.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { pairsInWords } from '../shared/pairs-in-words.ts';
import { bandPath, linePath, rangeMean } from '../shared/paths.ts';
import { RoleMark } from '../shared/RoleMark.tsx';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { spreadLabels, valueAxis } from '../shared/value-axis.ts';
import { curveDomain, curvesOf, similarityTable } from './layout.ts';

export const MEASURE_WORDS = {
  raw: { label: 'raw cosine', hint: 'The paper’s measure: cosine of the last token’s vectors.' },
  centred: { label: 'centred', hint: 'Cosine after the mean over all prompts is removed.' },
  auroc: {
    label: 'AUROC',
    hint: 'How well one direction tells malicious from normal prompts it has not seen.',
  },
} as const;

const CAPTIONS = {
  raw: 'How alike two prompts are after each layer: where N–M parts from N–N, the model tells malicious from normal.',
  centred:
    'The same with the mean over all prompts removed: what every prompt shares is gone, what differs is left.',
  auroc:
    'How well one direction per layer tells malicious from normal prompts it has not seen; 0.5 is chance.',
} as const;

export function SimilarityCurves(props: SimilarityCurvesProps) {
  const { current, ghost, measure, hoverLayer, range, currentLabel, ghostLabel = 'base' } = props;
  const stage = useStage();
  const curves = current ? curvesOf(current, measure) : [];
  const values = (layer: number) =>
    curves.map((c) => `${c.short} ${formatCosine(c.curve.mean[layer]!)}`).join(' · ');
  const reading = !current
    ? ''
    : hoverLayer !== null
      ? `layer ${hoverLayer} · ${curves
          .map(({ short, curve }) => {
            const [m, low, high] = [curve.mean, curve.low, curve.high].map((a) =>
              formatCosine(a[hoverLayer]!),
            );
            return `${short} ${m} [${low}, ${high}]`;
          })
          .join(' · ')}`
      : range
        ? `mean of ${formatRange(range)} · ${curves.map((c) => `${c.short} ${formatCosine(rangeMean(c.curve.mean, range))}`).join(' · ')}`
        : '';

  return (
    <FigureFrame
      name={props.name ?? 'similarity'}
      title={props.title ?? (measure === 'auroc' ? 'Separability' : 'Similarity')}
      caption={CAPTIONS[measure]}
      captionText={CAPTIONS[measure]}
      stats={current ? `${pairsInWords(current)}; bands: 95 % bootstrap over prompts` : undefined}
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={current && (() => similarityTable(current, currentLabel, measure, ghost, ghostLabel))}
      controls={
        props.onMeasureChange && (
          <SegmentedControl
            label="Measure"
            value={measure}
            options={MEASURES.map((value) => ({ value, ...MEASURE_WORDS[value] }))}
            onChange={props.onMeasureChange}
          />
        )
      }
      legend={
        <Legend
          items={[
            ...curves.map((c) => ({ kind: 'line' as const, role: c.role, label: c.long })),
            ...(ghost ? [{ kind: 'ghost' as const, label: `${ghostLabel}, same dashes` }] : []),
          ]}
        />
      }
      reading={reading}
      emptyHeight={200}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(176 * stage)} />}
    >
      {current &&
        ((width) => {
          const scale = layerScale(current.layerCount, width, layerMargins(width, stage));
          const height = Math.round(176 * stage);
          const ghosts = ghost && ghost.layerCount === current.layerCount ? curvesOf(ghost, measure) : [];
          const axis = valueAxis(curveDomain([...curves, ...ghosts], measure), 8, height - 8);
          const lastY = curves.map((c) => axis.y(c.curve.mean.at(-1)!));
          const labelY = spreadLabels(lastY, 14 * stage, 4, height - 2);
          return (
            <LayerPlot
              {...props}
              scale={scale}
              width={width}
              height={height}
              label={`Similarity, ${currentLabel}`}
              description={`${CAPTIONS[measure]} At layer 0: ${values(0)}. At the last layer: ${values(current.layerCount - 1)}.`}
              valueText={values}
            >
              <ValueAxisMarks
                axis={axis}
                scale={scale}
                format={(v) => (measure === 'auroc' ? v.toFixed(1) : String(v)).replace('-', '−')}
                strongAt={measure === 'auroc' ? 0.5 : 0}
              />
              {ghosts.map(({ key, role, curve }) => (
                <path
                  key={key}
                  className="ghost"
                  d={linePath(scale, axis, curve.mean)}
                  stroke={cssColour(ROLES[role].colour)}
                  strokeDasharray={ROLES[role].dash}
                />
              ))}
              {curves.map(({ key, role, curve }) => (
                <path
                  key={key}
                  className="band"
                  d={bandPath(scale, axis, curve.low, curve.high)}
                  fill={cssColour(ROLES[role].colour)}
                />
              ))}
              {curves.map(({ key, role, short, curve }, i) => (
                <g key={key}>
                  <path
                    className="curve"
                    d={linePath(scale, axis, curve.mean)}
                    stroke={cssColour(ROLES[role].colour)}
                    strokeDasharray={ROLES[role].dash}
                  />
                  <text
                    className="label strong"
                    x={scale.x1 + 6}
                    y={labelY[i]}
                    dy="0.32em"
                    style={{ fill: cssColour(ROLES[role].colour) }}
                  >
                    {short}
                  </text>
                  {hoverLayer !== null && Number.isFinite(curve.mean[hoverLayer]) && (
                    <RoleMark of={role} x={scale.centre(hoverLayer)} y={axis.y(curve.mean[hoverLayer]!)} />
                  )}
                </g>
              ))}
            </LayerPlot>
          );
        })}
    </FigureFrame>
  );
}
