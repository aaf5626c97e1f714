/** How near the numbers of this backend are to the reference, as it was measured; or that it was not. */
import type { ModelCard } from '@/protocol/lab.ts';

export function ParityBadge({ parity }: { parity: ModelCard['parity'] }) {
  if (!parity) {
    return (
      <span className="hint" title="This model was not compared with the reference on this backend.">
        parity not measured
      </span>
    );
  }
  return (
    <span className="hint" title={`Largest difference of a logit from the reference: ${parity.origin}`}>
      parity {parity.maxAbsLogit.toExponential(0).replace('e-', 'e−')}
    </span>
  );
}
