/** Contestants take training steps in turns: medians, ratios, memory. `npm run bench -- training`. */
import { median } from 'd3';
import type { Page } from 'playwright-core';
import {
  type Contestant,
  chromiumContestant,
  nodeContestant,
  pytorchContestant,
  type StepFigures,
} from './contestants.ts';
import { ROUNDS, type StepKind, THREADS } from './plan.ts';

/** One contestant's steps of one kind, the first left out: it compiles and allocates. */
export interface KindFigures {
  contestant: string;
  kind: StepKind;
  wallMs: number[];
  cpuMs: number[];
  /** After its first kind of step alone had run; later kinds share the process. */
  peakMiB: number | null;
  firstLoss: number;
}

export interface TrainingFigures {
  threads: number;
  remarks: string[];
  /** The same step by everyone. */
  steps: KindFigures[];
  /** Every layer against all but the band, in one process. */
  bands: Array<{ all: KindFigures; band: KindFigures }>;
}

export async function measureTraining(
  model: string,
  browser: { page: Page; modelUrl: string },
): Promise<TrainingFigures> {
  const threads = Number(process.env.BENCH_THREADS ?? THREADS);
  const remarks: string[] = [];
  const node = await nodeContestant(model, threads);
  const pytorch = await pytorchContestant(model, threads);
  if (typeof pytorch === 'string') remarks.push(pytorch);
  const wasm = await chromiumContestant(browser.page, browser.modelUrl, threads);
  const bands: TrainingFigures['bands'] = [];
  const turns: Array<[Contestant, StepKind]> = [[node, 'lora']];
  if (typeof pytorch !== 'string') turns.push([pytorch, 'lora']);
  turns.push([wasm, 'lora']);
  const steps = await takeTurns(turns, ROUNDS.lora);
  for (const one of [node, pytorch, wasm]) if (typeof one !== 'string') one.close();
  const pairs: Array<[all: StepKind, band: StepKind, rounds: number]> = [
    ['lora', 'lora-band', ROUNDS.lora],
    ['full', 'full-band', ROUNDS.full],
  ];
  for (const [all, band, rounds] of pairs) {
    // A process of its own, so that its memory is its own and no other contestant has just had the cores.
    const alone = await nodeContestant(model, threads);
    const [ofAll, ofBand] = await takeTurns(
      [
        [alone, all],
        [alone, band],
      ],
      rounds,
    );
    bands.push({ all: ofAll!, band: ofBand! });
    alone.close();
  }
  return { threads, remarks, steps, bands };
}

/**
 * Every kind once for warming up, then `rounds` times one after the other, every other time the other way round: what else the
 * machine does, and who went before, meets all alike.
 */
async function takeTurns(
  turns: ReadonlyArray<readonly [Contestant, StepKind]>,
  rounds: number,
): Promise<KindFigures[]> {
  const figures: KindFigures[] = [];
  for (const [contestant, kind] of turns) {
    const first = await contestant.step(kind);
    const alone = !figures.some((one) => one.contestant === contestant.name);
    const peakMiB = alone ? ((await contestant.step(kind)).peakMiB ?? null) : null;
    figures.push({
      contestant: contestant.name,
      kind,
      wallMs: [],
      cpuMs: [],
      peakMiB,
      firstLoss: first.loss,
    });
  }
  for (let round = 0; round < rounds; round++) {
    const order = [...turns.entries()];
    for (const [at, [contestant, kind]] of round % 2 === 0 ? order : order.reverse()) {
      // Training steps follow one another; the first after a pause finds the memory cold and is nobody's figure.
      await contestant.step(kind);
      const { wallMs, cpuMs }: StepFigures = await contestant.step(kind);
      figures[at]!.wallMs.push(wallMs);
      if (cpuMs !== undefined) figures[at]!.cpuMs.push(cpuMs);
    }
  }
  return figures;
}

export function trainingReport({ threads, remarks, steps, bands }: TrainingFigures): string {
  const find = (contestant: string) => steps.find((one) => one.contestant.startsWith(contestant));
  const lines = [...steps, ...bands.flatMap(({ all, band }) => [all, band])].map(
    ({ contestant, kind, wallMs, cpuMs, peakMiB }) => {
      const cpu = cpuMs.length > 0 ? `, ${inSeconds(cpuMs)} of processor time` : '';
      const memory = peakMiB === null ? '' : `, ${peakMiB.toFixed(0)} MiB at most`;
      return `  ${contestant}, ${kind}: ${inSeconds(wallMs)}${cpu}${memory}`;
    },
  );
  const ratio = (what: string, asked: string, a?: KindFigures, b?: KindFigures) => {
    if (!a || !b) return [];
    const cpu =
      a.cpuMs.length > 0 && b.cpuMs.length > 0 ? `, ${quotient(a.cpuMs, b.cpuMs)} of processor time` : '';
    return [`  ${what}: ${quotient(a.wallMs, b.wallMs)}${cpu} (asked: ${asked})`];
  };
  const node = find('onnxruntime-node');
  const losses = steps.map(({ firstLoss }) => firstLoss.toFixed(5));
  return [
    `\ntraining steps on ${threads} threads, median of ${steps[0]!.wallMs.length}, taken in turns`,
    ...lines,
    `  loss before the first update, which all must share: ${losses.join(', ')}`,
    ...ratio('node / PyTorch', 'at most 1', node, find('PyTorch')),
    ...ratio('WASM / node', 'at most 2', find('WASM'), node),
    ...bands.flatMap(({ all, band }) => ratio(`${band.kind} / ${all.kind}`, 'below 1', band, all)),
    ...remarks.map((remark) => `  ${remark}`),
  ].join('\n');
}

const inSeconds = (ms: readonly number[]) => `${(median(ms)! / 1000).toFixed(2)} s`;
/** The median of the ratios of one round: what the machine did meanwhile cancels. */
const quotient = (a: readonly number[], b: readonly number[]) =>
  median(a.map((value, round) => value / b[round]!))!.toFixed(3);
