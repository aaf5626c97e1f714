/**
 * Records the experiment on fine-tuning: `npm run record:training [-- --output runs/training]`. Every run of
 * training-cells.ts becomes one run file there; what is there is never computed again, so the command may be stopped and
 * started at will. About two hours on two idle cores. `npm run results:training` packs the files for the page and writes the tables.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import type { MeasureParams } from '@/protocol/measures.ts';
import type { ProbeParams, TrainParams } from '@/protocol/training.ts';
import { adaptersOf } from '@/state/config.ts';
import { writeWholeFile } from '../cli/files.ts';
import { limited, shippedPool } from '../cli/pools.ts';
import { RunWriter } from '../cli/run-writer.ts';
import { type OpenSession, withModel } from '../cli/session.ts';
import { measureParams, measuresText } from '../cli/train-measures.ts';
import { chooseRows } from '../cli/train-rows.ts';
import {
  cellName,
  HARMFUL_SHARE,
  HELD_OUT_ROWS,
  LOCATED_BAND,
  MEASURE_SIZES,
  optimiserOf,
  PROBE,
  partOf,
  type TrainingCell,
  trainingCells,
} from './training-cells.ts';

const MODEL = 'smollm2-135m-instruct';

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: 'runs/training' },
    threads: { type: 'string' },
    /** Only cells whose name contains this. */
    only: { type: 'string', default: '' },
  },
});

const say = (sentence: string) => process.stderr.write(`${new Date().toISOString()} ${sentence}\n`);

/** Learnt on the model that is attacked, before anything trains, once for each. */
async function calibrate(session: OpenSession, model: TrainingCell['model'], signal: AbortSignal) {
  const pools = [await shippedPool('malicious'), await shippedPool('over-rejection')];
  const { calibration } = await session.lab.run(
    'calibrate',
    {
      template: 'chat',
      setting: { adapters: adaptersOf(model), scale: [] },
      prompts: pools.flatMap((pool) => limited(pool, 32)),
      rules: DEFAULT_REFUSAL_RULES,
      maxNewTokens: MEASURE_SIZES.maxNewTokens,
    },
    undefined,
    signal,
  );
  return calibration;
}

function probe(measures: MeasureParams, calibration: RefusalCalibration): ProbeParams {
  const { everySteps, malicious, overRejection, control } = PROBE;
  return {
    everySteps,
    malicious: limited(measures.malicious, malicious),
    overRejection: limited(measures.overRejection, overRejection),
    control: limited(measures.control, control),
    calibration,
    rules: DEFAULT_REFUSAL_RULES,
    maxNewTokens: measures.maxNewTokens,
  };
}

async function paramsOf(
  cell: TrainingCell,
  session: OpenSession,
  measures: MeasureParams,
  calibration: RefusalCalibration,
): Promise<TrainParams> {
  const { model, data, method, part, seed } = cell;
  const request = { data, harmfulShare: HARMFUL_SHARE, heldOut: HELD_OUT_ROWS, seed };
  const { rows, heldOut } = await chooseRows(request, session.text);
  return {
    name: cellName(cell),
    template: 'chat',
    adapters: adaptersOf(model),
    method,
    band: LOCATED_BAND,
    part: partOf(part),
    data: { kind: data, ...(data === 'harmful' ? { harmfulShare: HARMFUL_SHARE } : {}), rows },
    safetyRows: [],
    heldOut,
    lossOn: 'response',
    optimiser: optimiserOf(part),
    seed,
    probe: probe(measures, calibration),
    measures,
    checkpointEvery: 0,
  };
}

async function record(cell: TrainingCell, params: TrainParams, session: OpenSession, signal: AbortSignal) {
  const { lab } = session;
  const head = {
    kind: 'train' as const,
    template: params.template,
    seed: cell.seed,
    settings: { command: 'npm run record:training', ...cell },
    pools: {},
  };
  const writer = new RunWriter(session, head, signal);
  let lastPhase = '';
  const result = await writer.run('train', params.name, params, (event) => {
    if (event.type === 'progress' && event.progress.phase !== lastPhase) {
      lastPhase = event.progress.phase;
      say(`  ${lastPhase}`);
    }
  });
  if (result.paused) return;
  writeWholeFile(path.join(values.output, `${params.name}.json`), writer.text());
  for (const line of measuresText(result.measures!)) say(`  ${line}`);
  // Forty runs would fill the memory with what nobody asks for again.
  await lab.removeAdapter(result.adapter!);
  for (const { key } of await lab.checkpoints()) await lab.removeCheckpoint(key);
}

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());
const { signal } = interrupt;
mkdirSync(values.output, { recursive: true });
const open = trainingCells().filter(
  (cell) =>
    cellName(cell).includes(values.only) && !existsSync(path.join(values.output, `${cellName(cell)}.json`)),
);
say(`${open.length} of ${trainingCells().length} runs are still to be made`);
const terminal = { stdout: process.stdout, stderr: process.stderr, signal };
const options = {
  model: MODEL,
  adapter: [],
  backend: 'node' as const,
  threads: values.threads ? Number(values.threads) : undefined,
  quiet: true,
};
await withModel(options, { terminal, hash: true }, async (session) => {
  const measures = await measureParams(MEASURE_SIZES);
  const calibrations = new Map<TrainingCell['model'], RefusalCalibration>();
  for (const cell of open) {
    if (signal.aborted) break;
    say(cellName(cell));
    const known = calibrations.get(cell.model) ?? (await calibrate(session, cell.model, signal));
    calibrations.set(cell.model, known);
    await record(cell, await paramsOf(cell, session, measures, known), session, signal);
  }
});
