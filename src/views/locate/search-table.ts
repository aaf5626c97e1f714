/** A search as the rows of table 1, and as a plain table. Pure. */
import { formatP } from '@/elements/number-words.ts';
import type { FigureData } from '@/figures/provenance.ts';
import type { LocateResult, SearchStep, SearchTrace, Sweep } from '@/protocol/localise.ts';

export const DIRECTION_WORDS = { raise: 'alpha above 1', lower: 'alpha below 1' } as const;

/** Steps of one search by what the section shows: the tries of alpha, the two lines of the table, the end. */
export interface SearchRows {
  start: Extract<SearchStep, { kind: 'start' }> | null;
  tries: Array<Extract<SearchStep, { kind: 'alpha' }>>;
  chosen: Extract<SearchStep, { kind: 'chosen' }> | null;
  sweeps: Array<Extract<SearchStep, { kind: 'sweep' }>>;
  final: Extract<SearchStep, { kind: 'final' }> | null;
}

export function searchRows({ steps }: SearchTrace): SearchRows {
  const of = <K extends SearchStep['kind']>(kind: K) =>
    steps.filter((step): step is Extract<SearchStep, { kind: K }> => step.kind === kind);
  return {
    start: of('start')[0] ?? null,
    tries: of('alpha'),
    chosen: of('chosen')[0] ?? null,
    sweeps: of('sweep'),
    final: of('final')[0] ?? null,
  };
}

export function tryWords(step: Extract<SearchStep, { kind: 'alpha' }>): string {
  const garbled = step.garbledShare === null ? '' : `, ${Math.round(100 * step.garbledShare)} % garbled`;
  return `${step.alpha}: counts spread by ${step.spread.toFixed(1)} of ${step.needed.toFixed(1)} needed${garbled}, ${step.verdict}`;
}

/** Under a count: how it differs from the chosen one. */
export function testWords({ chosen, points }: Sweep, at: number): string {
  const test = points[at]!.fromChosen;
  return at === chosen || !test ? 'chosen' : formatP(test.p);
}

export function searchTable(result: LocateResult): FigureData {
  const rows = result.searches.flatMap(({ direction, steps }) =>
    steps.flatMap((step) => {
      if (step.kind !== 'alpha' && step.kind !== 'sweep') return [];
      const { sweep } = step;
      const name = step.kind === 'alpha' ? `choice of alpha: ${step.verdict}` : `${sweep.bound} bound`;
      return sweep.points.map((point, at) => [
        DIRECTION_WORDS[direction],
        name,
        sweep.alpha,
        point.first,
        point.last,
        point.refused,
        point.total,
        point.garbledShare,
        point.fromPrevious?.gained ?? null,
        point.fromPrevious?.lost ?? null,
        point.fromPrevious?.p ?? null,
        point.fromChosen?.p ?? null,
        at === sweep.chosen ? 'chosen' : '',
      ]);
    }),
  );
  const { baseline } = result;
  return {
    columns: [
      { key: 'search', label: 'search' },
      { key: 'step', label: 'step' },
      { key: 'alpha', label: 'alpha', digits: 2 },
      { key: 'first_layer', label: 'first layer' },
      { key: 'last_layer', label: 'last layer' },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'garbled_share', label: 'garbled share', digits: 2 },
      { key: 'gained_from_previous', label: 'gained from the one before' },
      { key: 'lost_from_previous', label: 'lost' },
      { key: 'p_from_previous', label: 'p', digits: 4 },
      { key: 'p_from_chosen', label: 'p against the chosen', digits: 4 },
      { key: 'chosen', label: 'chosen' },
    ],
    rows: [
      ['', 'unscaled', 1, null, null, baseline.refused, baseline.total, null, null, null, null, null, ''],
      ...rows,
    ],
  };
}
