/** A control's result as text: what it found, and every row by measure. And the list of controls. */
import type { ControlCard, ControlResult, ControlRow } from '@/protocol/controls.ts';

export function controlText({ rows, measures, findings }: ControlResult): string {
  const tables = measures.map(({ key, label, unit, interval, test }) => {
    const own = rows.filter(({ measure }) => measure === key);
    const head = ['', `value (${unit})`, '95 %', 'N', 'p', 'p adjusted'];
    const cells = own.map((row) => [
      row.label === row.series ? row.label : `${row.series}: ${row.label}`,
      number(row.value),
      intervalText(row),
      String(row.n),
      row.p === undefined ? '' : number(row.p),
      row.pAdjusted === undefined ? '' : number(row.pAdjusted),
    ]);
    return [`${label}`, `  interval: ${interval}`, `  test: ${test}`, ...columns([head, ...cells])].join(
      '\n',
    );
  });
  return `${[...findings, '', tables.join('\n\n')].join('\n')}\n`;
}

export function controlListText(cards: readonly ControlCard[]): string {
  const parts = cards.map(({ name, title, explanation, reference, needs, options }) => {
    const wanted = [
      ...(needs.adapter ? ['an adapter'] : []),
      ...(needs.range ? ['--layers and --alpha'] : []),
      ...(needs.pools.length > 0 ? [`pools ${needs.pools.join(', ')}`] : []),
    ];
    return [
      `${name}: ${title}`,
      `  ${explanation}`,
      `  Source: ${reference}.`,
      `  Needs: ${wanted.join('; ')}.`,
      ...options.map(
        (option) => `  --set ${option.key}=${option.default}  ${option.label}. ${option.description}`,
      ),
    ].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

/** docs/controls.md: the same list for readers. */
export function controlMarkdown(cards: readonly ControlCard[]): string {
  const parts = cards.map(({ name, title, explanation, reference, needs, options }) => {
    const wanted = [
      ...(needs.adapter ? ['an adapter'] : []),
      ...(needs.range ? ['a range with alpha'] : []),
      ...needs.pools.map((pool) => `${pool} prompts`),
    ];
    return [
      `## ${title} (\`${name}\`)`,
      '',
      explanation,
      '',
      `Source: ${reference}. Needs: ${wanted.join(', ')}.`,
      ...options.map(
        ({ key, label, description, default: fallback }) =>
          `\n- \`${key}\` (default ${fallback}): ${label}. ${description}`,
      ),
    ].join('\n');
  });
  return [
    '# Controls',
    '',
    'Experiments that could prove a located range wrong. Written from the controls themselves by `npm run controls:doc`; a new one',
    'is a new file in src/experiments/controls and a line in its index. Run them on the page or with',
    '`npx stratascope control NAME`; counting ones show the KL divergence on harmless prompts beside every count.',
    '',
    `${parts.join('\n\n')}\n`,
  ].join('\n');
}

const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();

const intervalText = ({ low, high }: ControlRow): string =>
  low === null || high === null ? '' : `[${number(low)}, ${number(high)}]`;

/** First column to the left, the others to the right. */
function columns(lines: string[][]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
}
