/** Replay reports and comparisons in words and columns, for terminals and files. Pure text. */
import type { ComparedPart, RunComparison } from './compare.ts';
import type { Difference, DifferenceReport, FieldSummary } from './differences.ts';
import type { ReplayReport } from './replay.ts';

/** Single differences that are listed below the table. */
const LISTED = 20;

export function replayVerdict({ compared, differing, beyond, isSameBackend, parts }: ReplayReport): string {
  const left = parts.filter(({ why }) => why !== null).length;
  const rest = left > 0 ? ` ${left} of ${parts.length} parts were not repeated.` : '';
  if (compared === 0) return `Nothing was compared.${rest}`;
  const numbers = `${compared} values`;
  if (differing === 0) return `All ${numbers} are equal to the last bit.${rest}`;
  const where = isSameBackend ? 'on the same backend, where none may' : 'on another backend';
  if (beyond === 0)
    return `${differing} of ${numbers} differ, all within what another backend's rounding explains.${rest}`;
  return `${beyond} of ${numbers} differ beyond what is allowed ${where}${differing > beyond ? `, ${differing - beyond} within` : ''}.${rest}`;
}

export function replayText(report: ReplayReport): string {
  const { recorded, here } = report;
  const lines = [
    `recorded  ${recorded.app}, ${recorded.backend}, ${recorded.createdAt}`,
    `here      ${here.app}, ${here.backend}, ${here.createdAt}`,
    'tolerance ' +
      (report.isSameBackend ? 'none: same backend' : 'between backends, as listed under "allowed"'),
    '',
    table(
      ['part', 'values', 'differ', 'beyond', 'largest'],
      report.parts.map(({ kind, label, report: one, why }) => [
        `${kind}: ${label}`,
        ...(one ? partColumns(one) : [why ?? '']),
      ]),
    ),
  ];
  for (const { kind, label, report: one } of report.parts)
    if (one && one.differing > 0) lines.push('', `${kind}: ${label}`, differencesText(one));
  return `${[...lines, '', replayVerdict(report)].join('\n')}\n`;
}

const partColumns = (one: DifferenceReport): string[] => [
  String(one.compared),
  String(one.differing),
  String(one.beyond),
  size(Math.max(0, ...one.fields.map(({ largest }) => largest))),
];

/** Per field, then the worst single ones. */
function differencesText(report: DifferenceReport): string {
  const fields = report.fields
    .filter(({ differing }) => differing > 0)
    .map((field) => [`  ${field.field}`, ...fieldColumns(field)]);
  const head = ['  field', 'values', 'differ', 'beyond', 'largest', 'allowed'];
  const beyond = report.differences.filter(({ isWithin }) => !isWithin);
  const listed = beyond.slice(0, LISTED).map((one) => `  ${differenceText(one)}`);
  const more = report.beyond > LISTED ? [`  … and ${report.beyond - LISTED} more`] : [];
  return [table(head, fields), ...listed, ...more].join('\n');
}

const fieldColumns = ({ compared, differing, beyond, largest, allowed }: FieldSummary): string[] => [
  String(compared),
  String(differing),
  String(beyond),
  size(largest),
  size(allowed),
];

export function differenceText({ path, a, b, absolute }: Difference): string {
  const shown = (value: Difference['a']) => (value === undefined ? 'absent' : JSON.stringify(value));
  return `${path}: ${shown(a)} -> ${shown(b)}${absolute === null ? '' : ` (${size(absolute)})`}`;
}

const size = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

export function comparisonText(comparison: RunComparison, names: readonly [string, string]): string {
  const lines = [`a  ${names[0]}`, `b  ${names[1]}`, '', 'Settings that differ'];
  lines.push(
    comparison.settings.length > 0
      ? table(
          ['  setting', 'a', 'b'],
          comparison.settings.map(({ path, a, b }) => [`  ${path}`, short(a), short(b)]),
        )
      : '  none',
  );
  for (const part of comparison.parts) lines.push('', comparedPartText(part));
  const only = (name: string, parts: string[]) =>
    parts.length > 0 ? ['', `Only in ${name}`, ...parts.map((part) => `  ${part}`)] : [];
  lines.push(...only('a', comparison.onlyInA), ...only('b', comparison.onlyInB));
  return `${lines.join('\n')}\n`;
}

function comparedPartText({ kind, a, b, settings, numbers, paired }: ComparedPart): string {
  const title = a.label === b.label ? a.label : `${a.label} | ${b.label}`;
  const lines = [`${kind}: ${title}`];
  for (const one of settings) lines.push(`  ${one.path}: ${short(one.a)} | ${short(one.b)}`);
  if (paired) {
    const { before, after, total, gained, lost, low, high, p } = paired;
    const share = (value: number) => (100 * value).toFixed(1);
    lines.push(
      `  refused ${before} | ${after} of ${total} prompts in both; +${gained} -${lost}, ` +
        `95 % [${share(low)}, ${share(high)}] % points, exact McNemar p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`}`,
    );
  }
  lines.push(`  ${numbers.differing} of ${numbers.compared} values differ`);
  const fields = numbers.fields.filter(({ differing }) => differing > 0);
  if (fields.length > 0)
    lines.push(
      table(
        ['  field', 'values', 'differ', 'largest'],
        fields.map((one) => [
          `  ${one.field}`,
          String(one.compared),
          String(one.differing),
          size(one.largest),
        ]),
      ),
    );
  return lines.join('\n');
}

const short = (text: string): string => (text.length > 48 ? `${text.slice(0, 47)}…` : text);

/** First column left, the others right. */
function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head, ...rows];
  // A last cell that is a sentence is not padded to.
  const widths = head.map((_, column) =>
    Math.max(
      ...all
        .filter((row) => row.length === head.length || column === 0)
        .map((row) => row[column]?.length ?? 0),
    ),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0
            ? cell.padEnd(widths[0]!)
            : row.length < head.length
              ? cell
              : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
