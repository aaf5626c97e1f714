/**
 * Starts and stops controls on the session's lab and writes what it reports on the section's shelf. The only place of the
 * section that asks a lab. The bench waits meanwhile and goes on afterwards.
 */
import { AppError } from '@/model/app-error.ts';
import type { ControlCard } from '@/protocol/controls.ts';
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import type { Lab } from '@/protocol/lab.ts';
import { controlRequest } from './control-request.ts';
import { decodeControlSettings } from './control-settings.ts';
import { changeOutcome, useControls } from './control-store.ts';
import { calibrationOf } from './learn-calibration.ts';
import { wordsFor } from './problems.ts';
import { progressWords } from './progress-words.ts';
import { calibrateRequest, type Situation } from './requests.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { useApp } from './store.ts';

/** Asked once a model is open: the list comes from where controls run. */
export async function loadControlCards(): Promise<void> {
  const { lab } = getSession();
  if (!lab || useControls.getState().cards.length > 0) return;
  try {
    useControls.setState({ cards: await lab.controls() });
  } catch (error) {
    useControls.setState({ problem: { key: null, ...wordsFor(error) } });
  }
}

let controller: AbortController | null = null;

export function stopControl(): void {
  controller?.abort();
}

/** With the settings on screen. A run of the same request that was stopped goes on after its last row. */
export async function startControl(card: ControlCard): Promise<void> {
  const app = useApp.getState();
  const situation = currentSituation(app);
  if (!situation || app.lab.state !== 'ready') return;
  const { name: modelName, sha256, backend } = app.lab.card;
  const own = new AbortController();
  let key: string | null = null;
  try {
    await getSession().withLab('A control is running.', async (lab) => {
      controller = own;
      const calibration = card.needs.calibration
        ? await calibrationFor(situation, lab, card.title, own.signal)
        : null;
      const settings = decodeControlSettings(situation.config.control);
      const asked = controlRequest(situation, card, settings, calibration);
      key = asked.key;
      const before = useControls.getState().outcomes[asked.key];
      const done = [...(before?.result ? [] : (before?.rows ?? []))];
      const outcome = {
        key: asked.key,
        params: asked.params,
        modelName,
        sha256,
        backend,
        date: new Date().toISOString(),
        origin: 'live' as const,
        from: null,
        rows: done,
        result: null,
      };
      useControls.setState(({ outcomes }) => ({
        outcomes: { ...outcomes, [asked.key]: outcome },
        running: { key: asked.key, work: { fraction: null, text: 'starting' } },
        problem: null,
      }));
      const result = await lab.run(
        'control',
        { ...asked.params, done },
        (event) => {
          if (event.type === 'progress') {
            useControls.setState({ running: { key: asked.key, work: progressWords(event.progress) } });
          } else {
            changeOutcome(asked.key, ({ rows }) => ({ rows: [...rows, event.partial] }));
          }
        },
        own.signal,
      );
      changeOutcome(asked.key, () => ({ result, rows: result.rows }));
    });
  } catch (error) {
    if (!own.signal.aborted) useControls.setState({ problem: { key, ...wordsFor(error) } });
  } finally {
    if (controller === own) controller = null;
    useControls.setState({ running: null });
  }
}

/** @throws AppError where the model refuses too seldom to learn from */
async function calibrationFor(
  situation: Situation,
  lab: Lab,
  title: string,
  signal: AbortSignal,
): Promise<RefusalCalibration> {
  const { key } = calibrateRequest(situation);
  const show = (text: string, fraction: number | null) =>
    useControls.setState({ running: { key, work: { fraction, text } }, problem: null });
  const calibration = await calibrationOf(situation, lab, show, signal);
  if (calibration.tokenIds.length > 0) return calibration;
  throw new AppError(
    'bad-input',
    `“${title}” counts refusals by the first token, and this model hardly ever refuses: no such token could be learnt.`,
    'Choose the aligned model.',
  );
}
