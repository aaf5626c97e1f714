/**
 * Starts, pauses, resumes and ends runs on the session's lab, and writes what it reports on the section's shelf. The only
 * place of the section that asks a lab. What is drawn is decided elsewhere.
 */
import { AppError } from '@/model/app-error.ts';
import type { ExperimentEvent } from '@/protocol/experiments.ts';
import type { Lab } from '@/protocol/lab.ts';
import type { CheckpointCard, ProbeParams, TrainParams } from '@/protocol/training.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { wordsFor } from './problems.ts';
import { progressWords } from './progress-words.ts';
import { adaptersAt } from './requests.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { setConfig, useApp } from './store.ts';
import { measuresFor, probeFor } from './train-looks.ts';
import { forgetRun } from './train-memory.ts';
import { trainParams } from './train-request.ts';
import { decodeTrainSettings, type TrainSettings } from './train-settings.ts';
import { changeRun, isInLab, type TrainRun, useTrain } from './train-store.ts';

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
  const measures = measuresFor(settings, situation, useTrain.getState());
  const make = (probe: ProbeParams | null) =>
    trainParams({
      settings,
      data: useTrain.getState(),
      band: situation.config.range,
      template: situation.config.template,
      adapters,
      name,
      probe,
      measures,
    });
  try {
    const id = addRun(make(null));
    await withRun(id, async (lab, signal) => {
      const say = (doing: string) => changeRun(id, () => ({ doing }));
      const { probe, note } = await probeFor(settings, situation, lab, say, signal);
      if (note) changeRun(id, ({ notes }) => ({ notes: [...notes, note] }));
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
  const app = useApp.getState();
  // Also one that ended in a tab that is gone: its adapter comes back with its last checkpoint.
  const known = useTrain
    .getState()
    .runs.find((run) => !isInLab(run, app) && (run.checkpointKey === card.key || isSameRun(run, card)));
  const id = known?.id ?? addRun(card.params);
  changeRun(id, () => ({ checkpointKey: card.key, checkpointStep: card.step, ...presentModel() }));
  await withRun(id, (lab, signal) =>
    runOn(lab, id, { ...card.params, resume: true, ...(stopAfter ? { stopAfter } : {}) }, signal),
  );
}

const isSameRun = ({ params }: TrainRun, card: Pick<CheckpointCard, 'params'>) =>
  params.name === card.params.name &&
  params.seed === card.params.seed &&
  params.optimiser.steps === card.params.optimiser.steps;

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
    ...(result.measures ? { measured: result.measures } : {}),
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
      case 'measures':
        return { measured: { ...run.measured, [partial.when]: partial.measures } };
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

/** The open model, as a run remembers it. */
function presentModel(): Pick<
  TrainRun,
  'modelKey' | 'modelName' | 'sha256' | 'backend' | 'origin' | 'from' | 'isShipped'
> {
  const { lab, source } = useApp.getState();
  if (lab.state !== 'ready')
    throw new AppError('bad-input', 'No model is open.', 'Wait until the model is loaded.');
  const { name, sha256, backend } = lab.card;
  const modelKey = source?.key ?? '';
  return { modelKey, modelName: name, sha256, backend, origin: 'live', from: null, isShipped: false };
}

function addRun(params: TrainParams): number {
  const { runs } = useTrain.getState();
  const id = 1 + Math.max(0, ...runs.map((run) => run.id));
  const run: TrainRun = {
    id,
    params,
    ...presentModel(),
    labId: null,
    status: 'running',
    startedAt: new Date().toISOString(),
    steps: [],
    probes: [],
    measured: {},
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

/** Takes a run out of the table, and its adapter out of the lab; a checkpoint stays. */
export async function removeRun(id: number): Promise<void> {
  const { runs, activeId } = useTrain.getState();
  const run = runs.find((one) => one.id === id);
  if (!run || id === activeId) return;
  const app = useApp.getState();
  const adapter = run.result?.adapter;
  if (adapter && isInLab(run, app)) {
    if (app.tuned?.includes(adapter)) {
      if (app.config.model === 'tuned') setConfig({ model: DEFAULT_CONFIG.model });
      useApp.setState({ tuned: null });
    }
    try {
      await getSession().withLab('An adapter is being removed.', (lab) => lab.removeAdapter(adapter));
    } catch (error) {
      return useTrain.setState({ problem: wordsFor(error) });
    }
  }
  forgetRun(run.startedAt, run.params.name);
  useTrain.setState((state) => ({ runs: state.runs.filter((one) => one.id !== id), problem: null }));
}

/** Makes the run's adapter the model "tuned", whose numbers the bench then computes like any other's. */
export function putOnBench(run: TrainRun): void {
  const adapter = run.result?.adapter;
  if (!adapter) return;
  useApp.setState({ tuned: [...run.params.adapters, adapter] });
  setConfig({ model: 'tuned' });
}
