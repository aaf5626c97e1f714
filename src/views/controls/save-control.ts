/** A control as a run file: a download. */
import { appVersion } from '@/actions/app-version.ts';
import { download } from '@/actions/download.ts';
import { runFileOfControl } from '@/state/control-file.ts';
import { type ControlOutcome, useControls } from '@/state/control-store.ts';
import { wordsFor } from '@/state/problems.ts';
import { useApp } from '@/state/store.ts';

export async function saveControlRun(outcome: ControlOutcome): Promise<void> {
  try {
    const { lab } = useApp.getState();
    const known = lab.state === 'ready' ? lab.card.adapters : [];
    const { name } = outcome.params;
    const title = useControls.getState().cards.find((card) => card.name === name)?.title ?? name;
    const file = runFileOfControl(outcome, title, known, appVersion);
    if (!file) return;
    const { writeRunFile } = await import('@/protocol/run-file.ts');
    download(new Blob([writeRunFile(file)], { type: 'application/json' }), `control-${name}.json`);
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    useControls.setState({ problem: { key: outcome.key, happened: `Nothing was saved: ${happened}`, todo } });
  }
}
