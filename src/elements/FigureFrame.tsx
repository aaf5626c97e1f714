/**
 * What every figure has around its picture: title, one sentence, controls, a reading line, N and test, origin, the
 * table twin, export, and the designed states empty, loading, partial and failed. Draws no data itself.
 */
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { type FigureToSave, saveFigure } from '@/figures/export.ts';
import { type FigureData, type Provenance, provenanceLine } from '@/figures/provenance.ts';
import { DataTable } from './DataTable.tsx';
import { type FigureAction, FigureMenu } from './FigureMenu.tsx';
import { ProgressLine } from './ProgressLine.tsx';
import type { FigureStatus, Truth } from './status.ts';
import { TruthMark } from './TruthMark.tsx';
import { useWidth } from './use-box.ts';
import './elements.css';

export interface FigureFrameProps {
  /** File name and anchor. */
  name: string;
  title: string;
  /** One sentence: how to read it. May hold Terms; `captionText` is the same in plain text, for export. */
  caption: ReactNode;
  captionText: string;
  /** N, interval, test. */
  stats?: string;
  status: FigureStatus;
  truth: Truth | null;
  provenance: Provenance | null;
  /** A function where the table is large: it is made when it is shown or saved, not at every frame. */
  data: FigureData | (() => FigureData) | null;
  controls?: ReactNode;
  /** Inside the exported area, above the picture. */
  legend?: ReactNode;
  /** The numbers under the cursor, one line. */
  reading?: string;
  revealed?: boolean;
  /** Height kept free while there is no picture. */
  emptyHeight?: number;
  /** What stands there meanwhile, behind the words: usually the axis without data. */
  empty?: (width: number) => ReactNode;
  /** null = nothing to draw yet. */
  children: ((width: number) => ReactNode) | null | undefined;
}

export function FigureFrame(props: FigureFrameProps) {
  const { name, title, status, provenance, data } = props;
  const [ref, width] = useWidth();
  const body = useRef<HTMLDivElement>(null);
  const [showTable, setShowTable] = useState(false);
  const [saveError, setSaveError] = useState<string | null>(null);
  const work = status.state === 'partial' || status.state === 'loading' ? status.work : null;

  const act = async (action: FigureAction) => {
    if (action === 'table') return setShowTable(!showTable);
    if (!data || !provenance || !body.current) return;
    const table = typeof data === 'function' ? data() : data;
    const figure: FigureToSave = { name, title, caption: props.captionText, stats: props.stats, provenance };
    try {
      await saveFigure(action, body.current, table, figure);
      setSaveError(null);
    } catch (error) {
      setSaveError(error instanceof Error ? error.message : String(error));
    }
  };

  // The menu is many elements; given the same things, it is not drawn again with every new number.
  const acting = useRef(act);
  useEffect(() => {
    acting.current = act;
  });
  const onAction = useCallback((action: FigureAction) => void acting.current(action), []);

  return (
    <section className="figure" id={name} aria-label={title} aria-busy={work !== null}>
      <header className="figure-head">
        <h2>{title}</h2>
        {props.truth && <TruthMark truth={props.truth} />}
        <div className="figure-controls">{props.controls}</div>
        <FigureMenu
          title={title}
          isTableShown={showTable}
          isDisabled={!data}
          canSave={provenance !== null}
          onAction={onAction}
        />
      </header>
      <p className="figure-caption">{props.caption}</p>
      <ProgressLine work={work} label={`${title}: progress`} />
      {props.reading !== undefined && (
        <p className="figure-reading" aria-hidden="true">
          {props.reading || (props.children && work?.text) || '\u00a0'}
        </p>
      )}
      <div className="figure-body" ref={ref}>
        {status.state === 'failed' && <Failure {...status} hasPicture={Boolean(props.children)} />}
        <div ref={body}>
          {props.children && props.legend}
          {props.children?.(width)}
        </div>
        {!props.children && status.state !== 'failed' && (
          <div className="figure-empty" style={{ minHeight: props.emptyHeight ?? 160 }}>
            {props.empty?.(width)}
            <p>{status.state === 'empty' ? status.hint : (work?.text ?? 'No numbers yet.')}</p>
          </div>
        )}
      </div>
      {showTable && data && (
        <DataTable
          data={typeof data === 'function' ? data() : data}
          caption={title}
          revealed={props.revealed}
        />
      )}
      {saveError && (
        <p role="alert" className="figure-failed">
          The figure was not saved: {saveError} The picture is kept.
        </p>
      )}
      {(props.stats || provenance) && (
        <footer className="figure-foot">
          {props.stats && <span>{props.stats}</span>}
          {provenance && (
            <details className="origin">
              <summary>
                {provenance.model}
                {provenance.adapters.length > 0 && ` + ${provenance.adapters.join(' + ')}`},{' '}
                {provenance.template}, {provenance.origin}
              </summary>
              {provenanceLine(provenance)}
            </details>
          )}
        </footer>
      )}
    </section>
  );
}

function Failure(props: { happened: string; todo: string; onRetry?: () => void; hasPicture: boolean }) {
  return (
    <div role="alert" className="figure-failed">
      <p>
        <strong>{props.happened}</strong> {props.todo}
        {props.hasPicture && ' The last picture is kept below.'}
      </p>
      {props.onRetry && (
        <Button className="quiet-button" onPress={props.onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
