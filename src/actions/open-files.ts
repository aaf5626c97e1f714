/** Opens what a person brings: run files, models, adapters, prompts. Each failure becomes one clear notice. */
import { AppError } from '@/model/app-error.ts';
import type { ParsedRun } from '@/protocol/run-file.ts';
import { controlsOfFile } from '@/state/control-file.ts';
import { addOutcomes } from '@/state/control-store.ts';
import { wordsFor } from '@/state/problems.ts';
import { configOfRun, entriesOfRun, overridesOfRun, poolsOfRun } from '@/state/recorded.ts';
import type { Results } from '@/state/results.ts';
import { shelve } from '@/state/run-shelf.ts';
import { getSession } from '@/state/session-instance.ts';
import {
  dismiss,
  notify,
  openDialog,
  putResults,
  setConfig,
  setOverride,
  setPool,
  useApp,
} from '@/state/store.ts';
import { bundledSource, loadPools } from './shipped.ts';

const isWeights = (name: string) => /\.(gguf|safetensors)$/i.test(name);
/** A checkpoint is recognised by its description too: weights that are missing must be told from files of another kind. */
const isModel = (name: string) => isWeights(name) || /^(config|.*\.safetensors\.index)\.json$/i.test(name);
const isAdapter = (name: string) => /^adapter_(config\.json|model\.safetensors)$/i.test(name);
const isPrompts = (name: string) => /\.(csv|tsv|jsonl|txt)$/i.test(name);

export async function openFiles(files: File[]): Promise<void> {
  try {
    const first = files[0];
    if (!first) return;
    if (/\.zip$/i.test(first.name)) return await openZip(first);
    if (files.some((file) => isAdapter(file.name))) return await openAdapterFiles(files);
    if (files.some((file) => isModel(file.name))) return await openModelFiles(files);
    if (isPrompts(first.name)) return openDialog({ kind: 'import', file: first, pool: 'over-rejection' });
    if (/\.json$/i.test(first.name)) return await openRunFiles(files);
    throw new AppError(
      'bad-file',
      `${first.name} is no file that this page knows.`,
      'Drop a run file (.json), a model (.gguf, or a folder with .safetensors), an adapter (a PEFT folder, or a zip of one) or prompts (.csv, .jsonl, .txt).',
    );
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    notify({ id: 'file', level: 'problem', happened, todo });
  }
}

export async function openModelFiles(files: File[]): Promise<void> {
  const parts = files.filter((file) => isModel(file.name));
  const weights = parts.find((file) => isWeights(file.name)) ?? parts[0]!;
  const name = folderOf(weights) ?? weights.name.replace(/\.(gguf|safetensors)$/i, '');
  const key = `files:${parts.map((file) => `${file.name}.${file.size}.${file.lastModified}`).join('|')}`;
  dismiss('file');
  await getSession().open({ key, name, source: { kind: 'files', files } });
}

/** An adapter as this page saves it; a model would be unpacked in memory for nothing. */
async function openZip(zip: File): Promise<void> {
  const { unzipped } = await import('./unzip.ts');
  const files = await unzipped(zip);
  if (files.some((file) => isAdapter(file.name)))
    return openAdapterFiles(files, zip.name.replace(/\.zip$/i, ''));
  throw new AppError(
    'bad-file',
    `${zip.name} holds no adapter (adapter_config.json and adapter_model.safetensors).`,
    'Unpack it and choose the files in it.',
  );
}

async function openAdapterFiles(files: File[], name = folderOf(files[0]!) ?? 'own adapter'): Promise<void> {
  // The engine takes it between two pieces of work: that can be a while.
  notify({ id: 'adapter', level: 'info', happened: `Reading the adapter ${name} …`, todo: '' });
  try {
    await getSession().addAdapter({ kind: 'files', files }, name);
  } catch (error) {
    dismiss('adapter');
    throw error;
  }
  dismiss('file');
  notify({
    id: 'adapter',
    level: 'info',
    happened: `The adapter ${name} is on the model: “aligned” now means with it, “base” without.`,
    todo: '',
  });
}

/** Of a folder that was chosen; null for single files. */
function folderOf(file: File): string | null {
  return file.webkitRelativePath.includes('/') ? file.webkitRelativePath.split('/')[0]! : null;
}

/** Training runs and controls go to their sections, however many files there are; the first other run goes on the bench. */
async function openRunFiles(files: File[]): Promise<void> {
  const { parseRunFile, refuseLargeFile } = await import('@/protocol/run-file.ts');
  const parsed: Array<ParsedRun & { name: string }> = [];
  for (const file of files.filter(({ name }) => /\.json$/i.test(name))) {
    // Before its text is taken into memory.
    refuseLargeFile(file.size, file.name);
    parsed.push({ ...parseRunFile(await file.text(), file.name), name: file.name });
  }
  for (const { run, name, warnings } of parsed) shelve(run, name, 'opened', warnings);
  const training = parsed.filter(({ run }) => run.parts.some(({ kind }) => kind === 'train'));
  if (training.length > 0) await openTrainingRuns(training);
  const controls = parsed.filter(({ run }) => run.parts.some(({ kind }) => kind === 'control'));
  if (controls.length > 0) openControls(controls);
  const elsewhere = new Set(['train', 'control']);
  const bench = parsed.find(({ run }) => run.parts.some(({ kind }) => !elsewhere.has(kind)));
  if (bench) await openBenchRun(bench);
}

/** What was wrong with a run file that opened all the same. */
function warn(warnings: readonly string[]): void {
  for (const happened of warnings) notify({ id: `run-${happened}`, level: 'problem', happened, todo: '' });
}

async function openTrainingRuns(files: ReadonlyArray<ParsedRun & { name: string }>): Promise<void> {
  const { addRuns, keepRuns } = await import('@/state/train-recorded.ts');
  let [count, isKept] = [0, true];
  for (const { run, name, warnings } of files) {
    count += addRuns(run, name).length;
    isKept = (await keepRuns(run, name)) && isKept;
    warn(warnings);
  }
  const names = files.map(({ name }) => name).join(', ');
  notify({
    id: 'train-run',
    level: 'info',
    happened:
      count === 0
        ? `${names}: the training runs in it are in the run table already.`
        : `${names}: ${count} training ${count === 1 ? 'run is' : 'runs are'} in the run table of the Train section.`,
    todo: isKept ? '' : 'The browser has no room to remember them: open the file again after a reload.',
    action: { label: 'Show', run: () => document.getElementById('train')?.scrollIntoView() },
  });
}

/** Shown under the model that is open; which model they are of stands beside their figures. */
function openControls(files: ReadonlyArray<ParsedRun & { name: string }>): void {
  const outcomes = files.flatMap(({ run, name }) => controlsOfFile(run, name));
  addOutcomes(outcomes);
  warn(files.flatMap(({ warnings }) => warnings));
  setConfig({ control: outcomes[0]!.params.name });
  const names = files.map(({ name }) => name).join(', ');
  notify({
    id: 'control-run',
    level: 'info',
    happened: `${names}: ${outcomes.length} ${outcomes.length === 1 ? 'control is' : 'controls are'} in the Controls section.`,
    todo: '',
    action: { label: 'Show', run: () => document.getElementById('controls')?.scrollIntoView() },
  });
}

async function openBenchRun({ run, warnings, name: fileName }: ParsedRun & { name: string }): Promise<void> {
  const { sha256, name } = run.model;
  const { source, lab } = useApp.getState();
  const openSha = lab.state === 'ready' ? lab.card.sha256 : shaOfRecorded(useApp.getState().results);
  const isOpenModel = source !== null && sha256 !== null && sha256 === openSha;
  const key = isOpenModel ? source.key : `run:${sha256 ?? name}`;
  putResults('recorded', entriesOfRun(run, key, fileName));
  for (const [key, responseClass] of Object.entries(overridesOfRun(run))) setOverride(key, responseClass);
  for (const pool of poolsOfRun(run, fileName)) setPool(pool);
  setConfig(configOfRun(run));
  warn(warnings);
  // Another model's numbers never stand beside live ones: the open model is closed until it is asked for again.
  if (!isOpenModel) await getSession().open({ key, name, source: null });
  notify({
    id: 'run',
    level: 'info',
    happened: `${fileName} is open: ${run.parts.length} results of ${name}, recorded on ${run.createdAt.slice(0, 10)}.`,
    todo: isOpenModel ? '' : 'They are shown as recorded; nothing is computed until a model is open.',
    ...(isOpenModel
      ? {}
      : { action: { label: 'Back to the bundled model', run: () => void backToBundled() } }),
  });
}

function shaOfRecorded(results: Results): string | null {
  return Object.values(results.recorded)[0]?.provenance.sha256 ?? null;
}

async function backToBundled(): Promise<void> {
  await loadPools();
  await getSession().open(bundledSource());
}
