/** One training run from a terminal: its log, its progress, and the files it leaves. Shared by `train` and scripts/align.ts. */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '@/model/app-error.ts';
import type { ExperimentEvent } from '@/protocol/experiments.ts';
import type { TrainEvent, TrainParams, TrainResult, TrainStep } from '@/protocol/training.ts';
import { inWords } from '@/training/memory-estimate.ts';
import { writeWholeFile } from './files.ts';
import type { RunWriter } from './run-writer.ts';
import { measuresText } from './train-measures.ts';

export const CHECKPOINT_FOLDER = 'checkpoints';
export const ADAPTER_FOLDER = 'adapter';
const LOG_FILE = 'log.jsonl';
const RUN_FILE = 'run.json';

export interface TrainedRun {
  output: string;
  /** Written into the adapter as its base model. */
  baseModel: string;
  /** Said where a run was stopped: how to go on. */
  resumeHint: string;
}

/**
 * Trains, logs every step as it comes, writes adapter and run file.
 * @throws AppError 'cancelled' when the person stopped it: a checkpoint is there
 */
export async function trainAndWrite(
  writer: RunWriter,
  params: TrainParams,
  { output, baseModel, resumeHint }: TrainedRun,
): Promise<TrainResult> {
  const { lab, display } = writer.session;
  mkdirSync(output, { recursive: true });
  const log = (line: object) => appendFileSync(path.join(output, LOG_FILE), `${JSON.stringify(line)}\n`);
  log({
    type: params.resume ? 'resumed' : 'started',
    at: new Date().toISOString(),
    settings: writer.head.settings,
  });
  const recent: TrainStep[] = [];
  const onEvent = (event: ExperimentEvent<'train'>) => {
    if (event.type === 'progress') {
      display.show(event.progress, event.progress.phase === 'Training' ? stepInWords(recent) : '');
      return;
    }
    log(event.partial);
    if (event.partial.type === 'step') recent.push(event.partial.step);
    if (recent.length > 5) recent.shift();
    const said = sentence(event.partial);
    if (said) display.say(said);
  };
  const result = await writer.run('train', params.name, params, onEvent);
  if (result.paused) {
    log({ type: 'paused', at: new Date().toISOString(), step: result.steps.length });
    throw new AppError(
      'cancelled',
      `Stopped after step ${result.steps.length} of ${params.optimiser.steps}; the checkpoint is in ${path.join(output, CHECKPOINT_FOLDER)}.`,
      resumeHint,
    );
  }
  const folder = path.join(output, ADAPTER_FOLDER);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of await lab.exportAdapter(result.adapter!, baseModel)) {
    writeWholeFile(path.join(folder, name), bytes);
  }
  // Steps, probes and measures have lines of their own.
  const { steps: _s, probes: _p, measures: _m, ...rest } = result;
  log({ type: 'finished', at: new Date().toISOString(), ...rest });
  writer.write(path.join(output, RUN_FILE));
  // Everything they were for is written.
  rmSync(path.join(output, CHECKPOINT_FOLDER), { recursive: true, force: true });
  return result;
}

/** "loss 2.310, 840 tokens/s" over the latest steps. */
function stepInWords(recent: readonly TrainStep[]): string {
  const last = recent.at(-1);
  if (!last) return '';
  const tokens = recent.reduce((sum, { sequenceTokens }) => sum + sequenceTokens, 0);
  const seconds = recent.reduce((sum, { stepMs }) => sum + stepMs, 0) / 1000;
  return `loss ${last.loss.toFixed(3)}, ${Math.round(tokens / seconds)} tokens/s`;
}

function sentence(event: TrainEvent): string | null {
  switch (event.type) {
    case 'notice':
      return `Note: ${event.message}${event.advice ? ` ${event.advice}` : ''}`;
    case 'memory':
      return `About ${inWords(event.memory.total)} of memory at most.`;
    case 'probe': {
      const { step, maliciousRefused, maliciousTotal, overRejected, overRejectionTotal, ...control } =
        event.probe;
      return `Step ${step}: refuses ${maliciousRefused} of ${maliciousTotal} malicious, ${overRejected} of ${overRejectionTotal} over-rejection, ${control.controlRefused} of ${control.controlTotal} plain prompts (first token).`;
    }
    case 'measures':
      return `Measured ${event.when} training, ${Math.round(event.measures.elapsedMs / 1000)} s.`;
    case 'step':
    case 'checkpoint':
      return null;
    default:
      return event satisfies never;
  }
}

/** What came out, for stdout. */
export function resultText(result: TrainResult, output: string): string {
  const { steps, trainedParameters, frozenParameters, proof, heldOutLoss, measures } = result;
  const mean = (list: readonly number[]) =>
    list.reduce((sum, one) => sum + one, 0) / Math.max(1, list.length);
  const tenth = Math.max(1, Math.floor(steps.length / 10));
  const losses = steps.map(({ loss }) => loss);
  const frozen = proof.filter((layer) => layer.frozen);
  const same = frozen.filter(
    ({ hashBefore, hashAfter, updateNorm }) => hashBefore === hashAfter && updateNorm === 0,
  );
  const norms = proof.filter((layer) => !layer.frozen).map(({ updateNorm }) => updateNorm);
  const seconds = steps.reduce((sum, { stepMs }) => sum + stepMs, 0) / 1000;
  return [
    `loss ${mean(losses.slice(0, tenth)).toFixed(4)} -> ${mean(losses.slice(-tenth)).toFixed(4)} (first and last tenth of ${steps.length} steps)`,
    heldOutLoss ? `held-out loss ${heldOutLoss.before.toFixed(4)} -> ${heldOutLoss.after.toFixed(4)}` : null,
    `${trainedParameters} parameters trained, ${frozenParameters} held back`,
    frozen.length > 0
      ? `${same.length} of ${frozen.length} frozen layers are bit for bit as before`
      : 'no layer was frozen',
    `norm of the update per trained layer: ${Math.min(...norms).toPrecision(3)} to ${Math.max(...norms).toPrecision(3)}`,
    `${(seconds / steps.length).toFixed(2)} s per step`,
    ...(measures ? measuresText(measures) : []),
    `written to ${output}`,
  ]
    .filter((line) => line !== null)
    .map((line) => `${line}\n`)
    .join('');
}
