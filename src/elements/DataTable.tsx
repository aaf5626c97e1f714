/** The table twin of a picture: the same numbers, readable and scrollable. Long ones are cut here, never in the CSV. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { Cell, FigureColumn, FigureData } from '@/figures/provenance.ts';
import './elements.css';

export interface DataTableProps {
  data: FigureData;
  caption: string;
  /** Text of sensitive columns is blurred unless true. */
  revealed?: boolean;
}

const FIRST_ROWS = 200;

export function DataTable({ data, caption, revealed = false }: DataTableProps) {
  const [limit, setLimit] = useState(FIRST_ROWS);
  const rest = data.rows.length - limit;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
    <section className="data-table" aria-label={`Table: ${caption}`} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {data.columns.map((column, c) => (
              <th key={column.key} scope="col" className={isText(data, c) ? 'text' : undefined}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.slice(0, limit).map((row, r) => (
            <tr key={r}>
              {row.map((cell, c) => (
                <td key={data.columns[c]!.key} className={typeof cell === 'string' ? 'text' : undefined}>
                  <span className={data.columns[c]!.sensitive && !revealed ? 'blurred' : undefined}>
                    {cellText(cell, data.columns[c]!)}
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <Button className="quiet-button" onPress={() => setLimit(limit + 5 * FIRST_ROWS)}>
          Show more ({rest} rows left; the CSV has all)
        </Button>
      )}
    </section>
  );
}

/** By its first value: a heading stands over what it names. */
const isText = ({ rows }: FigureData, c: number): boolean =>
  typeof rows.find((row) => row[c] !== null)?.[c] === 'string';

function cellText(cell: Cell, column: FigureColumn): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  return column.digits === undefined ? String(cell) : cell.toFixed(column.digits).replace(/^-/, '−');
}
