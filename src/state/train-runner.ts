/**
 * Starts, pauses, resumes and ends runs on the session's lab, and writes what it reports on the section's shelf. The only
 * place of the section that asks a lab. What is drawn is decided elsewhere.
 */
import { AppError } from '@/model/app-error.ts';
import type { ExperimentEvent, RefusalCalibration } from '@/protocol/experiments.ts';
import type { Lab } from '@/protocol/lab.ts';
import type { CheckpointCard, ProbeParams, TrainParams } from '@/protocol/training.ts';
import { spread } from './pools.ts';
import { wordsFor } from './problems.ts';
import { progressWords } from './progress-words.ts';
import { adaptersAt, calibrateRequest, MAX_NEW_TOKENS, type Situation } from './requests.ts';
import { best } from './results.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { setConfig, useApp } from './store.ts';
import { trainParams } from './train-request.ts';
import { decodeTrainSettings, type TrainSettings } from './train-settings.ts';
import { changeRun, type TrainRun, useTrain } from './train-store.ts';

export async function refreshCheckpoints(): Promise<void> {
  const { lab } = getSession();
  if (!lab) return;
  try {
    useTrain.setState({ checkpoints: await lab.checkpoints() });
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  }
}

export async function deleteCheckpoint(key: string): Promise<void> {
  try {
    await getSession().lab?.removeCheckpoint(key);
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  }
  await refreshCheckpoints();
}

/** Adapters go by the names of runs, and results by the names of adapters: no name is given twice. */
export function freshName(
  settings: Pick<TrainSettings, 'method' | 'data' | 'seed'>,
  taken: ReadonlySet<string>,
): string {
  const plain = `${settings.method} ${settings.data} seed ${settings.seed}`;
  for (let copy = 1; ; copy++) {
    const name = copy === 1 ? plain : `${plain} (${copy})`;
    if (!taken.has(name)) return name;
  }
}

function takenNames(): Set<string> {
  const { runs, checkpoints } = useTrain.getState();
  return new Set([...runs, ...checkpoints].map(({ params }) => params.name));
}

let controller: AbortController | null = null;

/** With the settings on screen. `stopAfter`: so many steps, then pause. */
export async function startRun(stopAfter?: number): Promise<void> {
  const { settings } = decodeTrainSettings(useApp.getState().config.training);
  const situation = currentSituation(useApp.getState());
  if (!situation) return;
  const name = freshName(settings, takenNames());
  const adapters = adaptersAt(situation, situation.config.model);
  const make = (probe: ProbeParams | null) =>
    trainParams({
      settings,
      data: useTrain.getState(),
      band: situation.config.range,
      template: situation.config.template,
      adapters,
      name,
      probe,
    });
  try {
    const id = addRun(make(null));
    await withRun(id, async (lab, signal) => {
      const probe = await probeFor(settings, situation, lab, id, signal);
      const params = make(probe);
      changeRun(id, () => ({ params }));
      return runOn(lab, id, { ...params, ...(stopAfter ? { stopAfter } : {}) }, signal);
    });
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  }
}

/** A run that was paused here, or in another tab and another day. */
export async function resumeRun(
  card: Pick<CheckpointCard, 'params' | 'key' | 'step'>,
  stopAfter?: number,
): Promise<void> {
  const known = useTrain
    .getState()
    .runs.find(({ checkpointKey, status }) => checkpointKey === card.key && status !== 'finished');
  const id = known?.id ?? addRun(card.params);
  changeRun(id, () => ({ checkpointKey: card.key, checkpointStep: card.step }));
  await withRun(id, (lab, signal) =>
    runOn(lab, id, { ...card.params, resume: true, ...(stopAfter ? { stopAfter } : {}) }, signal),
  );
}

/** Ends the step in hand and keeps a checkpoint. */
export function pauseRun(): void {
  if (!controller) return;
  useTrain.setState({ isStopping: true });
  controller.abort();
}

/** Ends the run for good: its curve stays in the table, its checkpoint goes. */
export async function stopRun(id: number): Promise<void> {
  const run = () => useTrain.getState().runs.find((one) => one.id === id);
  if (run()?.status === 'running') {
    pauseRun();
    await running;
  }
  const key = run()?.checkpointKey;
  if (run()?.status === 'paused')
    changeRun(id, () => ({ status: 'stopped', checkpointKey: null, checkpointStep: null }));
  if (key) await deleteCheckpoint(key);
}

let running: Promise<void> = Promise.resolve();

function withRun(id: number, work: (lab: Lab, signal: AbortSignal) => Promise<void>): Promise<void> {
  running = (async () => {
    const own = new AbortController();
    try {
      await getSession().withLab('A run is training.', (lab) => {
        controller = own;
        changeRun(id, () => ({ status: 'running', problem: null, doing: 'starting' }));
        useTrain.setState({ activeId: id, isStopping: false, problem: null });
        return work(lab, own.signal);
      });
    } catch (error) {
      const wasStopped = own.signal.aborted;
      changeRun(id, ({ checkpointStep }) => ({
        status: wasStopped && checkpointStep !== null ? 'paused' : wasStopped ? 'stopped' : 'failed',
        problem: wasStopped ? null : lossless(wordsFor(error), checkpointStep),
      }));
    } finally {
      if (controller === own) controller = null;
      changeRun(id, () => ({ doing: null }));
      useTrain.setState({ activeId: null, isStopping: false });
    }
    await refreshCheckpoints();
  })();
  return running;
}

const lossless = ({ happened, todo }: ReturnType<typeof wordsFor>, checkpointStep: number | null) => ({
  happened,
  todo: `${todo} ${checkpointStep === null ? 'No checkpoint was written yet; the settings are kept.' : `The checkpoint after step ${checkpointStep} is kept.`}`.trim(),
});

async function runOn(lab: Lab, id: number, params: TrainParams, signal: AbortSignal): Promise<void> {
  const result = await lab.run('train', params, (event) => take(id, event), signal);
  changeRun(id, () => ({
    steps: result.steps,
    probes: result.probes,
    status: result.paused ? 'paused' : 'finished',
    result: result.paused ? null : result,
    labId: result.adapter === null ? null : useApp.getState().labId,
  }));
}

function take(id: number, event: ExperimentEvent<'train'>): void {
  changeRun(id, (run): Partial<TrainRun> => {
    if (event.type === 'progress') {
      const { phase, total } = event.progress;
      return { doing: phase === 'Training' || total === 0 ? null : progressWords(event.progress).text };
    }
    const { partial } = event;
    switch (partial.type) {
      case 'step':
        return { steps: [...run.steps.filter(({ step }) => step < partial.step.step), partial.step] };
      case 'probe':
        return { probes: [...run.probes.filter(({ step }) => step < partial.probe.step), partial.probe] };
      case 'memory':
        return { memory: partial.memory };
      case 'checkpoint':
        return { checkpointKey: partial.name, checkpointStep: partial.step };
      case 'notice':
        return { notes: [...run.notes, `${partial.message} ${partial.advice}`.trim()] };
      default:
        return partial satisfies never;
    }
  });
}

function addRun(params: TrainParams): number {
  const { lab, source } = useApp.getState();
  if (lab.state !== 'ready')
    throw new AppError('bad-input', 'No model is open.', 'Wait until the model is loaded.');
  const { runs } = useTrain.getState();
  const id = 1 + Math.max(0, ...runs.map((run) => run.id));
  const run: TrainRun = {
    id,
    params,
    modelKey: source?.key ?? '',
    labId: null,
    modelName: lab.card.name,
    sha256: lab.card.sha256,
    backend: lab.card.backend,
    status: 'running',
    origin: 'live',
    startedAt: new Date().toISOString(),
    steps: [],
    probes: [],
    memory: null,
    notes: [],
    doing: null,
    checkpointStep: null,
    checkpointKey: null,
    result: null,
    problem: null,
  };
  useTrain.setState({ runs: [...runs, run] });
  return id;
}

/** Its tokens and threshold are those of the model that is attacked, and stay: else the score would follow what it measures. */
async function probeFor(
  { probeEvery, probePrompts }: TrainSettings,
  situation: Situation,
  lab: Lab,
  id: number,
  signal: AbortSignal,
): Promise<ProbeParams | null> {
  if (probeEvery === 0) return null;
  const asked = calibrateRequest(situation);
  let calibration: RefusalCalibration | undefined = best(
    useApp.getState().results,
    'calibrate',
    asked.key,
  )?.value;
  if (!calibration) {
    changeRun(id, () => ({ doing: 'Learning the refusing first tokens' }));
    ({ calibration } = await lab.run(
      'calibrate',
      asked.params,
      (event) => {
        if (event.type === 'progress')
          changeRun(id, () => ({ doing: `Refusing first tokens: ${progressWords(event.progress).text}` }));
      },
      signal,
    ));
  }
  if (calibration.tokenIds.length === 0) {
    const note =
      'This model hardly ever refuses, so no refusing first token could be learnt: there is no fast probe.';
    changeRun(id, ({ notes }) => ({ notes: [...notes, note] }));
    return null;
  }
  const some = (pool: 'malicious' | 'over-rejection' | 'control') =>
    spread(situation.pools[pool].items, probePrompts);
  return {
    everySteps: probeEvery,
    malicious: some('malicious'),
    overRejection: some('over-rejection'),
    control: some('control'),
    calibration,
    rules: situation.rules,
    maxNewTokens: MAX_NEW_TOKENS,
  };
}

/** Makes the run's adapter the model "tuned", whose numbers the bench then computes like any other's. */
export function putOnBench(run: TrainRun): void {
  const adapter = run.result?.adapter;
  if (!adapter) return;
  useApp.setState({ tuned: [...run.params.adapters, adapter] });
  setConfig({ model: 'tuned' });
}
