/**
 * Single layers by alpha: how many prompts are refused when one layer alone is scaled, for a list of alphas (as LARF does,
 * arXiv 2507.18631, with six alphas). By first-token score; each cell starts from what enters its layer.
 */
import { AppError } from '@/model/app-error.ts';
import type { Experiment } from '@/protocol/experiments.ts';
import type { LayerAlphaCell, LayerAlphaParams } from '@/protocol/localise.ts';
import type { ExperimentContext } from './context.ts';
import { progressMaker, relay } from './event-stream.ts';
import { checkAlpha, RangeScores } from './range-scores.ts';

export async function* layerAlphaExperiment(
  context: ExperimentContext,
  params: LayerAlphaParams,
  signal?: AbortSignal,
): Experiment<'layerAlpha'> {
  const { matrices, resume } = params;
  const alphas = [...new Set(params.alphas)].filter((alpha) => alpha !== 1);
  if (alphas.length === 0) {
    throw new AppError(
      'bad-input',
      'There is no alpha besides 1.',
      'Name some, e.g. 0.5 to 1.5 in steps of 0.1.',
    );
  }
  for (const alpha of alphas) checkAlpha(alpha);
  const scores = new RangeScores(context, params, resume);
  const { layerCount } = scores;
  const cells: LayerAlphaCell[] = [...(resume?.cells ?? [])];
  const total = alphas.length * layerCount;
  const progress = progressMaker('ranges');
  const phase = 'Scaling single layers';
  yield progress(phase, cells.length, total);
  if (!scores.baseline) {
    const baseline = yield* scores.readBaseline(signal);
    yield { type: 'partial', partial: { type: 'baseline', layerCount, baseline } };
  }
  for (const alpha of alphas) {
    for (let layer = 0; layer < layerCount; layer++) {
      if (cells.some((cell) => cell.layer === layer && cell.alpha === alpha)) continue;
      const counted = yield* relay(scores.readFan({ first: layer, lasts: [layer], alpha, matrices }, signal));
      const cell: LayerAlphaCell = { layer, alpha, ...counted.get(layer)! };
      cells.push(cell);
      yield { type: 'partial', partial: { type: 'cells', cells: [cell], work: scores.work } };
      yield progress(phase, cells.length, total);
    }
  }
  cells.sort((a, b) => a.layer - b.layer || a.alpha - b.alpha);
  return { layerCount, baseline: scores.baseline!, cells, work: scores.work, complete: true };
}
