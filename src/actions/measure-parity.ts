/** Measures the open model's parity on this machine; what comes out stays with the model, and with every result saved from then on. */
import type { Progress } from '@/protocol/experiments.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';

/** The bench waits while it runs. @throws AppError where no model is open, it is lent, or a second copy has no room */
export async function measureParityHere(
  onProgress: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<void> {
  await getSession().withLab('The parity of this model is being measured.', async (lab) => {
    const parity = await lab.parity(onProgress, signal);
    const { lab: status } = useApp.getState();
    if (status.state !== 'ready') return;
    const card = { ...status.card, backend: { ...status.card.backend, parity } };
    useApp.setState({ lab: { state: 'ready', card } });
  });
}
