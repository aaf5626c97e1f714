import { describe, expect, it } from 'vitest';
import type { ModelContext } from '@/protocol/experiments.ts';
import { interventionParts, isOnlyScaled } from './interventions.ts';

const plain: ModelContext['setting'] = { adapters: ['a'], scale: [] };
const edit = { layers: [2, 1], direction: [1, 2], gain: -1, shift: 0, positions: 'all' as const };
const noise = { first: 1, last: 2, matrices: ['q' as const, 'k' as const], strength: 0.1, seed: 1 };

describe('the key of interventions', () => {
  it('is empty where nothing is asked for; every other setting has its own', () => {
    const settings: Array<Partial<ModelContext['setting']>> = [
      { skip: [1] },
      { skip: [1, 2] },
      { adapterLayers: [] },
      { adapterLayers: [1] },
      { baseLayers: [1] },
      { perturb: [noise] },
      { perturb: [{ ...noise, seed: 2 }] },
      { perturb: [{ ...noise, strength: 0.2 }] },
      { edits: [edit] },
      { edits: [{ ...edit, positions: 'last' }] },
      { edits: [{ ...edit, direction: [1, 3] }] },
    ];
    const keys = settings.map((setting) => JSON.stringify(interventionParts({ ...plain, ...setting })));
    expect(new Set(keys).size).toBe(settings.length);
    expect(keys).not.toContain('[]');
    const nothing = { ...plain, skip: [], perturb: [], edits: [] };
    expect(interventionParts(nothing)).toEqual([]);
    expect(isOnlyScaled(nothing)).toBe(true);
  });

  it('does not depend on the order in which layers and matrices are named', () => {
    const other = { ...noise, matrices: ['k' as const, 'q' as const] };
    expect(interventionParts({ ...plain, skip: [3, 1, 1], perturb: [other], edits: [edit] })).toEqual(
      interventionParts({ ...plain, skip: [1, 3], perturb: [noise], edits: [{ ...edit, layers: [1, 2] }] }),
    );
  });
});
