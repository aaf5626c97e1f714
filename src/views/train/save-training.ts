/** A trained adapter as a PEFT folder in a zip, a run as a run file, the run table as CSV: downloads. */
import { appVersion } from '@/actions/app-version.ts';
import { download } from '@/actions/download.ts';
import { figureCsv } from '@/figures/csv.ts';
import type { FigureData } from '@/figures/provenance.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import { wordsFor } from '@/state/problems.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';
import { provenanceOf } from '@/state/train-compare.ts';
import { settingsOf } from '@/state/train-differences.ts';
import { runFileOf } from '@/state/train-file.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';

/** For file names. */
const plain = (name: string) => name.replaceAll(/[^a-z0-9]+/gi, '-').replaceAll(/^-|-$/g, '');

export async function saveAdapter(run: TrainRun): Promise<void> {
  try {
    const adapter = run.result?.adapter;
    if (!adapter) return;
    const { part, adapters } = run.params;
    // Whole weights have no ranks to join; the card says what lies beneath.
    const over = part.kind === 'lora' ? adapters : [];
    // The bench's work would be minutes in the way; it is interrupted and goes on afterwards.
    const files = await getSession().withLab('An adapter is being saved.', (lab) =>
      lab.exportAdapter(adapter, run.modelName, over),
    );
    const { zipSync } = await import('fflate');
    const folder = plain(run.params.name);
    files.set('README.md', new TextEncoder().encode(cardOf(run, over)));
    const inside = Object.fromEntries([...files].map(([name, bytes]) => [`${folder}/${name}`, bytes]));
    // Weights do not shrink; packing them would only take time.
    const bytes = zipSync(inside, { level: 0 });
    download(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' }), `${folder}.zip`);
    useTrain.setState({ problem: null });
  } catch (error) {
    complain(error);
  }
}

function cardOf(run: TrainRun, joined: readonly string[]): string {
  const { params, modelName, result, startedAt } = run;
  const beneath =
    joined.length > 0
      ? `Joined with the adapter it was trained over (${joined.join(', ')}): on the plain weights of ${modelName} it gives the model that was trained.`
      : params.adapters.length > 0
        ? `Belongs on ${modelName} with the adapter ${params.adapters.join(' and ')}, over which it was trained.`
        : `Belongs on the plain weights of ${modelName}.`;
  const settings = Object.entries(settingsOf(run)).map(([key, value]) => `- ${key}: ${value}`);
  return [
    `# ${params.name}`,
    '',
    `Trained with Stratascope ${appVersion} on ${startedAt.slice(0, 10)}. ${ATTACK_METHOD_INFO[params.method].definition}`,
    '',
    `${beneath} ${result?.trainedParameters ?? 0} parameters were trained.`,
    '',
    ...settings,
    '',
  ].join('\n');
}

export async function saveTrainRun(run: TrainRun): Promise<void> {
  try {
    const file = runFileOf(run, knownAdapters(), appVersion);
    if (!file) return;
    const { writeRunFile } = await import('@/protocol/run-file.ts');
    const blob = new Blob([writeRunFile(file)], { type: 'application/json' });
    download(blob, `train-${plain(run.params.name)}.json`);
  } catch (error) {
    complain(error);
  }
}

export function knownAdapters() {
  const { lab } = useApp.getState();
  return lab.state === 'ready' ? lab.card.adapters : [];
}

export function saveRunTable(data: FigureData, runs: readonly TrainRun[]): void {
  const provenance = provenanceOf(runs);
  if (provenance)
    download(new Blob([figureCsv(data, provenance, 'Runs')], { type: 'text/csv' }), 'train-runs.csv');
}

function complain(error: unknown): void {
  const { happened, todo } = wordsFor(error);
  useTrain.setState({ problem: { happened: `Nothing was saved: ${happened}`, todo } });
}
