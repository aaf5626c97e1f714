/**
 * A person's adapters on the open model: which are on, how much of each. Those that are on are what "aligned" means, one on top
 * of the other. Each weight is an adapter of its own in the lab, since results go by names.
 */
import type { Lab } from '@/protocol/lab.ts';
import { type AppState, setConfig, useApp } from './store.ts';

export interface OwnAdapter {
  /** In the lab, at weight 1. */
  name: string;
  weight: number;
  isOn: boolean;
}

export const WEIGHT_MIN = 0;
export const WEIGHT_MAX = 2;
export const WEIGHT_STEP = 0.05;

/** In the lab, at its weight. */
export const nameAtWeight = ({ name, weight }: Pick<OwnAdapter, 'name' | 'weight'>): string =>
  weight === 1 ? name : `${name} ×${weight}`;

/** The list with what follows from it. */
export function withOwn(
  ownAdapters: readonly OwnAdapter[],
): Pick<AppState, 'ownAdapters' | 'ownAdapter' | 'ownStack'> {
  const ownStack = ownAdapters.filter(({ isOn }) => isOn).map(nameAtWeight);
  return { ownAdapters, ownStack, ownAdapter: ownStack.length > 0 ? ownStack.join(' + ') : null };
}

/** Switches an adapter on or off, or gives it another weight. */
export async function changeOwn(
  lab: Lab,
  name: string,
  change: Partial<Pick<OwnAdapter, 'weight' | 'isOn'>>,
): Promise<void> {
  const changed = (own: readonly OwnAdapter[]) =>
    own.map((one) => (one.name === name ? { ...one, ...change } : one));
  const wanted = changed(useApp.getState().ownAdapters).find((one) => one.name === name);
  if (!wanted) return;
  const as = nameAtWeight(wanted);
  const { lab: status } = useApp.getState();
  if (status.state !== 'ready') return;
  if (!status.card.adapters.some((one) => one.name === as)) {
    const added = await lab.weighAdapter(name, wanted.weight, as);
    useApp.setState(({ lab: now }) =>
      now.state === 'ready'
        ? { lab: { ...now, card: { ...now.card, adapters: [...now.card.adapters, added] } } }
        : {},
    );
  }
  show(changed(useApp.getState().ownAdapters));
}

/** Takes an adapter off the model, with all its weights. */
export async function removeOwn(lab: Lab, name: string): Promise<void> {
  // Out of the state first: nothing that is computed from now on asks for it.
  show(useApp.getState().ownAdapters.filter((one) => one.name !== name));
  const { lab: status } = useApp.getState();
  if (status.state !== 'ready') return;
  const isItsOwn = (other: string) => other === name || other.startsWith(`${name} ×`);
  const gone = status.card.adapters.map((one) => one.name).filter(isItsOwn);
  for (const one of gone) await lab.removeAdapter(one);
  useApp.setState(({ lab: now }) =>
    now.state === 'ready'
      ? {
          lab: {
            ...now,
            card: { ...now.card, adapters: now.card.adapters.filter((one) => !gone.includes(one.name)) },
          },
        }
      : {},
  );
}

/** With none on, "aligned" would mean an adapter that this model may not have. */
function show(own: readonly OwnAdapter[]): void {
  const next = withOwn(own);
  if (next.ownStack.length === 0 && useApp.getState().config.model === 'aligned')
    setConfig({ model: 'base' });
  useApp.setState(next);
  if (next.ownStack.length > 0) setConfig({ model: 'aligned' });
}
