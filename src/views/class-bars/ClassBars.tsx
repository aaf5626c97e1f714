/** Refused, answered, garbled in every pool, so that nobody mistakes a broken model for a safe one. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { FilledBar, Legend } from '@/elements/Legend.tsx';
import { formatPercent } from '@/elements/number-words.ts';
import { useStage } from '@/elements/use-box.ts';
import { RESPONSE_CLASSES } from '@/protocol/experiments.ts';
import { CLASS_STYLES, ROLES } from '@/theme/palettes.ts';
import type { ClassBarsProps, PoolBar } from '../props.ts';
import { classTable, counted, segmentsOf } from './layout.ts';
import './class-bars.css';

const CAPTION = 'Answers per pool; the tick is the refused share at α\u00a0=\u00a01.';

export function ClassBars(props: ClassBarsProps) {
  const { pools, baseline } = props;
  const stage = useStage();
  const any = pools.some((p) => p.total > 0);
  return (
    <FigureFrame
      name="classes"
      title="Answers by class"
      caption={CAPTION}
      captionText={CAPTION}
      stats={any ? pools.map((p) => `${p.label}: N = ${p.total}`).join('; ') : undefined}
      status={props.status}
      truth={props.truth}
      provenance={props.provenance}
      data={any ? classTable(pools) : null}
      legend={
        <Legend
          items={RESPONSE_CLASSES.map((c) => ({
            kind: 'swatch',
            colour: 'ink',
            fill: CLASS_STYLES[c].fill,
            label: c,
          }))}
        />
      }
      emptyHeight={130}
    >
      {any
        ? (width) => {
            const rowHeight = Math.round(52 * stage);
            return (
              <svg
                className="plot class-bars"
                data-export="svg"
                width={width}
                height={rowHeight * pools.length}
                role="img"
                aria-label={`${CAPTION} ${pools.map((p) => `${p.label}: ${inWords(p)}.`).join(' ')}`}
              >
                {pools.map((pool, i) => (
                  <PoolRow
                    key={pool.role}
                    pool={pool}
                    y={i * rowHeight}
                    width={width}
                    stage={stage}
                    refusedBefore={baseline?.[pool.role]?.refused}
                  />
                ))}
              </svg>
            );
          }
        : null}
    </FigureFrame>
  );
}

const inWords = (pool: PoolBar): string =>
  RESPONSE_CLASSES.map((c) => `${pool.counts[c]} ${c}`).join(', ') +
  (counted(pool) < pool.total ? `, ${pool.total - counted(pool)} not counted yet` : '');

interface PoolRowProps {
  pool: PoolBar;
  y: number;
  width: number;
  stage: number;
  refusedBefore?: number;
}

function PoolRow({ pool, y, width, stage, refusedBefore }: PoolRowProps) {
  const top = Math.round(20 * stage);
  const height = Math.round(14 * stage);
  const colour = ROLES[pool.role].colour;
  const done = counted(pool);
  const tick =
    refusedBefore !== undefined && pool.total > 0 ? Math.round((refusedBefore / pool.total) * width) : null;
  return (
    <g transform={`translate(0 ${y})`} className={`pool truth-${pool.truth}`}>
      <text className="strong" x={0} y={13 * stage}>
        {pool.label}
      </text>
      <text className="count" x={width} y={13 * stage} textAnchor="end">
        {pool.counts.refused} of {done < pool.total ? `${done} so far` : pool.total} refused,{' '}
        {formatPercent(pool.counts.refused, done)}
        {pool.counts.garbled > 0 && `; ${pool.counts.garbled} garbled`}
      </text>
      <rect className="whole" x={0.5} y={top + 0.5} width={width - 1} height={height - 1} />
      {pool.truth === 'recorded' && (
        <path className="recorded" d={`M0.5 ${top - 3.5}H${width - 0.5}V${top + height + 3.5}H0.5Z`} />
      )}
      {segmentsOf(pool.counts, pool.total, width).map((s) => (
        <FilledBar
          key={s.responseClass}
          x={s.x}
          y={top}
          width={s.width}
          height={height}
          colour={colour}
          fill={CLASS_STYLES[s.responseClass].fill}
        />
      ))}
      {tick !== null && (
        <>
          <path className="tick-halo" d={`M${tick} ${top - 4}V${top + height + 4}`} />
          <path className="tick" d={`M${tick} ${top - 4}V${top + height + 4}`} />
        </>
      )}
    </g>
  );
}
