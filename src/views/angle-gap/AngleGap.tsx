/** How many degrees further apart N-M pairs are than N-N pairs, per layer (section 3.3, figure 3 of the paper). */
import { useId } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatDegrees, formatRange } from '@/elements/number-words.ts';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { useStage } from '@/elements/use-box.ts';
import { type AngleGapProps, GAP_DEFINITIONS } from '../props.ts';
import { EmptyLayers } from '../shared/EmptyLayers.tsx';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { pairsInWords } from '../shared/pairs-in-words.ts';
import { areaToPath, bandPath, linePath, rangeMean } from '../shared/paths.ts';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { spreadLabels, valueAxis } from '../shared/value-axis.ts';
import { DEFINITION_WORDS, gapDomain, gapTable, gapValues } from './layout.ts';
import './angle-gap.css';

const DEFINITIONS = GAP_DEFINITIONS.map((value) => ({ value, ...DEFINITION_WORDS[value] }));
const CAPTION =
  'Degrees by which normal–malicious pairs lie further apart than normal–normal pairs; above 0 the model parts them.';

export function AngleGap(props: AngleGapProps) {
  const { current, ghost, measure, definition, hoverLayer, range, proposal, currentLabel } = props;
  const stage = useStage();
  const gradient = useId();
  const gap = current?.[measure].gap;
  const other = definition === 'of-means' ? 'of-angles' : 'of-means';
  const at = (layer: number) =>
    gap
      ? `${formatDegrees(gap.ofMeansDeg[layer]!)} of means [${formatDegrees(gap.lowDeg[layer]!)}, ${formatDegrees(gap.highDeg[layer]!)}] · ${formatDegrees(gap.ofAnglesDeg[layer]!)} of angles`
      : '';
  const reading = !gap
    ? ''
    : hoverLayer !== null
      ? `layer ${hoverLayer} · ${at(hoverLayer)}`
      : range && gap
        ? `mean of ${formatRange(range)} · ${formatDegrees(rangeMean(gap.ofMeansDeg, range))} of means · ${formatDegrees(rangeMean(gap.ofAnglesDeg, range))} of angles`
        : '';
  const rule =
    proposal &&
    (proposal.kind === 'range' ? `Proposed ${formatRange(proposal)}: ${proposal.rule}` : proposal.rule);

  return (
    <FigureFrame
      name="angle-gap"
      title={`Angle gap${measure === 'centred' ? ', centred' : ''}`}
      caption={
        <>
          {CAPTION} {rule && <span className="figure-rule">{rule}</span>}
        </>
      }
      captionText={rule ? `${CAPTION} ${rule}` : CAPTION}
      stats={current ? `${pairsInWords(current)}; band (of means): 95 % bootstrap over prompts` : undefined}
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={current && (() => gapTable(current, currentLabel, measure, ghost, props.ghostLabel))}
      controls={
        props.onDefinitionChange && (
          <SegmentedControl
            label="Definition of the gap"
            value={definition}
            options={DEFINITIONS}
            onChange={props.onDefinitionChange}
          />
        )
      }
      reading={reading}
      emptyHeight={160}
      empty={(width) => <EmptyLayers {...props} width={width} height={Math.round(136 * stage)} />}
    >
      {current &&
        gap &&
        ((width) => {
          const scale = layerScale(current.layerCount, width, layerMargins(width, stage));
          const height = Math.round(136 * stage);
          const ghostGap = ghost && ghost.layerCount === current.layerCount ? ghost[measure].gap : null;
          const axis = valueAxis(gapDomain(ghostGap ? [gap, ghostGap] : [gap]), 8, height - 8);
          const extent = Math.max(Math.abs(axis.domain[0]), Math.abs(axis.domain[1]));
          const strong = gapValues(gap, definition);
          const thin = gapValues(gap, other);
          const labelY = spreadLabels(
            [axis.y(strong.at(-1)!), axis.y(thin.at(-1)!)],
            13 * stage,
            4,
            height - 2,
          );
          return (
            <LayerPlot
              {...props}
              scale={scale}
              width={width}
              height={height}
              label={`Angle gap in degrees, ${currentLabel}`}
              description={`${CAPTION} ${rule ?? ''}`}
              valueText={at}
            >
              {/* Symmetric about 0, so that a colour means the same degrees above and below. */}
              <linearGradient
                id={gradient}
                gradientUnits="userSpaceOnUse"
                x1="0"
                x2="0"
                y1={axis.y(-extent)}
                y2={axis.y(extent)}
              >
                <stop offset="0" style={{ stopColor: 'var(--gap-negative)' }} />
                <stop offset="0.5" style={{ stopColor: 'var(--gap-centre)' }} />
                <stop offset="1" style={{ stopColor: 'var(--gap-positive)' }} />
              </linearGradient>
              <ValueAxisMarks axis={axis} scale={scale} format={(v) => `${v}°`.replace('-', '−')} />
              <path d={areaToPath(scale, axis, strong, 0)} fill={`url(#${gradient})`} />
              {definition === 'of-means' && (
                <g>
                  <path className="band gap-band" d={bandPath(scale, axis, gap.lowDeg, gap.highDeg)} />
                  <path className="gap-bound" d={linePath(scale, axis, gap.lowDeg)} />
                  <path className="gap-bound" d={linePath(scale, axis, gap.highDeg)} />
                </g>
              )}
              <path className="rule strong" d={`M${scale.x0} ${Math.round(axis.y(0)) + 0.5}H${scale.x1}`} />
              {ghostGap && (
                <path
                  className="ghost"
                  d={linePath(scale, axis, gapValues(ghostGap, definition))}
                  stroke="var(--muted)"
                />
              )}
              <path
                className="ghost"
                d={linePath(scale, axis, thin)}
                stroke="var(--ink)"
                strokeDasharray="2 3"
              />
              <path className="curve" d={linePath(scale, axis, strong)} stroke="var(--ink)" />
              <text className="label strong" x={scale.x1 + 6} y={labelY[0]} dy="0.32em">
                {definition === 'of-means' ? 'means' : 'angles'}
              </text>
              <text className="label" x={scale.x1 + 6} y={labelY[1]} dy="0.32em">
                {definition === 'of-means' ? 'angles' : 'means'}
              </text>
              {proposal?.kind === 'range' && (
                <ProposalMarks
                  x0={scale.left(proposal.first)}
                  x1={scale.right(proposal.last)}
                  {...proposal}
                />
              )}
              {hoverLayer !== null && Number.isFinite(strong[hoverLayer]) && (
                <circle
                  className="dot"
                  r={4}
                  cx={scale.centre(hoverLayer)}
                  cy={axis.y(strong[hoverLayer]!)}
                  fill="var(--ink)"
                />
              )}
            </LayerPlot>
          );
        })}
    </FigureFrame>
  );
}

function ProposalMarks({ x0, x1, first, last }: { x0: number; x1: number; first: number; last: number }) {
  return (
    <g>
      <path d={`M${x0 + 0.5} 9V4H${x1 - 0.5}V9`} stroke="var(--ink)" fill="none" strokeDasharray="3 2" />
      <text className="label" x={(x0 + x1) / 2} y={16} textAnchor="middle">
        proposed {first}–{last}
      </text>
    </g>
  );
}
