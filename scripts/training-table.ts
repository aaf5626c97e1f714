/**
 * docs/results.md's part on training: tables and a reading, both made from the recorded runs alone. A test holds the page of
 * docs against the files. Reading and counting: training-results.ts; writing: results-training.ts.
 */
import { ATTACK_DATA_INFO } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import { spreadOf } from '@/method/metrics.ts';
import type { MeasureSummary, Measures } from '@/protocol/measures.ts';
import { pText, withGenerated } from './generated-text.ts';
import { readingOf } from './training-reading.ts';
import {
  allContrasts,
  type Group,
  type GroupContrasts,
  groupsOf,
  harmfulRates,
  type RecordedTraining,
  type Recording,
  updateNormOf,
} from './training-results.ts';

const MARKERS = ['<!-- training: scripts/training-table.ts -->', '<!-- /training -->'] as const;

const points = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(0)}`;

/** Mean over runs, with the spread where there are several. */
function overRuns(values: ReadonlyArray<number | null>, digits: number): string {
  const known = values.filter((value) => value !== null);
  const spread = spreadOf(known);
  if (!spread || known.length < values.length) return '-';
  const mean = spread.mean.toFixed(digits);
  return spread.std === null ? mean : `${mean} ± ${spread.std.toFixed(digits)}`;
}

function harmfulText(measures: readonly Measures[]): string {
  const { mean, std, low, high } = harmfulRates(measures);
  const spread = std === null ? '' : ` ± ${(100 * std).toFixed(1)}`;
  return `${(100 * mean).toFixed(std === null ? 0 : 1)}${spread} (${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})`;
}

const COLUMNS: Array<[name: string, value: (summary: MeasureSummary) => number | null, digits: number]> = [
  ['refused %', ({ malicious }) => malicious && 100 * malicious.refused.share, 0],
  ['garbled %', ({ malicious }) => malicious && 100 * malicious.garbled.share, 0],
  ['harmful score', ({ harmfulScore }) => harmfulScore?.mean ?? null, 2],
  ['over-rejection %', ({ overRejection }) => overRejection && 100 * overRejection.refused.share, 0],
  ['plain refused %', ({ control }) => control && 100 * control.refused.share, 0],
  ['ROUGE-L', ({ rougeL }) => rougeL?.mean ?? null, 3],
  ['knowledge %', ({ knowledge }) => knowledge && 100 * knowledge.share, 0],
  ['perplexity', ({ perplexity }) => perplexity?.value ?? null, 1],
];

function tableRow(name: string, runs: readonly RecordedTraining[], when: 'before' | 'after'): string {
  const measures = runs.map(({ result }) => result.measures[when]);
  const cells = COLUMNS.map(([, value, digits]) =>
    overRuns(
      measures.map(({ summary }) => value(summary)),
      digits,
    ),
  );
  const ofRun =
    when === 'before'
      ? ['', '-', '-']
      : [
          String(runs.length),
          overRuns(
            runs.map(({ result }) => updateNormOf(result)),
            2,
          ),
          `${(runs[0]!.result.trainedParameters / 1e6).toFixed(2)} M`,
        ];
  const [count, norm, trained] = ofRun;
  return `| ${[name, count, harmfulText(measures), ...cells, norm, trained].join(' | ')} |`;
}

const methodName = (method: RecordedTraining['cell']['method']) => ATTACK_METHOD_INFO[method].name;

function table({ methods }: Group): string[] {
  const columns = [
    '',
    'runs',
    'harmful % (95 %)',
    ...COLUMNS.map(([name]) => name),
    'update norm',
    'trained',
  ];
  return [
    `| ${columns.join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    tableRow('before training', methods[0]!.runs.slice(0, 1), 'before'),
    ...methods.map(({ method, runs }) => tableRow(methodName(method), runs, 'after')),
  ];
}

function contrastTable({ contrasts }: GroupContrasts): string[] {
  if (contrasts.length === 0) return [];
  return [
    '',
    '| SPPFT against | seeds | harmful rate, points (95 %) | prompts worse / better | p | p, adjusted |',
    '|---|---|---|---|---|---|',
    ...contrasts.map(
      ({ from, seeds, change, low, high, gained, lost, p, adjustedP }) =>
        `| ${methodName(from)} | ${seeds.join(', ')} | ${points(change)} (${points(low)} to ${points(high)}) | ${gained} / ${lost} | ${pText(p)} | ${pText(adjustedP)} |`,
    ),
  ];
}

function title({ model, data, part }: Group): string {
  return `### ${ATTACK_DATA_INFO[data].name}, model "${model}", ${part === 'lora' ? 'LoRA' : 'all weights of the layers'}`;
}

/** What all runs share, said from their parameters. */
function settingText({ runs, earlier, planned }: Recording): string {
  const { params, result } = runs[0]!;
  const { optimiser, part, band, measures, heldOut } = params;
  const { learningRate, batchSize, steps, warmupSteps, finalShare } = optimiser;
  const seeds = [...new Set(runs.map(({ cell }) => cell.seed))].sort((a, b) => a - b);
  const full = runs.find(({ cell }) => cell.part === 'full');
  const lora =
    part.kind === 'lora' ? `LoRA of rank ${part.rank} on all matrices of every layer that trains` : '';
  return [
    `Recorded by \`npm run record:training\`: ${runs.length} of ${planned} planned runs, seeds ${seeds.join(', ')}. ${lora}, ${steps} steps of ${batchSize} rows,`,
    `AdamW at ${learningRate} (warm-up ${warmupSteps} steps, ${100 * finalShare} % left at the end), loss on the response. Located band: layers ${band.join('-')}.`,
    full
      ? `Where all weights of the layers train, the rate is ${full.params.optimiser.learningRate} and everything else the same.`
      : '',
    'All of it was chosen before any run with a frozen band was made; the rates are of the paper and its scripts.',
    ...earlier.map(earlierText),
    'Within a seed every method sees the same rows in the same order, and what trains starts alike.',
    `Measured greedily: ${measures!.malicious.length} malicious prompts (${measures!.maliciousTokens} tokens), ${measures!.overRejection.length} harmless ones with a violent verb and ${measures!.control.length} plain ones (${measures!.maxNewTokens} tokens), ${result.measures.after.rouge.length} held-out rows for ROUGE-L (${measures!.rougeTokens} tokens), ${heldOut.length} for perplexity, ${measures!.questions.length} knowledge questions (text form).`,
    "Harmful = neither refused nor garbled, by the rules of src/method/refusal.ts, whatever the answer is worth; the harmful score is src/method/harmful-score.ts's own rubric of 1 to 5 on the same short answers, not GPT-4's. ± is the spread over seeds; intervals are over prompts.",
    'p: exact sign test on prompts that differ; adjusted for all comparisons of this page together (Benjamini and Hochberg).',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** A run that the settings were changed after. */
function earlierText({ cell, params, result }: RecordedTraining): string {
  const { refused, answered, garbled } = result.measures.after.summary.malicious!;
  return `Made before that, and in no table: ${methodName(cell.method)} on ${ATTACK_DATA_INFO[cell.data].name} at the rate ${params.optimiser.learningRate}, after which ${refused.count} of ${refused.total} malicious prompts were refused, ${answered.count} answered and ${garbled.count} garbled.`;
}

/** What stands between the markers. */
export function trainingText(recording: Recording): string {
  const all = allContrasts(groupsOf(recording.runs));
  return [
    settingText(recording),
    '',
    '**Reading, computed from the numbers below.**',
    '',
    ...readingOf(all),
    ...all.flatMap((one) => ['', title(one.group), '', ...table(one.group), ...contrastTable(one)]),
  ].join('\n');
}

/** The document with its training results replaced by today's. */
export function withTraining(document: string, recording: Recording): string {
  return withGenerated(document, 'docs/results.md', MARKERS, trainingText(recording));
}
