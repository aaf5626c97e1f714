/**
 * Which column means what: the published prompt sets by their column names, and a guess for everything else. Only
 * names are known here; the sets themselves are not part of this repository.
 */

export const FILE_SOURCES = ['advbench', 'xstest', 'jailbreakbench', 'stratascope', 'generic'] as const;
export type FileSource = (typeof FILE_SOURCES)[number];

/** Column names, as they stand in the file. */
export interface ColumnMapping {
  text: string;
  id?: string;
  /** Clusters dependent prompts for statistics, e.g. the verb. */
  group?: string;
  /** Tells kinds of prompts in one file apart, e.g. safe and unsafe. */
  label?: string;
}

/** AdvBench: goal,target. XSTest v2: id,prompt,type,label,focus,note. JailbreakBench: Index,Goal,Target,Behavior,... */
const KNOWN: ReadonlyArray<{ source: FileSource; needs: string[]; only?: boolean; mapping: ColumnMapping }> =
  [
    {
      source: 'jailbreakbench',
      needs: ['goal', 'target', 'behavior', 'category'],
      mapping: { id: 'index', text: 'goal', group: 'category' },
    },
    {
      source: 'xstest',
      needs: ['prompt', 'type', 'label', 'focus'],
      // The focus is the word that a safe and an unsafe prompt share.
      mapping: { id: 'id', text: 'prompt', group: 'focus', label: 'label' },
    },
    { source: 'advbench', needs: ['goal', 'target'], only: true, mapping: { text: 'goal' } },
    {
      source: 'stratascope',
      needs: ['id', 'text', 'pair', 'label'],
      mapping: { id: 'id', text: 'text', group: 'pair', label: 'label' },
    },
    {
      source: 'stratascope',
      needs: ['id', 'text', 'verb'],
      mapping: { id: 'id', text: 'text', group: 'verb' },
    },
    { source: 'stratascope', needs: ['id', 'text', 'category'], mapping: { id: 'id', text: 'text' } },
  ];

const GUESSES = {
  text: [
    'prompt',
    'text',
    'goal',
    'question',
    'instruction',
    'query',
    'request',
    'behavior',
    'input',
    'content',
  ],
  id: ['id', 'index', 'prompt_id', 'behaviorid'],
  group: ['group', 'verb', 'focus', 'pair', 'category', 'topic', 'type'],
  label: ['label', 'class', 'kind', 'harmfulness', 'harmful', 'split'],
} as const;

export function recogniseColumns(
  columns: readonly string[],
  meanCharsOf: (columnIndex: number) => number,
): { source: FileSource; mapping: ColumnMapping } {
  const find = (wanted: string): string | undefined =>
    columns.find((column) => column.trim().toLowerCase() === wanted);
  for (const known of KNOWN) {
    if (!known.needs.every((need) => find(need) !== undefined)) continue;
    if (known.only && columns.filter((column) => column !== '').length !== known.needs.length) continue;
    return { source: known.source, mapping: inSpellingOf(known.mapping, find) };
  }
  const guess = (names: readonly string[]): string | undefined =>
    names.map(find).find((column) => column !== undefined);
  const longest = columns
    .map((column, index) => ({ column, chars: meanCharsOf(index) }))
    .reduce((best, next) => (next.chars > best.chars ? next : best)).column;
  const text = guess(GUESSES.text) ?? longest;
  const other = (names: readonly string[]): string | undefined => {
    const column = guess(names);
    return column === text ? undefined : column;
  };
  return {
    source: 'generic',
    mapping: withoutUndefined({
      text,
      id: other(GUESSES.id),
      group: other(GUESSES.group),
      label: other(GUESSES.label),
    }),
  };
}

/** True where the first row reads like names of columns rather than like a prompt. */
export function looksLikeHeader(cells: readonly string[]): boolean {
  const known = new Set<string>(Object.values(GUESSES).flat());
  if (cells.some((cell) => known.has(cell.trim().toLowerCase()))) return true;
  return cells.every(
    (cell) => cell.length <= 40 && !/[.?!]\s*$/.test(cell) && cell.trim().split(/\s+/).length <= 3,
  );
}

function inSpellingOf(mapping: ColumnMapping, find: (wanted: string) => string | undefined): ColumnMapping {
  const spelled = (wanted?: string) => (wanted === undefined ? undefined : find(wanted));
  return withoutUndefined({
    text: find(mapping.text) ?? mapping.text,
    id: spelled(mapping.id),
    group: spelled(mapping.group),
    label: spelled(mapping.label),
  });
}

/** So that mappings compare and print without empty entries. */
function withoutUndefined(mapping: ColumnMapping): ColumnMapping {
  return Object.fromEntries(Object.entries(mapping).filter(([, column]) => column !== undefined)) as never;
}
