/**
 * Ties the store to one lab: opens models, asks the scheduler for what wanted.ts names, puts answers on the shelf.
 * The only place that calls a lab. Which numbers are drawn, and how, is decided elsewhere.
 */
import { AppError } from '@/model/app-error.ts';
import type { ExperimentEvent, ExperimentMap, KeptKind, Progress } from '@/protocol/experiments.ts';
import type { Lab, ModelCard, ModelSource } from '@/protocol/lab.ts';
import { adaptersOf, type Config, DEFAULT_CONFIG } from './config.ts';
import { finished, partial } from './deliver.ts';
import { type FrameBatch, frameBatch } from './frame-batch.ts';
import { hubTokenFor, isRemote } from './hub-access.ts';
import { type Job, Scheduler } from './jobs.ts';
import { withOwn } from './own-adapters.ts';
import { wordsFor } from './problems.ts';
import { currentSituation } from './situation.ts';
import {
  type AppState,
  dismiss,
  notify,
  type OpenSource,
  putResults,
  setConfig,
  useApp,
  withResults,
} from './store.ts';
import { type Wanted, wantedWork } from './wanted.ts';
import { weightsOptions } from './weights-setting.ts';

export interface SessionParts {
  createLab(): Lab;
  /** Defaults to animation frames; tests pass their own. */
  schedule?: (callback: () => void) => void;
  /** How long nothing must move before exact decoding starts. */
  settleMs?: number;
}

const SETTLE_MS = 250;
/** What is said about one model goes when another is opened. */
const CARD_NOTICE = 'card-';

export class Session {
  readonly #parts: SessionParts;
  readonly #batch: FrameBatch<(state: AppState) => AppState>;
  #adapterCount = 0;
  #scheduler: Scheduler | null = null;
  #lab: Lab | null = null;
  #loading: AbortController | null = null;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #planned = false;
  readonly #unsubscribe: () => void;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    // One store update per frame, however many outcomes came in: every update makes all selectors look again.
    this.#batch = frameBatch((changes) => {
      useApp.setState((state) => changes.reduce((before, change) => change(before), state));
    }, parts.schedule);
    this.#unsubscribe = useApp.subscribe((state, before) => {
      if (state.config !== before.config) this.#moved(before.config, state.config);
      if (
        state.config !== before.config ||
        state.settled !== before.settled ||
        state.pools !== before.pools ||
        state.ownStack !== before.ownStack ||
        state.tuned !== before.tuned ||
        state.lentTo !== before.lentTo ||
        state.started !== before.started ||
        state.results.live !== before.results.live ||
        state.results.recorded !== before.results.recorded
      ) {
        this.#plan();
      }
    });
  }

  /**
   * Opens a model, or shows one that is known from a run file only. What was open is closed; its results stay. Where the
   * new one cannot be opened, the one before is opened again: a wrong file costs a message, not the page.
   */
  open(source: OpenSource): Promise<void> {
    const { source: before, config } = useApp.getState();
    dismiss('load');
    const wayBack = before && before.key !== source.key ? before : null;
    return this.#open(source, config.backend, wayBack);
  }

  async #open(source: OpenSource, backend: Config['backend'], wayBack: OpenSource | null): Promise<void> {
    await this.#closeLab();
    const loading = new AbortController();
    this.#loading = loading;
    this.#leaveTuned();
    const labId = useApp.getState().labId + 1;
    const fresh = { source, failures: {}, ...withOwn([]), tuned: null, labId };
    if (!source.source) return useApp.setState({ ...fresh, lab: { state: 'idle' } });
    useApp.setState(({ notices }) => ({
      ...fresh,
      lab: { state: 'loading', progress: null },
      notices: notices.filter(({ id }) => !id.startsWith(CARD_NOTICE)),
    }));
    try {
      const lab = this.#parts.createLab();
      this.#lab = lab;
      const card = await lab.load(
        source.source,
        { backend, ...weightsOptions(useApp.getState().config.weights), token: hubTokenFor(source.source) },
        (progress) => this.#batch.add((state) => this.#showLoading(state, loading, progress)),
        loading.signal,
      );
      if (loading.signal.aborted) return;
      this.#batch.flush();
      this.#ready(card);
    } catch (error) {
      if (loading.signal.aborted) return;
      await this.#loadFailed(source, backend, error, wayBack);
    }
  }

  /** Stops loading; recorded results stay visible, and so does what a download has brought. */
  async cancelLoading(): Promise<void> {
    await this.#closeLab();
    const stopped = isRemote(useApp.getState().source?.source ?? null)
      ? { happened: 'Loading is paused.', todo: 'What was downloaded is kept; go on when you like.' }
      : { happened: 'Loading was stopped.', todo: 'Load the model again when you like.' };
    useApp.setState({ lab: { state: 'failed', ...stopped } });
  }

  /**
   * Reads a person's adapter for the open model; "aligned" then means the model with it.
   * @throws AppError where there is no model, or the adapter is not one for it
   */
  async addAdapter(source: ModelSource, name: string): Promise<void> {
    const { lab } = useApp.getState();
    if (!this.#lab || lab.state !== 'ready') {
      throw new AppError(
        'bad-input',
        'An adapter needs its model, and none is open.',
        'Wait until the model is loaded, or open it first, then choose the adapter again.',
      );
    }
    // Results go by the names of adapters: each one needs a name of its own.
    this.#adapterCount += 1;
    const free = this.#adapterCount === 1 ? name : `${name} (${this.#adapterCount})`;
    const added = await this.#lab.addAdapter(source, free, { token: hubTokenFor(source) });
    const card = { ...lab.card, adapters: [...lab.card.adapters, added] };
    // It takes the place of those before, which stay to be switched on again.
    const others = useApp.getState().ownAdapters.map((one) => ({ ...one, isOn: false }));
    const own = [...others, { name: added.name, weight: 1, isOn: true }];
    useApp.setState({ lab: { state: 'ready', card }, ...withOwn(own) });
    setConfig({ model: 'aligned' });
  }

  /** The open lab, for what needs no turn of its own: checkpoints, files of adapters. Null where no model is open. */
  get lab(): Lab | null {
    return useApp.getState().lab.state === 'ready' ? this.#lab : null;
  }

  /**
   * Lends the lab: the bench's own work is interrupted and goes on afterwards. What breaks the worker is dealt with as
   * anywhere else, and thrown.
   * @param whatFor a sentence, e.g. "A run is training."
   * @throws AppError where no model is open, or the lab is lent already
   */
  async withLab<T>(whatFor: string, work: (lab: Lab) => Promise<T>): Promise<T> {
    const { lab } = this;
    const { lentTo } = useApp.getState();
    if (!lab) throw new AppError('bad-input', 'No model is open.', 'Wait until the model is loaded.');
    if (lentTo !== null) throw new AppError('bad-input', lentTo, 'Wait for its end, or stop it first.');
    useApp.setState({ lentTo: whatFor });
    this.#scheduler?.want([]);
    try {
      return await work(lab);
    } catch (error) {
      const isDead = error instanceof AppError && ['worker-crashed', 'device-lost'].includes(error.code);
      if (this.#lab === lab && isDead) this.#fallBack(error);
      throw error;
    } finally {
      useApp.setState({ lentTo: null });
    }
  }

  /** A lab of its own, without a model, closed afterwards; the one of the model rests meanwhile where it is there. */
  async withFreshLab<T>(whatFor: string, work: (lab: Lab) => Promise<T>): Promise<T> {
    const alone = async () => {
      const lab = this.#parts.createLab();
      try {
        return await work(lab);
      } finally {
        await lab.close();
      }
    };
    return this.lab ? this.withLab(whatFor, alone) : alone();
  }

  reload(): void {
    const { source } = useApp.getState();
    if (source) void this.open(source);
  }

  stop(slot: string): void {
    this.#scheduler?.stop(slot);
  }

  retry(slot?: string): void {
    useApp.setState(({ failures }) => {
      const left = { ...failures };
      for (const name of Object.keys(left)) if (slot === undefined || name === slot) delete left[name];
      return { failures: left };
    });
    this.#scheduler?.retry(slot);
  }

  /** A handle is taken (true) or let go (false): exact work waits until it has rested for a moment. */
  drag(dragging: boolean): void {
    useApp.setState({ dragging, settled: false });
    this.#settleSoon();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#settleTimer);
    await this.#closeLab();
  }

  #moved(before: Config, after: Config): void {
    if (before.backend !== after.backend || before.weights !== after.weights) return void this.reload();
    if (before.alpha === after.alpha && before.range === after.range && before.matrices === after.matrices)
      return;
    useApp.setState({ settled: false });
    this.#settleSoon();
  }

  #settleSoon(): void {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => {
      if (useApp.getState().dragging) return;
      useApp.setState({ settled: true });
    }, this.#parts.settleMs ?? SETTLE_MS);
  }

  #showLoading(state: AppState, loading: AbortController, progress: Progress): AppState {
    if (this.#loading !== loading || state.lab.state !== 'loading') return state;
    return { ...state, lab: { state: 'loading', progress } };
  }

  #ready(card: ModelCard): void {
    this.#scheduler = new Scheduler({
      onChange: () => this.#showWork(),
      onFailure: (job, error) => this.#failed(job, error),
    });
    useApp.setState({ lab: { state: 'ready', card } });
    setConfig(whatItOffers(card), { commit: false });
    if (card.templates.length === 0) {
      notify({
        id: `${CARD_NOTICE}tokenizer`,
        level: 'problem',
        happened: `${card.name} has no tokenizer, so no prompt can be given to it.`,
        todo: 'Open it together with its tokenizer.json and tokenizer_config.json.',
      });
    }
    // The backend's notes stand beside its name.
    for (const [index, sentence] of card.warnings.entries()) {
      notify({ id: `${CARD_NOTICE}${index}`, level: 'info', happened: sentence, todo: '' });
    }
    this.#plan();
  }

  async #loadFailed(
    source: OpenSource,
    backend: Config['backend'],
    error: unknown,
    wayBack: OpenSource | null = null,
  ): Promise<void> {
    const { happened, todo } = wordsFor(error);
    const gpuTrouble =
      error instanceof AppError && ['no-backend', 'device-lost', 'out-of-memory'].includes(error.code);
    if (gpuTrouble && backend !== 'wasm') {
      notify({
        id: 'backend',
        level: 'info',
        happened: `${happened} WebAssembly is used instead.`,
        todo: '',
      });
      return this.#open(source, 'wasm', wayBack);
    }
    if (wayBack) {
      notify({
        id: 'load',
        level: 'problem',
        happened,
        todo: `${todo} ${wayBack.name} is opened again.`.trim(),
        action: { label: 'Try again', run: () => void this.open(source) },
      });
      return this.#open(wayBack, useApp.getState().config.backend, null);
    }
    await this.#closeLab();
    useApp.setState({ lab: { state: 'failed', happened, todo } });
    notify({
      id: 'load',
      level: 'problem',
      happened,
      todo: `${todo} Your settings and everything computed so far are kept.`.trim(),
      action: { label: 'Load again', run: () => this.reload() },
    });
  }

  /** What was trained lives in the lab that is closed now: its numbers cannot go on. */
  #leaveTuned(): void {
    const { config, tuned } = useApp.getState();
    if (config.model !== 'tuned') return;
    setConfig({ model: DEFAULT_CONFIG.model }, { commit: false });
    notify({
      id: 'tuned',
      level: 'info',
      happened: `The tuned model${tuned ? ` (${tuned.at(-1)})` : ''} was in the tab’s memory and is gone with the model that was open.`,
      todo: 'Where it has a checkpoint, open that in the Train section; a saved adapter can be dropped on the page.',
    });
  }

  /** Many store changes in one tick make one plan. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      const state = useApp.getState();
      const situation = currentSituation(state);
      if (!situation || state.lentTo !== null || state.lab.state !== 'ready' || !this.#scheduler) return;
      if (state.lab.card.templates.length === 0) return;
      const { layerCount } = state.lab.card.spec;
      const settled = state.settled && !state.dragging;
      const { results, started } = state;
      const wanted = wantedWork({ situation, results, layerCount, settled, started });
      this.#scheduler.want(wanted.map((work) => this.#job(work)));
    });
  }

  #job(work: Wanted): Job {
    const { slot, key, priority, label } = work;
    return { slot, key, priority, label, run: (signal) => this.#run(work, signal) };
  }

  async #run<K extends KeptKind>(work: Wanted<K>, signal: AbortSignal): Promise<void> {
    const lab = this.#lab;
    if (!lab) throw new AppError('cancelled', 'The model was closed.');
    const onEvent = (event: ExperimentEvent<K>) => {
      if (signal.aborted) return;
      if (event.type === 'progress') {
        this.#batch.add((state) => showProgress(state, work.slot, event.progress, signal));
      } else {
        this.#batch.add((state) =>
          signal.aborted ? state : withResults(state, 'live', partial(work, event.partial, state)),
        );
      }
    };
    const startMs = performance.now();
    const result: ExperimentMap[K]['result'] = await lab.run(work.kind, work.params, onEvent, signal);
    if (signal.aborted) return;
    this.#batch.flush();
    if (work.slot === 'score') useApp.setState({ speed: (performance.now() - startMs) / 1000 });
    putResults('live', finished(work, result, useApp.getState()));
  }

  #showWork(): void {
    const scheduler = this.#scheduler;
    if (!scheduler) return;
    const running = scheduler.running;
    const { work } = useApp.getState();
    const same = running && work?.slot === running.slot && work.label === running.label;
    useApp.setState({
      work: running ? (same ? work : { slot: running.slot, label: running.label, progress: null }) : null,
      waiting: scheduler.waiting.map((job) => job.slot),
      stopped: scheduler.stopped,
    });
  }

  #failed(job: Job, error: unknown): void {
    const words = wordsFor(error);
    useApp.setState(({ failures }) => ({ failures: { ...failures, [job.slot]: words } }));
    if (isFatal(error)) {
      this.#fallBack(error);
      return;
    }
    notify({
      id: `work-${job.slot}`,
      level: 'problem',
      happened: `${job.label}: ${words.happened}`,
      todo: words.todo,
      action: { label: 'Try again', run: () => this.retry(job.slot) },
    });
  }

  #fallBack(error: unknown): void {
    const { source, config, lab } = useApp.getState();
    // Only what ran on the GPU can fall back; on WebAssembly the same failure would come again and again.
    const ranOn = lab.state === 'ready' && lab.card.backend.kind === 'webgpu' ? config.backend : 'wasm';
    if (source) void this.#loadFailed(source, ranOn, error);
  }

  async #closeLab(): Promise<void> {
    this.#loading?.abort();
    this.#loading = null;
    this.#scheduler?.close();
    this.#scheduler = null;
    const lab = this.#lab;
    this.#lab = null;
    useApp.setState({ lab: { state: 'idle' }, work: null, waiting: [], stopped: [] });
    await lab?.close().catch(() => {});
  }
}

/** Settings that the opened model cannot follow, put to what it offers: its adapters, its templates. */
function whatItOffers(card: ModelCard): Partial<Config> {
  const { config } = useApp.getState();
  const has = (name: string) => card.adapters.some((adapter) => adapter.name === name);
  const [template] = card.templates;
  return {
    ...(adaptersOf(config.model).every(has) ? {} : { model: 'base' }),
    ...(template && !card.templates.includes(config.template) ? { template } : {}),
  };
}

function isFatal(error: unknown): boolean {
  return error instanceof AppError && ['worker-crashed', 'device-lost', 'out-of-memory'].includes(error.code);
}

function showProgress(state: AppState, slot: string, progress: Progress, signal: AbortSignal): AppState {
  if (signal.aborted || state.work?.slot !== slot) return state;
  return { ...state, work: { ...state.work, progress } };
}
