/** The list of models as it stands on this machine: what each takes, and whether there is room. Asks nobody but the browser. */
import { bestFit, type Fit } from '@/machine/fit.ts';
import { readRoom } from '@/machine/machine-facts.ts';
import { parameterCount } from '@/machine/memory-need.ts';
import { LISTED_MODELS, type ListedModel, publishedBytes, specOfListed } from '@/machine/model-list.ts';
import { countWords, fileSizeWords } from '@/state/look-words.ts';
import { wordsFor } from '@/state/problems.ts';
import { memoryWords } from '@/state/progress-words.ts';
import { backendHere } from './downloads.ts';

export interface ModelHere extends ListedModel {
  /** In words; empty where its dimensions cannot be read. */
  sizes: string;
  verdict: Fit['verdict'] | null;
  /** Why it cannot be opened at all, or null. */
  obstacle: string | null;
}

export async function listHere(): Promise<ModelHere[]> {
  const [backend, room] = await Promise.all([backendHere(), readRoom()]);
  return LISTED_MODELS.map((model) => {
    try {
      const spec = specOfListed(model);
      const { fit, residency } = bestFit(spec, backend, room);
      const { verdict, need } = fit;
      const sizes = `${countWords(parameterCount(spec))} parameters, about ${fileSizeWords(publishedBytes(spec))} to download, ${memoryWords(need.totalBytes)} of memory${residency === 'streamed' ? ', its layers read as they are needed (slower)' : ''}`;
      return { ...model, sizes, verdict, obstacle: null };
    } catch (error) {
      return { ...model, sizes: '', verdict: null, obstacle: wordsFor(error).happened };
    }
  });
}
