/** The list of models as it stands on this machine: what each takes, and whether there is room. Asks nobody but the browser. */
import { chosenBackend } from '@/machine/backend-here.ts';
import { bestFit, type Fit, keptWith } from '@/machine/fit.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import { parameterCount } from '@/machine/memory-need.ts';
import { LISTED_MODELS, type ListedModel, publishedBytes, specOfListed } from '@/machine/model-list.ts';
import { countWords, fileSizeWords } from '@/state/look-words.ts';
import { wordsFor } from '@/state/problems.ts';
import { memoryWords } from '@/state/progress-words.ts';
import { useApp } from '@/state/store.ts';
import { weightsOptions } from '@/state/weights-setting.ts';

export interface ModelHere extends ListedModel {
  /** In words; empty where its dimensions cannot be read. */
  sizes: string;
  verdict: Fit['verdict'] | null;
  /** Why it cannot be opened at all, or null. */
  obstacle: string | null;
}

export async function listHere(): Promise<ModelHere[]> {
  const { backend: setting, weights } = useApp.getState().config;
  const [backend, room] = await Promise.all([chosenBackend(setting), readRoom()]);
  // They are published in floats, of which nothing stays quantised.
  const kept = keptWith(backend, weightsOptions(weights));
  return LISTED_MODELS.map((model) => {
    try {
      const spec = specOfListed(model);
      const { fit, residency } = bestFit(spec, backend, room, kept);
      const { verdict, need } = fit;
      const sizes = `${countWords(parameterCount(spec))} parameters, about ${fileSizeWords(publishedBytes(spec))} to download, ${memoryWords(need.totalBytes)} of memory${residency === 'streamed' ? ', its layers read as they are needed (slower)' : ''}`;
      return { ...model, sizes, verdict, obstacle: null };
    } catch (error) {
      return { ...model, sizes: '', verdict: null, obstacle: wordsFor(error).happened };
    }
  });
}
