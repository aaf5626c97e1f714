/**
 * Where a figure's numbers come from, and the plain table behind a picture. Types and their wording; no files, no DOM.
 */

export interface Provenance {
  /** e.g. "SmolLM2-135M-Instruct". */
  model: string;
  /** Of the model file; null where the source has none (a hub checkpoint in shards). */
  sha256: string | null;
  /** Adapters switched on, e.g. ["safety-adapter"]; empty = base. */
  adapters: readonly string[];
  template: string;
  /** What N counts, in words: "100 normal, 100 malicious prompts". */
  n: string;
  seed: number | null;
  /** ISO 8601. */
  date: string;
  /** recorded = by the command line beforehand; live = in this tab. */
  origin: 'recorded' | 'live';
  /** Anything else needed to repeat it, e.g. { alpha: "1.1", layers: "8 to 13" }. */
  extra?: Readonly<Record<string, string>>;
}

export type Cell = string | number | null;

/** The numbers of a picture, all of them: twin table and CSV are made from this. */
export interface FigureData {
  columns: readonly FigureColumn[];
  rows: readonly (readonly Cell[])[];
}
export interface FigureColumn {
  /** CSV column name, unit included: "gap_of_means_deg". */
  key: string;
  /** Heading of the table twin. */
  label: string;
  /** Digits after the point in the table twin (the CSV always has full precision). */
  digits?: number;
  /** Text that the page blurs until asked for; CSV keeps it, since exporting is a deliberate act. */
  sensitive?: boolean;
}

/** Key and value pairs in a fixed order, the same in every format. */
export function provenanceEntries(p: Provenance): [key: string, value: string][] {
  return [
    ['model', p.model],
    ['sha256', p.sha256 ?? 'not available'],
    ['adapter', p.adapters.length > 0 ? p.adapters.join(' + ') : 'none (base)'],
    ['template', p.template],
    ['N', p.n],
    ['seed', p.seed === null ? 'none used' : String(p.seed)],
    ['date', p.date],
    ['origin', p.origin],
    ...Object.entries(p.extra ?? {}),
  ];
}

/** One line for beneath a figure. The hash is shortened here only; the metadata carries all of it. */
export function provenanceLine(p: Provenance): string {
  return provenanceEntries(p)
    .map(([key, value]) => `${key} ${key === 'sha256' ? value.slice(0, 12) : value}`)
    .join(' · ');
}
