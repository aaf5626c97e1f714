/**
 * Effect and damage of one changed model, seen together: how many prompts of a pool are refused by first-token score, and
 * how far the first token of harmless prompts has moved (KL divergence). Every counting control is a list of cells for it.
 */
import type { ModelSetting } from '@/engine/engine.ts';
import { klDivergence } from '@/method/divergence.ts';
import { refusalScore } from '@/method/first-token.ts';
import { bootstrapMean } from '@/method/mean-interval.ts';
import { pairedTest } from '@/method/range-sweep.ts';
import type { ControlMeasure, ControlPool, ControlRow } from '@/protocol/controls.ts';
import { renderPool } from '../context.ts';
import { streamEvents } from '../event-stream.ts';
import type { ControlEvent, ControlRun } from './control.ts';
import { adjusted, countRow, valueRow } from './rows.ts';

/** One changed model. Labels tell cells apart, also when an interrupted run is taken up again. */
export interface Cell {
  label: string;
  series: string;
  x: number;
  last?: number;
  setting: ModelSetting;
}

/** Series and label of the model that all cells are compared with. */
export const UNCHANGED = 'unchanged';

export interface CellsResult {
  rows: ControlRow[];
  measures: ControlMeasure[];
  /** Prompts refused by the unchanged model, of `total`. */
  unchanged: number;
  total: number;
}

const POOL_WORDS: Record<ControlPool, string> = {
  normal: 'normal prompts',
  malicious: 'malicious prompts',
  matchedNormal: 'matched normal prompts',
  matchedMalicious: 'matched malicious prompts',
  counted: 'over-rejection prompts',
  harmless: 'harmless prompts',
};

/**
 * Runs the unchanged model and every cell; yields the rows of each cell as it is done. Damage is measured where the
 * harmless pool has prompts. `from` is what the cells are compared with; default: the setting without its scaling.
 */
export async function* runCells(
  run: ControlRun,
  cells: readonly Cell[],
  pool: ControlPool = 'counted',
  from: ModelSetting = { ...run.params.setting, scale: [] },
): AsyncGenerator<ControlEvent, CellsResult, void> {
  const counted = run.params[pool];
  const { harmless } = run.params;
  const passes = new Passes(run, pool);
  const rowsPerCell = harmless.length > 0 ? 2 : 1;
  /** A cell that was cut off between its two rows is computed again. */
  const knownCell = (label: string) => {
    const found = run.known(label);
    return found?.length === rowsPerCell ? found : undefined;
  };
  const open = cells.filter((cell) => !knownCell(cell.label));
  const rows: ControlRow[] = [];
  const total = (open.length + 1) * passes.promptCount;
  let before: Pass | null = null;
  const known = run.known(UNCHANGED);
  if (open.length > 0 || !known) {
    before = yield* passes.run(from, UNCHANGED, 0, total);
    const place = { measure: 'refused', series: UNCHANGED, label: UNCHANGED, x: 0 };
    rows.push(countRow(place, before.refused));
    yield { type: 'partial', partial: rows[0]! };
  } else {
    rows.push(...known);
  }
  let done = 1;
  for (const cell of cells) {
    const earlier = knownCell(cell.label);
    if (earlier) {
      rows.push(...earlier);
      continue;
    }
    const { label, series, x, last } = cell;
    const after = yield* passes.run(cell.setting, label, done++ * passes.promptCount, total);
    const { p } = pairedTest(before!.refused, after.refused);
    const place = { series, label, x, ...(last === undefined ? {} : { last }) };
    const made = [countRow({ ...place, measure: 'refused', p }, after.refused)];
    if (harmless.length > 0) {
      const divergences = after.harmless.map((logits, at) => klDivergence(before!.harmless[at]!, logits));
      const interval = bootstrapMean(divergences, 1000, run.params.seed);
      made.push(valueRow({ ...place, measure: 'kl' }, interval.mean, interval, harmless.length));
    }
    for (const row of made) yield { type: 'partial', partial: row };
    rows.push(...made);
  }
  const unchanged = rows.find(({ label, measure }) => label === UNCHANGED && measure === 'refused')!.value;
  return {
    rows: adjusted(rows),
    measures: measuresOf(pool, counted.length, harmless.length, unchanged),
    unchanged,
    total: counted.length,
  };
}

function measuresOf(
  pool: ControlPool,
  counted: number,
  harmless: number,
  unchanged: number,
): ControlMeasure[] {
  const refused: ControlMeasure = {
    key: 'refused',
    label: `refused of ${counted} ${POOL_WORDS[pool]}`,
    unit: 'prompts',
    reference: unchanged,
    interval: '95 % Wilson interval of the count (first-token score)',
    test: 'exact McNemar against the unchanged model, prompt by prompt; adjusted by Benjamini and Hochberg',
  };
  const kl: ControlMeasure = {
    key: 'kl',
    label: `KL divergence of the first token, ${harmless} harmless prompts`,
    unit: 'nats',
    reference: 0,
    interval: '95 % bootstrap over prompts of the mean, 1000 replicates',
    test: 'none: any change moves the first token somewhat; compare sizes',
  };
  return harmless > 0 ? [refused, kl] : [refused];
}

interface Pass {
  refused: boolean[];
  /** Logits [V] of each harmless prompt. */
  harmless: Float32Array[];
}

/** Counted and harmless prompts in one call of the engine: they share the template's head. */
class Passes {
  readonly #sequences;
  readonly #countedCount;

  constructor(
    private readonly control: ControlRun,
    pool: ControlPool,
  ) {
    const { params, context } = control;
    const counted = renderPool(context.text, params[pool], params.template, pool);
    const harmless =
      params.harmless.length > 0
        ? renderPool(context.text, params.harmless, params.template, 'harmless')
        : [];
    this.#countedCount = counted.length;
    this.#sequences = [...counted, ...harmless].map(({ ids }) => ids);
  }

  get promptCount(): number {
    return this.#sequences.length;
  }

  async *run(
    setting: ModelSetting,
    phase: string,
    done: number,
    total: number,
  ): AsyncGenerator<ControlEvent, Pass, void> {
    const { progress, params, context, signal } = this.control;
    const { tokenIds, threshold } = params.calibration!;
    const pass: Pass = { refused: [], harmless: [] };
    let arrived = 0;
    yield progress(phase, done, total);
    yield* streamEvents<ControlEvent, unknown>(
      (emit, innerSignal) =>
        context.engine.logits(this.#sequences, setting, {
          signal: innerSignal,
          onItem: (index, logits) => {
            if (index < this.#countedCount) pass.refused[index] = refusalScore(logits, tokenIds) > threshold;
            else pass.harmless[index - this.#countedCount] = logits.slice();
            emit(progress(phase, done + ++arrived, total));
          },
        }),
      signal,
    );
    return pass;
  }
}
