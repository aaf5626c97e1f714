/** On what the model runs, how fast a count is, and how near its numbers are to the reference. */
import { useApp } from '@/state/store.ts';
import { ParityBadge } from './ParityBadge.tsx';

export function RunFacts() {
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  const speed = useApp((state) => state.speed);
  if (!card) return null;
  const { backend } = card;
  const name = {
    webgpu: 'WebGPU',
    wasm: `WebAssembly, ${backend.threads} ${backend.threads === 1 ? 'thread' : 'threads'}`,
    node: 'Node',
  }[backend.kind];
  return (
    <span className="run-facts">
      <span title={[backend.runtime, ...backend.notes].join('. ')}>
        {name}
        {backend.residency === 'streamed' && ', layers read as needed'}
        {speed !== null && `, ${speed.toFixed(2)} s per count`}
      </span>
      <ParityBadge card={card} />
    </span>
  );
}
