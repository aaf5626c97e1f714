/** Control: the gap at other tokens than the last. */
import type { ControlRow } from '@/protocol/controls.ts';
import { renderPool } from '../context.ts';
import type { Control } from './control.ts';
import { curveMeasures, curveRows, LAYER_AXIS, largestGaps } from './gap-curves.ts';
import { readSequences } from './vectors.ts';

export const tokenPosition: Control = {
  name: 'token-position',
  title: 'Token position',
  explanation:
    'The gap at the last token of the question, and at tokens of the template after it, beside the last token that the paper takes. What a prompt is about and whether to refuse it may live at different tokens.',
  reference: 'Zhao et al. 2025 (2507.11878); Arditi et al. 2024 (positions -1 to -5)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [
    {
      key: 'after',
      label: 'Tokens after the question',
      description: 'How many tokens of the template behind the question are looked at, besides the last.',
      kind: 'integer',
      default: 1,
      min: 0,
      max: 8,
    },
  ],
  unit: 'layers',
  async *run(run) {
    const { params } = run;
    const rendered = renderPool(
      run.context.text,
      [...params.normal, ...params.malicious],
      params.template,
      'control',
    );
    /** Tokens behind the question: the same for all prompts of a template. */
    const tail = Math.min(...rendered.map(({ ids, questionSpan }) => ids.length - questionSpan[1]));
    const positions: Array<{ series: string; end: (prompt: (typeof rendered)[number]) => number }> = [
      { series: 'last token of the question', end: ({ questionSpan }) => questionSpan[1] },
    ];
    for (let after = 1; after <= Math.min(run.number('after'), tail - 1); after++) {
      positions.push({
        series: `token ${after} after it`,
        end: ({ questionSpan }) => questionSpan[1] + after,
      });
    }
    if (tail > 0) positions.push({ series: 'last token of the prompt', end: ({ ids }) => ids.length });
    const keys = ['gap', 'auroc'] as const;
    const rows: ControlRow[] = [];
    for (const { series, end } of positions) {
      // What a token holds depends on nothing behind it: the prompt, cut there, has the same vector as its last.
      const sequences = rendered.map((prompt) => prompt.ids.subarray(0, end(prompt)));
      const states = yield* readSequences(run, sequences, params, `Reading prompts: ${series}`);
      const pooled = { states, normalCount: params.normal.length, maliciousCount: params.malicious.length };
      rows.push(...(yield* curveRows(run, pooled, series, keys)));
    }
    return {
      axis: LAYER_AXIS(run),
      measures: curveMeasures(keys),
      rows,
      findings: [
        largestGaps(
          rows,
          positions.map(({ series }) => series),
        ),
      ],
    };
  },
};
