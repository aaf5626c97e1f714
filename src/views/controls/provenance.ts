/** Where a control's numbers come from, N, interval and test: the words around its figures. */
import type { Provenance } from '@/figures/provenance.ts';
import { CONTROL_POOLS, type ControlMeasure, type ControlResult } from '@/protocol/controls.ts';
import type { ControlOutcome } from '@/state/control-store.ts';

const POOL_WORDS: Record<(typeof CONTROL_POOLS)[number], string> = {
  normal: 'normal',
  malicious: 'malicious',
  matchedNormal: 'matched normal',
  matchedMalicious: 'matched malicious',
  counted: 'over-rejection',
  harmless: 'harmless',
};

export function provenanceOfControl(
  { params, modelName, sha256, backend, date, origin, from }: ControlOutcome,
  { rows }: ControlResult,
  measure: ControlMeasure,
): { provenance: Provenance; stats: string } {
  const used = CONTROL_POOLS.filter((pool) => params[pool].length > 0);
  const options = Object.entries(params.options).map(([key, value]) => `${key} ${value}`);
  const { range } = params;
  const counts = rows.filter(({ measure: own }) => own === measure.key).map(({ n }) => n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const n = least === most ? String(least) : `${least} to ${most}`;
  return {
    stats: `N = ${n}. Interval: ${measure.interval}. Test: ${measure.test}.`,
    provenance: {
      model: modelName,
      sha256,
      adapters: params.setting.adapters,
      template: params.template,
      n: used.map((pool) => `${params[pool].length} ${POOL_WORDS[pool]}`).join(', '),
      seed: params.seed,
      date,
      origin,
      extra: {
        control: params.name,
        ...(options.length > 0 ? { options: options.join(', ') } : {}),
        ...(range
          ? {
              layers: `${range.first} to ${range.last}`,
              alpha: String(range.alpha),
              matrices: range.matrices.join(' '),
            }
          : {}),
        backend: `${backend.kind}, ${backend.runtime}`,
        ...(from ? { file: from } : {}),
      },
    },
  };
}
