/** Control: the refusing first tokens read at every layer. */
import { refusalScore } from '@/method/first-token.ts';
import { bootstrapMean } from '@/method/mean-interval.ts';
import { AppError } from '@/model/app-error.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import { streamEvents } from '../event-stream.ts';
import type { Control, ControlEvent } from './control.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { valueRow } from './rows.ts';
import { layerOf, readPools } from './vectors.ts';

/** A first layer at which refusal is worth naming. */
const NAMED_SHARE = 0.5;

export const logitLens: Control = {
  name: 'logit-lens',
  title: 'Refusal tokens, layer by layer',
  explanation:
    "What leaves each layer goes straight to the model's final norm and head, and the probability of the tokens that open refusals is read there. It shows at which depth the refusal can be read as such; layers before that may still prepare it.",
  reference: 'nostalgebraist 2020 (logit lens); LED (Zhao et al. 2024, 2405.18166) on refusal tokens',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: true, adapter: false },
  options: [],
  unit: 'layers',
  async *run(run) {
    const { engine } = run.context;
    if (!engine.readout) {
      throw new AppError('no-backend', 'This engine cannot read out layers.', 'Use another backend.');
    }
    const { tokenIds } = run.params.calibration!;
    const pooled = yield* readPools(run, run.params, 'Reading prompts');
    const { normalCount, maliciousCount } = pooled;
    const size = normalCount + maliciousCount;
    const width = engine.info.spec.hiddenSize;
    const rows: ControlRow[] = [];
    for (let layer = 0; layer < run.layerCount; layer++) {
      const vectors = layerOf(run, pooled, layer);
      const each = Array.from({ length: size }, (_, at) => vectors.subarray(at * width, (at + 1) * width));
      const scores = new Float64Array(size);
      yield* streamEvents<ControlEvent, void>(
        (_, signal) =>
          engine.readout!(
            each,
            (index, logits) => {
              scores[index] = refusalScore(logits, tokenIds);
            },
            signal,
          ),
        run.signal,
      );
      const groups = { normal: scores.subarray(0, normalCount), malicious: scores.subarray(normalCount) };
      for (const [series, own] of Object.entries(groups)) {
        const interval = bootstrapMean(own, 500, run.params.seed);
        const place = { measure: 'refusing', series, label: `${series}, layer ${layer}`, x: layer };
        const row = valueRow(place, interval.mean, interval, own.length);
        rows.push(row);
        yield { type: 'partial', partial: row };
      }
      yield run.progress('Reading out', layer + 1, run.layerCount);
    }
    const first = rows.find(({ series, value }) => series === 'malicious' && value >= NAMED_SHARE);
    return {
      axis: LAYER_AXIS(run),
      measures: [
        {
          key: 'refusing',
          label: 'probability of the refusing first tokens, mean over prompts',
          unit: 'probability',
          reference: 0,
          interval: '95 % bootstrap over prompts, 500 replicates',
          test: 'none',
        },
      ],
      rows,
      findings: [
        first
          ? `On malicious prompts the refusing tokens have half of the probability from layer ${first.x} on read out.`
          : 'On malicious prompts the refusing tokens never have half of the probability.',
      ],
    };
  },
};
