/**
 * The layers before and after training: the similarity experiment on the model that was attacked and on what came of it, with
 * the bench's own pools and choices, put on the bench's own shelf.
 */
import { finished } from './deliver.ts';
import { wordsFor } from './problems.ts';
import { progressWords } from './progress-words.ts';
import { type Request, type Situation, similarityOf } from './requests.ts';
import { best, type Entry, type Results } from './results.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { putResults, useApp } from './store.ts';
import { type TrainRun, useTrain } from './train-store.ts';

interface BeforeAfter<T> {
  before: T;
  after: T;
}

/** Null for a run that left no adapter. Of the template that it was trained under, whatever the bench shows. */
export function layerRequests(
  situation: Situation,
  { params, result }: TrainRun,
): BeforeAfter<Request<'similarity'>> | null {
  if (!result?.adapter) return null;
  const same = { ...situation, config: { ...situation.config, template: params.template } };
  return {
    before: similarityOf(same, [...params.adapters]),
    after: similarityOf(same, [...params.adapters, result.adapter]),
  };
}

export function layerEntries(
  results: Results,
  asked: BeforeAfter<Request<'similarity'>> | null,
): BeforeAfter<Entry<'similarity'> | null> {
  const find = (one: Request<'similarity'> | undefined) =>
    one ? best(results, 'similarity', one.key) : null;
  return { before: find(asked?.before), after: find(asked?.after) };
}

/** Runs what is not on the shelf yet. */
export async function readLayers(run: TrainRun): Promise<void> {
  const situation = currentSituation(useApp.getState());
  const asked = situation && layerRequests(situation, run);
  if (!asked) return;
  try {
    await getSession().withLab('Layers are being read.', async (lab) => {
      for (const [when, request] of Object.entries(asked)) {
        if (best(useApp.getState().results, 'similarity', request.key)?.complete) continue;
        const say = (text: string, fraction: number | null) =>
          useTrain.setState({ reading: { text: `${when} training: ${text}`, fraction } });
        say('starting', null);
        const result = await lab.run('similarity', request.params, (event) => {
          if (event.type !== 'progress') return;
          const { text, fraction } = progressWords(event.progress);
          say(text, fraction);
        });
        const work = {
          ...request,
          kind: 'similarity' as const,
          slot: 'train-layers',
          priority: 0,
          label: '',
        };
        putResults('live', finished({ ...work, modelKey: run.modelKey }, result, useApp.getState()));
      }
    });
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  } finally {
    useTrain.setState({ reading: null });
  }
}
