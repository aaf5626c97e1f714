/** Opens what a person brings: run files, models, adapters, prompts. Each failure becomes one clear notice. */
import { AppError } from '@/model/app-error.ts';
import { wordsFor } from '@/state/problems.ts';
import { configOfRun, entriesOfRun, poolsOfRun } from '@/state/recorded.ts';
import type { Results } from '@/state/results.ts';
import { getSession } from '@/state/session-instance.ts';
import { dismiss, notify, openDialog, putResults, setConfig, setPool, useApp } from '@/state/store.ts';
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
    if (files.some((file) => isAdapter(file.name))) return await openAdapterFiles(files);
    if (files.some((file) => isModel(file.name))) return await openModelFiles(files);
    if (isPrompts(first.name)) return openDialog({ kind: 'import', file: first, pool: 'over-rejection' });
    if (/\.json$/i.test(first.name)) return await openRunFile(first);
    throw new AppError(
      'bad-file',
      `${first.name} is no file that this page knows.`,
      'Drop a run file (.json), a model (.gguf, or a folder with .safetensors), an adapter (a PEFT folder) or prompts (.csv, .jsonl, .txt).',
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

async function openAdapterFiles(files: File[]): Promise<void> {
  const name = folderOf(files[0]!) ?? 'own adapter';
  // The engine takes it between two pieces of work: that can be a while.
  notify({ id: 'adapter', level: 'info', happened: `Reading the adapter ${name} …`, todo: '' });
  try {
    await getSession().addAdapter(files, name);
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

async function openRunFile(file: File): Promise<void> {
  const { parseRunFile } = await import('@/protocol/run-file.ts');
  const { run, warnings } = await parseRunFile(await file.text(), file.name);
  const { sha256, name } = run.model;
  const { source, lab } = useApp.getState();
  const openSha = lab.state === 'ready' ? lab.card.sha256 : shaOfRecorded(useApp.getState().results);
  const isOpenModel = source !== null && sha256 !== null && sha256 === openSha;
  const key = isOpenModel ? source.key : `run:${sha256 ?? name}`;
  putResults('recorded', entriesOfRun(run, key, file.name));
  for (const pool of poolsOfRun(run, file.name)) setPool(pool);
  setConfig(configOfRun(run));
  for (const happened of warnings) notify({ id: `run-${happened}`, level: 'problem', happened, todo: '' });
  // Another model's numbers never stand beside live ones: the open model is closed until it is asked for again.
  if (!isOpenModel) await getSession().open({ key, name, source: null });
  notify({
    id: 'run',
    level: 'info',
    happened: `${file.name} is open: ${run.parts.length} results of ${name}, recorded on ${run.createdAt.slice(0, 10)}.`,
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
