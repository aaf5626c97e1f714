/** Reads the attention of two typed prompts under the bench's setting. The bench waits for the moment it takes. */
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { attentionRequest } from '@/state/requests.ts';
import type { Entry } from '@/state/results.ts';
import { getSession } from '@/state/session-instance.ts';
import { currentSituation } from '@/state/situation.ts';
import { useApp } from '@/state/store.ts';

export interface ReadPair {
  pictures: readonly AttentionPicture[];
  provenance: Entry['provenance'];
}

/** @throws AppError where no model is open, or it is lent */
export async function readPair(texts: readonly [string, string]): Promise<ReadPair> {
  const situation = currentSituation(useApp.getState());
  const { params } = situation ? attentionRequest(situation) : { params: null };
  return getSession().withLab('Attention is being read.', async (lab) => {
    const { lab: status } = useApp.getState();
    if (!params || status.state !== 'ready') throw new Error('There are no settings to read attention with.');
    const prompts = texts.map((text, at) => ({ id: `typed-${'ab'[at]}`, text }));
    const { pictures } = await lab.run('attention', { ...params, prompts });
    return {
      pictures,
      provenance: {
        model: status.card.name,
        sha256: status.card.sha256,
        adapters: params.setting.adapters,
        template: params.template,
        n: '2 prompts',
        seed: null,
        date: new Date().toISOString(),
        origin: 'live',
        extra: {
          a: texts[0],
          b: texts[1],
          backend: `${status.card.backend.kind}, ${status.card.backend.runtime}`,
        },
      },
    };
  });
}
