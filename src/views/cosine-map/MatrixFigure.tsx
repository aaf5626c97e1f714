/** The prompt x prompt matrix of one layer on a canvas, ordered by pool; hover, touch or keys name the pair. */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { RampLegend } from '@/elements/Legend.tsx';
import { formatCosine } from '@/elements/number-words.ts';
import { Sensitive } from '@/elements/Sensitive.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import { useStage } from '@/elements/use-box.ts';
import { COSINE_DOMAIN } from '@/theme/palettes.ts';
import type { CosineMapProps } from '../props.ts';
import { paintMatrix } from './draw.ts';
import { cellAfterKey, matrixLayout, matrixTable, promptAt } from './layout.ts';
import './cosine-map.css';

type Cell = { row: number; column: number };
const CAPTION =
  'Every prompt with every prompt at one layer: normal first, then malicious; blocks show who lies together.';

export function MatrixFigure(props: CosineMapProps & { layer: number }) {
  const { layer, matrix, measure, normal, malicious, revealed, onReveal } = props;
  const [cell, setCell] = useState<Cell | null>(null);
  const value = matrix && cell ? matrix.cosine[cell.row * matrix.size + cell.column] : undefined;
  const [low, high] = COSINE_DOMAIN[measure];

  return (
    <FigureFrame
      name={`cosine-matrix-layer-${layer}`}
      title={`All pairs at layer ${layer}`}
      caption={CAPTION}
      captionText={CAPTION}
      stats={
        matrix
          ? `${matrix.normalCount} normal, ${matrix.size - matrix.normalCount} malicious prompts`
          : undefined
      }
      status={props.matrixStatus}
      truth={matrix ? props.truth : null}
      provenance={props.provenance}
      data={matrix && (() => matrixTable(matrix, normal, malicious))}
      controls={
        <>
          {onReveal && <Toggle label="show malicious text" isOn={revealed} onChange={onReveal} />}
          <Button className="quiet-button" onPress={() => props.onSelectLayer(null)}>
            Close
          </Button>
        </>
      }
      legend={
        <RampLegend label="cosine" low={measure === 'raw' ? `≤ ${low}` : `−${-low}`} high={String(high)} />
      }
      emptyHeight={240}
    >
      {matrix &&
        ((width) => (
          <div className="matrix-row">
            <MatrixCanvas
              matrix={matrix}
              measure={measure}
              width={width}
              layer={layer}
              cell={cell}
              onCell={setCell}
            />
            <div className="matrix-pair" aria-live="polite">
              {cell && value !== undefined ? (
                <>
                  <p className="matrix-value">{formatCosine(value)}</p>
                  {[cell.row, cell.column].map((index, i) => {
                    const { prompt, isMalicious } = promptAt(index, matrix.normalCount, normal, malicious);
                    return (
                      <p key={i}>
                        <span className="hint">{isMalicious ? 'malicious' : 'normal'}</span>{' '}
                        <Sensitive isSensitive={isMalicious} revealed={revealed}>
                          {prompt?.text ?? `prompt ${index}`}
                        </Sensitive>
                      </p>
                    );
                  })}
                </>
              ) : (
                <p className="hint">Point at a cell, or focus the matrix and use the arrow keys.</p>
              )}
            </div>
          </div>
        ))}
    </FigureFrame>
  );
}

interface MatrixCanvasProps {
  matrix: NonNullable<CosineMapProps['matrix']>;
  measure: 'raw' | 'centred';
  width: number;
  layer: number;
  cell: Cell | null;
  onCell: (cell: Cell | null) => void;
}

function MatrixCanvas({ matrix, measure, width, layer, cell, onCell }: MatrixCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useStage();
  const gutter = Math.round(24 * stage);
  const layout = matrixLayout(matrix.size, matrix.normalCount, width - gutter, Math.round(400 * stage));
  const { side, split } = layout;
  const unit = side / matrix.size;

  useEffect(() => {
    if (canvas.current) paintMatrix(canvas.current, matrix, measure);
  }, [matrix, measure]);

  const point = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    onCell(layout.cellAt(event.clientX - box.left, event.clientY - box.top));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return onCell(null);
    const to = cellAfterKey(event.key, cell ?? { row: 0, column: -1 }, matrix.size);
    if (!to) return;
    event.preventDefault();
    onCell(to);
  };

  return (
    <div className="matrix" style={{ width: side + gutter, height: side + gutter }}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its cells are walked with the arrow keys. */}
      <canvas
        ref={canvas}
        role="application"
        aria-label={`Cosine of all pairs at layer ${layer}, ${matrix.size} by ${matrix.size}; arrow keys move from cell to cell`}
        tabIndex={0}
        style={{ left: gutter, top: gutter, width: side, height: side }}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={(event) => event.pointerType === 'mouse' && onCell(null)}
        onKeyDown={onKeyDown}
      />
      <svg className="plot" data-export="svg" width={side + gutter} height={side + gutter} aria-hidden="true">
        <g transform={`translate(${gutter} ${gutter})`}>
          <path d={`M${split} 0V${side}M0 ${split}H${side}`} stroke="#ffffff" strokeWidth={1} />
          <rect width={side} height={side} fill="none" stroke="var(--outline)" />
          {cell && (
            <path
              data-no-export=""
              d={`M${(cell.column + 0.5) * unit} 0V${side}M0 ${(cell.row + 0.5) * unit}H${side}`}
              stroke="#ffffff"
              strokeOpacity={0.8}
            />
          )}
        </g>
        <text x={gutter + split / 2} y={gutter - 8} textAnchor="middle">
          normal
        </text>
        <text x={gutter + (split + side) / 2} y={gutter - 8} textAnchor="middle">
          malicious
        </text>
        <text transform={`translate(${gutter - 8} ${gutter + split / 2}) rotate(-90)`} textAnchor="middle">
          normal
        </text>
        <text
          transform={`translate(${gutter - 8} ${gutter + (split + side) / 2}) rotate(-90)`}
          textAnchor="middle"
        >
          malicious
        </text>
      </svg>
    </div>
  );
}
