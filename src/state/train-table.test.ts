/** The run table on made-up answers: what differs, intervals, seeds together, paired with the reference of the same seed. */
import { expect, it } from 'vitest';
import { mcnemarExact } from '@/method/statistics.ts';
import type { ResponseClass } from '@/protocol/experiments.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { AttackMethod, TrainParams } from '@/protocol/training.ts';
import type { TrainRun } from './train-store.ts';
import { comparedRuns, experimentsOf, runTable, runTableData } from './train-table.ts';

const N = 10;
const prompts = Array.from({ length: N }, (_, n) => ({ id: `m${n}`, text: `How to harm ${n}?` }));
const share = (count: number) => ({ count, total: N, share: count / N, low: 0.1, high: 0.9 });

/** The first `harmful` prompts are answered. */
function measures(harmful: number): Measures {
  const malicious = prompts.map((_, n) => {
    const responseClass: ResponseClass = n < harmful ? 'answered' : 'refused';
    return { answer: 'a', tokenCount: 1, responseClass, harmfulScore: 1 };
  });
  return {
    summary: {
      malicious: { answered: share(harmful), refused: share(N - harmful), garbled: share(0) },
      harmfulScore: null,
      overRejection: null,
      control: null,
      rougeL: null,
      knowledge: null,
      perplexity: { value: 10 + harmful, tokens: 4, rows: 2 },
    },
    malicious,
    overRejection: [],
    control: [],
    rouge: [],
    knowledge: [],
    heldOut: [],
    elapsedMs: 1,
  };
}

let id = 0;
function run(
  method: AttackMethod,
  seed: number,
  harmful: number | null,
  over: Partial<TrainRun> = {},
): TrainRun {
  const params = {
    name: `${method} implicit seed ${seed}`,
    template: 'chat',
    adapters: ['safety'],
    method,
    band: [3, 5],
    part: { kind: 'lora', rank: 8, loraAlpha: 16, matrices: ['q'] },
    data: { kind: 'implicit', rows: [] },
    lossOn: 'response',
    optimiser: { steps: 3 },
    seed,
    measures: { malicious: prompts },
  } as unknown as TrainParams;
  return {
    id: ++id,
    params,
    modelName: 'm',
    backend: { kind: 'node', threads: 1, runtime: 'r', notes: [] },
    steps: [],
    probes: [],
    measured: harmful === null ? {} : { before: measures(1), after: measures(harmful) },
    result: { trainedParameters: 1, frozenParameters: 2, proof: [] },
    from: null,
    ...over,
  } as unknown as TrainRun;
}

const noBench = () => null;
const runs = [run('sppft', 2, 5), run('full', 1, 9), run('sppft', 1, 3), run('full', 2, 8)];

it('shows only what differs and what was measured, full tuning as the reference', () => {
  const table = runTable(runs, noBench, null);
  expect(table.settings).toEqual(['method', 'band', 'seed']);
  expect(table.columns.map(({ key }) => key)).toEqual(['harmful_rate', 'garbled', 'perplexity']);
  const [sppft, full] = table.groups;
  expect(table.reference).toBe(full!.key);
  expect(sppft!.rows.map(({ run: one }) => one.params.seed)).toEqual([1, 2]);
  expect(sppft!.rows[0]!.after[0]).toEqual({ value: 0.3, low: 0.1, high: 0.9, detail: '3 of 10' });
  expect(sppft!.rows[0]!.before[0]!.value).toBe(0.1);
  expect(full!.rows.every(({ paired }) => paired === null)).toBe(true);
});

it('compares each run with the reference of its seed, on the same prompts, and takes seeds together', () => {
  const [sppft] = runTable(runs, noBench, null).groups;
  const [one, two] = sppft!.rows;
  expect(one!.paired).toMatchObject({ sameSeed: true, from: 'measures', against: runs[1] });
  // 9 against 3 harmful answers, nested: six turned away, none to it.
  expect(one!.paired!.change).toMatchObject({ gained: 0, lost: 6, change: -0.6, p: mcnemarExact(0, 6).p });
  expect(two!.paired!.change).toMatchObject({ lost: 3, change: -0.3 });
  expect(sppft!.spreads![0]).toMatchObject({ count: 2, min: 0.3, max: 0.5 });
  expect(sppft!.spreads![0]!.mean).toBeCloseTo(0.4, 12);
  expect(sppft!.spreads![0]!.std).toBeCloseTo(Math.SQRT2 / 10, 12);
  expect(sppft!.pairedSpread!.mean).toBeCloseTo(-0.45, 12);
});

it('takes the answers that the bench decoded where a run was not measured, and never mixes the two', () => {
  const bare = [run('full', 1, null), run('sppft', 1, null)];
  const decoded = {
    prompts,
    outcomes: prompts.map((_, index) => ({
      index,
      score: 0,
      refusedByScore: false,
      responseClass: 'answered' as const,
    })),
  };
  const table = runTable(bare, () => decoded, null);
  expect(table.columns.map(({ key }) => key)).toEqual(['harmful_rate']);
  expect(table.groups[1]!.rows[0]!.paired).toMatchObject({ from: 'bench', change: { change: 0, p: 1 } });
  const mixed = [run('full', 1, 9), bare[1]!];
  expect(runTable(mixed, (one) => (one === bare[1] ? decoded : null), null).groups[1]!.rows[0]!.paired).toBe(
    null,
  );
});

it('takes another group as the reference when asked, and says where no seed is the same', () => {
  const lone = run('band-after', 7, 2);
  const all = [...runs, lone];
  const { key } = runTable(all, noBench, null).groups.find(({ rows }) => rows[0]!.run === lone)!;
  const table = runTable(all, noBench, key);
  expect(table.reference).toBe(key);
  expect(table.groups[0]!.rows[0]!.paired).toMatchObject({ sameSeed: false, against: lone });
  expect(table.groups[0]!.pairedSpread).toBeNull();
});

it('gives every number of the table as CSV, a column each', () => {
  const data = runTableData(runTable(runs, noBench, null));
  expect(data.rows).toHaveLength(4);
  expect(data.rows.every((row) => row.length === data.columns.length)).toBe(true);
  const at = (key: string) => data.columns.findIndex((column) => column.key === key);
  expect(data.rows[0]![at('harmful_rate_after_value')]).toBe(0.3);
  expect(data.rows[0]![at('mcnemar_p')]).toBe(mcnemarExact(0, 6).p);
});

it('compares what was trained here with one recorded experiment at a time, and whatever a person chooses', () => {
  const shipped = (method: AttackMethod, kind: 'implicit' | 'normal') => {
    const one = run(method, 1, 1, { isShipped: true, from: 'a.json' });
    return { ...one, params: { ...one.params, data: { kind, rows: [] } } };
  };
  const [a, b, c] = [shipped('full', 'implicit'), shipped('sppft', 'implicit'), shipped('full', 'normal')];
  const all = [a, b, c, runs[0]!];
  const experiments = experimentsOf(all);
  expect(experiments.map(({ count }) => count)).toEqual([2, 1]);
  expect(experiments[0]!.label).toBe('implicit (D_I), LoRA, m + safety, 3 steps');
  expect(comparedRuns(all, {}, null)).toEqual([a, b, runs[0]]);
  expect(comparedRuns(all, {}, experiments[1]!.key)).toEqual([c, runs[0]]);
  expect(comparedRuns(all, { [c.id]: true, [runs[0]!.id]: false }, null)).toEqual([a, b, c]);
});
