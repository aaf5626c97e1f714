/** Attention of the last query (section 3.6): one picture per prompt, probabilities as the model computes them. Normalising is the picture's choice. */
import type {
  AttentionParams,
  AttentionPicture,
  Experiment,
  ExperimentEvent,
} from '@/protocol/experiments.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { progressMaker, streamEvents } from './event-stream.ts';

export async function* attentionExperiment(
  context: ExperimentContext,
  params: AttentionParams,
  signal?: AbortSignal,
): Experiment<'attention'> {
  const rendered = renderPool(context.text, params.prompts, params.template, 'attention');
  const { layerCount, headCount } = context.engine.info.spec;
  const progress = progressMaker('prompts');
  const picture = (index: number, attention: Float32Array): AttentionPicture => {
    const { tokens, questionSpan } = rendered[index]!;
    return { prompt: params.prompts[index]!, tokens, questionSpan, layerCount, headCount, attention };
  };
  let done = 0;
  const items = streamEvents<ExperimentEvent<'attention'>, Float32Array[]>(
    (emit, innerSignal) =>
      context.engine.attention(
        rendered.map((prompt) => prompt.ids),
        params.setting,
        {
          signal: innerSignal,
          onItem: (index, attention) => {
            emit({ type: 'partial', partial: picture(index, attention) });
            emit(progress('Reading attention', ++done, rendered.length));
          },
        },
      ),
    signal,
  );
  yield progress('Reading attention', 0, rendered.length);
  const rows = yield* items;
  return { pictures: rows.map((attention, index) => picture(index, attention)) };
}
