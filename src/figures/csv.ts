/** A figure's numbers as CSV with its origin in front, as comment lines "# key: value". Pure text. */
import { csvFormatRows } from 'd3';
import { type FigureData, type Provenance, provenanceEntries } from './provenance.ts';

/** RFC 4180 after the comment lines; numbers at full precision; missing = empty. Line ends are LF. */
export function figureCsv(data: FigureData, provenance: Provenance, title: string): string {
  const head = [['figure', title], ...provenanceEntries(provenance)]
    // A line break inside a value would end the comment and become data.
    .map(([key, value]) => `# ${key}: ${String(value).replace(/\s+/g, ' ')}`);
  const rows = data.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))));
  return `${head.join('\n')}\n${csvFormatRows([data.columns.map((c) => c.key), ...rows])}\n`;
}
