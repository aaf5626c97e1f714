/** A trained adapter as the files of a PEFT folder, and a run as a run file: downloads. */

import { appVersion } from '@/actions/app-version.ts';
import { wordsFor } from '@/state/problems.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';

export async function saveAdapter(run: TrainRun): Promise<void> {
  try {
    const adapter = run.result?.adapter;
    if (!adapter) return;
    // The bench's work would be minutes in the way; it is interrupted and goes on afterwards.
    const files = await getSession().withLab('An adapter is being saved.', (lab) =>
      lab.exportAdapter(adapter, run.modelName),
    );
    for (const [name, bytes] of files) download(new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
    useTrain.setState({ problem: null });
  } catch (error) {
    complain(error);
  }
}

export async function saveTrainRun(run: TrainRun): Promise<void> {
  try {
    const { result, params, backend, modelName, sha256 } = run;
    const { lab } = useApp.getState();
    if (!result) return;
    const { writeRunFile } = await import('@/protocol/run-file.ts');
    const known = lab.state === 'ready' ? lab.card.adapters : [];
    const text = writeRunFile({
      kind: 'train',
      createdAt: run.startedAt,
      app: { name: 'Stratascope', version: appVersion },
      backend: {
        kind: backend.kind,
        threads: backend.threads,
        runtime: backend.runtime,
        notes: backend.notes,
      },
      model: {
        name: modelName,
        sha256,
        adapters: known
          .filter(({ name }) => params.adapters.includes(name))
          .map(({ name, sha256 }) => ({ name, sha256 })),
      },
      template: params.template,
      seed: params.seed,
      pools: {},
      settings: { method: params.method, data: params.data.kind },
      parts: [{ kind: 'train', label: params.name, params, result }],
    });
    download(
      new Blob([text], { type: 'application/json' }),
      `train-${params.name.replaceAll(/[^a-z0-9]+/gi, '-')}.json`,
    );
  } catch (error) {
    complain(error);
  }
}

function complain(error: unknown): void {
  const { happened, todo } = wordsFor(error);
  useTrain.setState({ problem: { happened: `Nothing was saved: ${happened}`, todo } });
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Two downloads at once: the address must live until the browser has taken it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
