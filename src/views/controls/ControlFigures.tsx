/** The result of one control: what it found, and one figure per measure with interval, test, table and exports. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import type { ControlCard, ControlMeasure, ControlResult } from '@/protocol/controls.ts';
import type { ControlOutcome } from '@/state/control-store.ts';
import { cssColour } from '@/theme/palettes.ts';
import type { LayerPictureProps } from '../props.ts';
import { controlTable, layerWords, type Series, seriesOf } from './chart-data.ts';
import { LayerChart } from './LayerChart.tsx';
import { Mark } from './Mark.tsx';
import { provenanceOfControl } from './provenance.ts';
import { RowChart } from './RowChart.tsx';

interface ControlFiguresProps {
  card: ControlCard;
  outcome: ControlOutcome;
  result: ControlResult;
  axis: LayerPictureProps;
}

export function ControlFigures({ card, outcome, result, axis }: ControlFiguresProps) {
  return (
    <div className="control-figures">
      <ul className="control-findings">
        {result.findings.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {result.measures.map((measure) => (
        <MeasureFigure key={measure.key} {...{ card, outcome, result, axis, measure }} />
      ))}
    </div>
  );
}

function MeasureFigure({
  card,
  outcome,
  result,
  axis,
  measure,
}: ControlFiguresProps & { measure: ControlMeasure }) {
  const series = seriesOf(result.rows, measure.key);
  const isLayers = result.axis.kind === 'layer' && result.axis.layerCount === axis.layerCount;
  const caption = captionOf(series, measure, isLayers ? null : result.axis.label);
  const { provenance, stats } = provenanceOfControl(outcome, result, measure);
  const chart = { series, measure, rows: result.rows, description: `${caption} ${stats}` };
  const { hoverLayer } = axis;
  return (
    <FigureFrame
      name={`control-${card.name}-${measure.key}`}
      // With the control's name: the bench has figures of the same measure.
      title={`${card.title}: ${measure.label}`}
      caption={caption}
      captionText={caption}
      stats={stats}
      status={{ state: 'ready' }}
      truth={outcome.origin === 'recorded' ? 'recorded' : null}
      provenance={provenance}
      data={() => controlTable(result, measure)}
      legend={<SeriesLegend series={series} />}
      reading={
        isLayers && hoverLayer !== null ? layerWords(series, hoverLayer, measure) : isLayers ? '' : undefined
      }
    >
      {(width) =>
        isLayers ? <LayerChart {...chart} width={width} axis={axis} /> : <RowChart {...chart} width={width} />
      }
    </FigureFrame>
  );
}

/** How to read it. */
function captionOf(
  series: readonly Series[],
  { unit, reference }: ControlMeasure,
  list: string | null,
): string {
  const has = (kind: Series['kind']) => series.some((one) => one.kind === kind);
  const tested = series.some(({ rows }) => rows.some(({ pAdjusted }) => pAdjusted !== undefined));
  const what = has('cells')
    ? 'Ranges by first layer (downwards) and last layer (to the right); colour is the difference from the unchanged model.'
    : list !== null
      ? `By ${list}, with 95 % intervals, in ${unit}.`
      : has('spans')
        ? `Each mark stands in the middle of its layers, with its 95 % interval, in ${unit}.`
        : `Layer by layer, in ${unit}.`;
  const line =
    reference === null || has('cells') ? '' : ' The dashed line is the model unchanged, or nothing there.';
  return `${what}${line}${tested && !has('cells') ? ' Large marks differ beyond chance (q at most 0.05).' : ''}`;
}

function SeriesLegend({ series }: { series: readonly Series[] }) {
  if (series.length < 2) return null;
  return (
    <ul className="legend">
      {series.map(({ name, colour, dash, kind, mark }) => (
        <li key={name}>
          <svg className="plot" data-export="svg" width="24" height="12" aria-hidden="true">
            {kind === 'line' || kind === 'level' ? (
              <path className="curve" d="M0 6H24" stroke={cssColour(colour)} strokeDasharray={dash} />
            ) : (
              <Mark series={{ colour, mark }} x={12} y={6} isBeyond />
            )}
          </svg>
          <span data-export="text">{name}</span>
        </li>
      ))}
    </ul>
  );
}
