/** Entropy of the last token's attention, or the question's share of it, layer by layer, with the three stages marked. */
import { useMemo, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { Legend } from '@/elements/Legend.tsx';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { useStage } from '@/elements/use-box.ts';
import { attentionEntropy, headEntropy, questionShare } from '@/method/attention-row.ts';
import { STAGE_WORDS, stagesOf } from '@/method/attention-stages.ts';
import { cssColour, ROLES, type Role } from '@/theme/palettes.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { type LayerScale, layerMargins, layerScale, NARROW_PX } from '../shared/layer-scale.ts';
import { linePath } from '../shared/paths.ts';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { spreadLabels, steadyDomain, valueAxis } from '../shared/value-axis.ts';
import { linesTable, type NamedLine, type SpreadMeasure } from './layout.ts';
import { type DeepProps, headWords, letterOf } from './shared.ts';

const MEASURES = [
  {
    value: 'entropy' as const,
    label: 'entropy',
    hint: 'How spread out the last token looks over the question, bits.',
  },
  {
    value: 'share' as const,
    label: 'question’s share',
    hint: 'How much of all attention the question gets.',
  },
];
const CAPTIONS = {
  entropy:
    'How spread out the last token looks over the question: 0 bits is one token, the dashed line all alike. Stages are the paper’s, cut at the chosen range.',
  share:
    'How much of all attention falls on the question; the rest is on the first token and the template. Stages are the paper’s, cut at the chosen range.',
} as const;
const PROMPT_ROLES: readonly Role[] = ['malicious', 'normal'];

export function SpreadFigure(props: DeepProps) {
  const { pictures, head, hoverLayer, range } = props;
  const [measure, setMeasure] = useState<SpreadMeasure>('entropy');
  const stage = useStage();
  const entropies = useMemo(() => pictures.map((one) => attentionEntropy(one, 'question')), [pictures]);
  const lines: NamedLine[] = pictures.map((picture, at) => ({
    key: letterOf(at).toLowerCase(),
    label: letterOf(at),
    values:
      measure === 'share'
        ? questionShare(picture, head)
        : head === 'mean'
          ? entropies[at]!.ofMean
          : headEntropy(picture, head, 'question'),
  }));
  const most = Math.max(0, ...entropies.map(({ largestPossible }) => largestPossible));
  const format = (value: number) =>
    measure === 'share' ? `${(100 * value).toFixed(1)} %` : `${value.toFixed(2)} bits`;
  const values = (layer: number) =>
    lines.map(({ label, values }) => `${label} ${format(values[layer]!)}`).join(' · ');
  return (
    <FigureFrame
      name="attention-spread"
      title={measure === 'entropy' ? 'Spread of attention' : 'Share on the question'}
      caption={CAPTIONS[measure]}
      captionText={CAPTIONS[measure]}
      stats={
        pictures[0] &&
        `${headWords(head, pictures[0].headCount)}; ${measure === 'entropy' ? `within the question, at most ${most.toFixed(2)} bits` : 'probability'}; two prompts, no test`
      }
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={lines.length > 0 ? () => linesTable(lines, measure === 'entropy' ? 'bits' : 'share') : null}
      controls={
        <SegmentedControl label="Drawn per layer" value={measure} options={MEASURES} onChange={setMeasure} />
      }
      legend={
        <Legend
          items={lines.map(({ label }, at) => ({
            kind: 'line' as const,
            role: PROMPT_ROLES[at]!,
            label: `${label}${props.isHidden(pictures[at]!) ? '' : `: ${pictures[at]!.prompt.text}`}`,
          }))}
        />
      }
      reading={hoverLayer === null || lines.length === 0 ? '' : `layer ${hoverLayer} · ${values(hoverLayer)}`}
      emptyHeight={170}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(140 * stage)} />}
    >
      {pictures[0] &&
        ((width) => {
          const scale = layerScale(pictures[0]!.layerCount, width, layerMargins(width, stage));
          const [top, height] = [Math.round(20 * stage), Math.round(160 * stage)];
          const base: [number, number] = measure === 'entropy' ? [0, Math.ceil(most)] : [0, 0.5];
          const axis = valueAxis(
            steadyDomain(
              lines.flatMap(({ values }) => [...values]),
              base,
              measure === 'entropy' ? 1 : 0.25,
            ),
            top + 4,
            height - 8,
          );
          const labelY = spreadLabels(
            lines.map(({ values }) => axis.y(values.at(-1)!)),
            14 * stage,
            top,
            height - 2,
          );
          return (
            <LayerPlot
              {...props}
              scale={scale}
              width={width}
              height={height}
              label={measure === 'entropy' ? 'Entropy of attention' : 'Share of attention on the question'}
              description={CAPTIONS[measure]}
              valueText={values}
            >
              <ValueAxisMarks
                axis={axis}
                scale={scale}
                format={(value) => (measure === 'share' ? `${Math.round(100 * value)} %` : String(value))}
              />
              {measure === 'entropy' && (
                <path
                  className="rule strong"
                  strokeDasharray="4 3"
                  d={`M${scale.x0} ${axis.y(most)}H${scale.x1}`}
                />
              )}
              {range && <StageMarks scale={scale} range={range} width={width} stage={stage} />}
              {lines.map(({ key, label, values }, at) => {
                const { colour, dash } = ROLES[PROMPT_ROLES[at]!];
                return (
                  <g key={key}>
                    <path
                      className="curve"
                      d={linePath(scale, axis, values)}
                      stroke={cssColour(colour)}
                      strokeDasharray={dash}
                    />
                    <text
                      className="label strong"
                      x={scale.x1 + 6}
                      y={labelY[at]}
                      dy="0.32em"
                      style={{ fill: cssColour(colour) }}
                    >
                      {label}
                    </text>
                  </g>
                );
              })}
            </LayerPlot>
          );
        })}
    </FigureFrame>
  );
}

interface StageMarksProps {
  scale: LayerScale;
  range: { first: number; last: number };
  width: number;
  stage: number;
}

/** Where one stage ends and the next begins, with the paper's words where they fit. */
function StageMarks({ scale, range, width, stage }: StageMarksProps) {
  return stagesOf(range, scale.layerCount).map(({ name, first, last }) => {
    const [from, to] = [scale.left(first), scale.right(last)];
    const long = STAGE_WORDS[name];
    const fits = (text: string) => text.length * 6.4 * stage <= to - from - 6;
    const words = width >= NARROW_PX && fits(long) ? long : fits(name) ? name : '';
    return (
      <g key={name}>
        <path className="rule strong" d={`M${from + 2.5} 14.5V18.5H${to - 2.5}V14.5`} />
        <text x={(from + to) / 2} y={10 * stage} textAnchor="middle">
          {words}
        </text>
      </g>
    );
  });
}
