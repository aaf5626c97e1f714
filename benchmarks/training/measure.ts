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
  steps: KindFigures[];
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
  const turns: Array<[Contestant, StepKind]> = [[node, 'lora']];
  if (typeof pytorch !== 'string') turns.push([pytorch, 'lora']);
  turns.push([wasm, 'lora'], [node, 'lora-band']);
  const steps = await takeTurns(turns, ROUNDS.lora);
  for (const one of [node, pytorch, wasm]) if (typeof one !== 'string') one.close();
  // A process of its own, so that its memory is its own.
  const full = await nodeContestant(model, threads);
  steps.push(
    ...(await takeTurns(
      [
        [full, 'full'],
        [full, 'full-band'],
      ],
      ROUNDS.full,
    )),
  );
  full.close();
  return { threads, remarks, steps };
}

/** Every kind once for warming up, then `rounds` times one after the other: what else the machine does meets all alike. */
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
    for (const [at, [contestant, kind]] of turns.entries()) {
      const { wallMs, cpuMs }: StepFigures = await contestant.step(kind);
      figures[at]!.wallMs.push(wallMs);
      if (cpuMs !== undefined) figures[at]!.cpuMs.push(cpuMs);
    }
  }
  return figures;
}

export function trainingReport({ threads, remarks, steps }: TrainingFigures): string {
  const find = (contestant: string, kind: StepKind) =>
    steps.find((one) => one.contestant.startsWith(contestant) && one.kind === kind);
  const lines = steps.map(({ contestant, kind, wallMs, cpuMs, peakMiB }) => {
    const cpu = cpuMs.length > 0 ? `, ${inSeconds(cpuMs)} of processor time` : '';
    const memory = peakMiB === null ? '' : `, ${peakMiB.toFixed(0)} MiB at most`;
    return `  ${contestant}, ${kind}: ${inSeconds(wallMs)}${cpu}${memory}`;
  });
  const ratio = (what: string, asked: string, a?: KindFigures, b?: KindFigures) => {
    if (!a || !b) return [];
    const cpu =
      a.cpuMs.length > 0 && b.cpuMs.length > 0 ? `, ${quotient(a.cpuMs, b.cpuMs)} of processor time` : '';
    return [`  ${what}: ${quotient(a.wallMs, b.wallMs)}${cpu} (asked: ${asked})`];
  };
  const node = find('onnxruntime-node', 'lora');
  const losses = steps.filter(({ kind }) => kind === 'lora').map(({ firstLoss }) => firstLoss.toFixed(5));
  return [
    `\ntraining steps on ${threads} threads, median of ${steps[0]!.wallMs.length}, taken in turns`,
    ...lines,
    `  loss before the first update, which all must share: ${losses.join(', ')}`,
    ...ratio('node / PyTorch', 'at most 1', node, find('PyTorch', 'lora')),
    ...ratio('WASM / node', 'at most 2', find('WASM', 'lora'), node),
    ...ratio('band frozen / all layers, LoRA', 'below 1', find('onnxruntime-node', 'lora-band'), node),
    ...ratio(
      'band frozen / all layers, full parameters',
      'below 1',
      find('onnxruntime-node', 'full-band'),
      find('onnxruntime-node', 'full'),
    ),
    ...remarks.map((remark) => `  ${remark}`),
  ].join('\n');
}

const inSeconds = (ms: readonly number[]) => `${(median(ms)! / 1000).toFixed(2)} s`;
/** The median of the ratios of one round: what the machine did meanwhile cancels. */
const quotient = (a: readonly number[], b: readonly number[]) =>
  median(a.map((value, round) => value / b[round]!))!.toFixed(3);
