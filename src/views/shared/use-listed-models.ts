/** The listed models as they stand here and now; null while the browser is asked. */
import { useEffect, useState } from 'react';
import { listHere, type ModelHere } from '@/actions/listed-models.ts';
import { useApp } from '@/state/store.ts';

export function useListedModels(): ModelHere[] | null {
  const backend = useApp((state) => state.config.backend);
  const weights = useApp((state) => state.config.weights);
  const [models, setModels] = useState<ModelHere[] | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what fits depends on these settings.
  useEffect(() => {
    let isGone = false;
    void listHere().then((list) => !isGone && setModels(list));
    return () => {
      isGone = true;
    };
  }, [backend, weights]);
  return models;
}
