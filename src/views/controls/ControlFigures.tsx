/** The result of one control: what it found, and one figure per measure with interval, test, table and exports. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import type { ControlCard, ControlMeasure, ControlResult } from '@/protocol/controls.ts';
import type { ControlOutcome } from '@/state/control-store.ts';
import { cssColour } from '@/theme/palettes.ts';
import type { LayerPictureProps } from '../props.ts';
import { controlTable, layerWords, type Series, seriesOf } from './chart-data.ts';
import { LayerChart } from './LayerChart.tsx';
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
  const caption = `${measure.label}, in ${measure.unit}${isLayers ? ', layer by layer' : ` by ${result.axis.label}`}.${marksInWords(series)}`;
  const { provenance, stats } = provenanceOfControl(outcome, result, measure);
  const chart = { series, measure, rows: result.rows, description: `${caption} ${stats}` };
  const { hoverLayer } = axis;
  return (
    <FigureFrame
      name={`control-${card.name}-${measure.key}`}
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

function marksInWords(series: readonly Series[]): string {
  const tested = series.some(({ rows }) => rows.some(({ pAdjusted }) => pAdjusted !== undefined));
  if (series.some(({ kind }) => kind === 'cells')) {
    return ' Colour is the difference from the unchanged model; first layer downwards, last layer to the right.';
  }
  return tested ? ' Large marks differ beyond chance (q at most 0.05).' : '';
}

function SeriesLegend({ series }: { series: readonly Series[] }) {
  if (series.length < 2) return null;
  return (
    <ul className="legend">
      {series.map(({ name, colour, dash, kind }) => (
        <li key={name}>
          <svg className="plot" data-export="svg" width="24" height="12" aria-hidden="true">
            {kind === 'line' || kind === 'level' ? (
              <path className="curve" d="M0 6H24" stroke={cssColour(colour)} strokeDasharray={dash} />
            ) : (
              <circle cx="12" cy="6" r="4" fill={cssColour(colour)} />
            )}
          </svg>
          <span data-export="text">{name}</span>
        </li>
      ))}
    </ul>
  );
}
