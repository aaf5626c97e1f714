/** Which settings a sweep visits, and the table of what came out. Pure. */

import { countedClass } from '@/experiments/count.ts';
import { bootstrapMean } from '@/method/mean-interval.ts';
import { pairedChange } from '@/method/statistics.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { CountResult, PromptItem } from '@/protocol/experiments.ts';

export interface SweepPoint {
  first: number;
  last: number;
  alpha: number;
  matrices: MatrixName[];
}

/** Every range with every alpha but 1, which is the baseline of all of them. Doubles are visited once. */
export function sweepPoints(
  ranges: ReadonlyArray<{ first: number; last: number }>,
  alphas: readonly number[],
  matrices: MatrixName[],
): SweepPoint[] {
  const points = ranges.flatMap(({ first, last }) =>
    alphas.filter((alpha) => alpha !== 1).map((alpha) => ({ first, last, alpha, matrices })),
  );
  return [...new Map(points.map((point) => [pointLabel(point), point])).values()];
}

export const pointLabel = ({ first, last, alpha }: SweepPoint): string =>
  `layers ${first}-${last}, alpha ${alpha}`;

export interface SweepRow {
  point: SweepPoint | null;
  pool: string;
  prompts: readonly PromptItem[];
  result: CountResult;
}

/** Of plain prompts at one point: how far their first token moved. Nothing where it was not measured. */
function damageText(rows: readonly SweepRow[], point: SweepPoint): string {
  const row = rows.find((one) => one.pool === 'control' && one.point === point);
  const divergences = row?.result.outcomes.flatMap(({ klNats }) => klNats ?? []) ?? [];
  if (divergences.length < 2) return '';
  const { mean, low, high } = bootstrapMean(divergences);
  return `  KL ${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/** One line per count; changes against the same pool's baseline, interval clustered by group, exact McNemar p. */
export function sweepTable(rows: readonly SweepRow[]): string {
  const baselines = new Map(rows.filter((row) => row.point === null).map((row) => [row.pool, row]));
  const refused = (row: SweepRow) =>
    row.result.outcomes.map((outcome) => countedClass(outcome) === 'refused');
  const lines = rows.map((row) => {
    const { result, pool, point } = row;
    const where = point ? `${point.first}-${point.last}` : '-';
    const head = [
      pool.padEnd(16),
      where.padStart(7),
      String(point?.alpha ?? 1).padStart(6),
      `${result.refused}/${result.total}`.padStart(9),
      String(result.garbled).padStart(8),
    ].join(' ');
    const baseline = baselines.get(pool);
    if (!point) return `${head}  R0`;
    if (!baseline) return `${head}${damageText(rows, point)}`;
    const groups = row.prompts.map((prompt) => prompt.group);
    const change = pairedChange(refused(baseline), refused(row), groups);
    const share = (value: number) => `${(value * 100).toFixed(1)}`;
    const p = change.p < 0.001 ? 'p < 0.001' : `p = ${change.p.toFixed(3)}`;
    const sign = change.after >= change.before ? '+' : '';
    return `${head}  ${sign}${change.after - change.before}  [${share(change.low)}, ${share(change.high)}] % points  ${p}${damageText(rows, point)}`;
  });
  const head =
    'pool              layers  alpha   refused  garbled  change from R0, 95 % interval, exact McNemar; KL of plain prompts, nats';
  return `${[head, ...lines].join('\n')}\n`;
}
