/** Replay reports and comparisons as the tables of the page. Pure. */
import { formatP } from '@/elements/number-words.ts';
import type { FigureData } from '@/figures/provenance.ts';
import type { RunComparison } from '@/runs/compare.ts';
import type { Difference } from '@/runs/differences.ts';
import type { ReplayReport } from '@/runs/replay.ts';

export function partsTable(report: ReplayReport): FigureData {
  return {
    columns: [
      { key: 'part', label: 'part' },
      { key: 'values', label: 'values' },
      { key: 'differ', label: 'differ' },
      { key: 'beyond', label: 'beyond' },
      { key: 'largest', label: 'largest difference' },
      { key: 'note', label: 'remark' },
    ],
    rows: report.parts.map(({ kind, label, report: one, why }) => [
      label === kind ? kind : `${kind}: ${label}`,
      one?.compared ?? null,
      one?.differing ?? null,
      one?.beyond ?? null,
      one ? size(Math.max(0, ...one.fields.map(({ largest }) => largest))) : null,
      why ?? '',
    ]),
  };
}

export function fieldsTable(report: ReplayReport): FigureData {
  return {
    columns: [
      { key: 'part', label: 'part' },
      { key: 'field', label: 'field' },
      { key: 'values', label: 'values' },
      { key: 'differ', label: 'differ' },
      { key: 'beyond', label: 'beyond' },
      { key: 'largest', label: 'largest difference' },
      { key: 'allowed', label: 'allowed' },
    ],
    rows: report.parts.flatMap(({ label, report: one }) =>
      (one?.fields ?? [])
        .filter(({ differing }) => differing > 0)
        .map(({ field, compared, differing, beyond, largest, allowed }) => [
          label,
          field,
          compared,
          differing,
          beyond,
          size(largest),
          size(allowed),
        ]),
    ),
  };
}

/** Number by number, those beyond the bound first. Answers of a model to malicious prompts are among the texts. */
export function differencesTable(report: ReplayReport): FigureData {
  return {
    columns: [
      { key: 'part', label: 'part' },
      { key: 'path', label: 'number' },
      { key: 'recorded', label: 'in the file', sensitive: true },
      { key: 'here', label: 'here', sensitive: true },
      { key: 'difference', label: 'difference' },
      { key: 'verdict', label: 'verdict' },
    ],
    rows: report.parts.flatMap(({ label, report: one }) =>
      (one?.differences ?? []).map(({ path, a, b, absolute, isWithin }) => [
        label,
        path,
        leaf(a),
        leaf(b),
        absolute === null ? null : size(absolute),
        isWithin ? 'within' : 'beyond',
      ]),
    ),
  };
}

/** Differences span ten orders of magnitude; the saved report has all digits. */
const size = (value: number): string => (value === 0 ? '0' : value.toExponential(1).replace('e-', 'e−'));

const leaf = (value: Difference['a']) =>
  value === undefined ? 'absent' : typeof value === 'number' ? value : String(value);

export function settingsTable({ settings, parts }: RunComparison): FigureData {
  return {
    columns: [
      { key: 'where', label: 'where' },
      { key: 'setting', label: 'setting' },
      { key: 'a', label: 'A' },
      { key: 'b', label: 'B' },
    ],
    rows: [
      ...settings.map(({ path, a, b }) => ['the file', path, a, b]),
      ...parts.flatMap((part) => part.settings.map(({ path, a, b }) => [part.a.label, path, a, b])),
    ],
  };
}

export function comparisonTable({ parts, onlyInA, onlyInB }: RunComparison): FigureData {
  const rows = parts.map(({ kind, a, b, numbers, paired }) => [
    `${kind}: ${a.label === b.label ? a.label : `${a.label} | ${b.label}`}`,
    numbers.compared,
    numbers.differing,
    paired ? `${paired.before} | ${paired.after} of ${paired.total}` : '',
    paired ? `+${paired.gained} −${paired.lost}` : '',
    paired ? `${percent(paired.low)} to ${percent(paired.high)}` : '',
    paired ? formatP(paired.p) : '',
  ]);
  const alone = (name: string, labels: readonly string[]) =>
    labels.map((label) => [`${label} (only in ${name})`, null, null, '', '', '', '']);
  return {
    columns: [
      { key: 'part', label: 'part' },
      { key: 'values', label: 'values' },
      { key: 'differ', label: 'differ' },
      { key: 'refused', label: 'refused, A | B' },
      { key: 'changed', label: 'changed' },
      { key: 'interval', label: 'change, 95 %, % points' },
      { key: 'p', label: 'exact McNemar' },
    ],
    rows: [...rows, ...alone('A', onlyInA), ...alone('B', onlyInB)],
  };
}

const percent = (share: number) => (100 * share).toFixed(1).replace('-', '−');
