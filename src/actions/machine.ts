/** Reads what the browser tells of this machine, and measures its speed when a person asks. Fetched with the section that offers it. */
import { readMachine } from '@/machine/machine-facts.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import { BACKEND_NAMES } from '@/state/backend-names.ts';
import { useMachine } from '@/state/machine.ts';
import { wordsFor } from '@/state/problems.ts';
import { getSession } from '@/state/session-instance.ts';

/** Of computing on each backend. */
export const MEASURE_SECONDS = 3;

let stop: AbortController | null = null;

export async function readThisMachine(): Promise<void> {
  useMachine.setState({ facts: await readMachine() });
}

/** WebAssembly, and WebGPU where an adapter answers; each in a worker of its own, while the bench rests. */
export async function measureThisMachine(): Promise<void> {
  if (stop) return;
  const own = new AbortController();
  stop = own;
  const { facts } = useMachine.getState();
  const backends: Array<SpeedMeasure['backend']> = facts?.graphics ? ['wasm', 'webgpu'] : ['wasm'];
  useMachine.setState({ speeds: [], problem: null });
  try {
    for (const backend of backends) {
      useMachine.setState({ measuring: BACKEND_NAMES[backend] });
      const speed = await getSession().withFreshLab('This machine is being measured.', (lab) =>
        lab.measureSpeed(backend, MEASURE_SECONDS, own.signal),
      );
      useMachine.setState(({ speeds }) => ({ speeds: [...speeds, speed] }));
    }
  } catch (error) {
    if (!own.signal.aborted) useMachine.setState({ problem: wordsFor(error) });
  } finally {
    stop = null;
    useMachine.setState({ measuring: null });
  }
}

export function stopMeasuring(): void {
  stop?.abort();
}
