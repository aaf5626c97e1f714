/**
 * A run as a Jupyter notebook (nbformat 4) that repeats it with transformers and peft: curves, exact counts, band scans,
 * on the run's model or on a full-size one of a person's choice. Pure; scripts/check-notebook.ts executes what it writes.
 */
import { RUN_FILE_VERSION, type RunFile, type RunPart } from '@/protocol/run-file.ts';
import {
  COMPARE_CODE,
  COUNT_CODE,
  CURVES_CODE,
  CURVES_PLOT_CODE,
  SCAN_CODE,
} from './notebook-experiments.ts';
import { LOAD_CODE, PASSES_CODE, PROMPT_CODE, SCALE_CODE, settingsCode } from './notebook-model.ts';
import { rulesCode } from './notebook-rules.ts';

interface Cell {
  id: string;
  cell_type: 'markdown' | 'code';
  metadata: Record<string, never>;
  source: string[];
  execution_count?: null;
  outputs?: [];
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: 4;
  nbformat_minor: 5;
}

/** Kinds that the notebook repeats. Calibration is taken from the run: it belongs to a tokenizer. */
export const NOTEBOOK_KINDS = ['similarity', 'count', 'bandScan'] as const;

export function runNotebook(run: RunFile, fileName: string): Notebook {
  const data = notebookData(run);
  const adapters = [
    ...new Set(Object.values(data.parts).flatMap((parts) => parts.flatMap((one) => one.adapters))),
  ];
  const cells: Array<Cell | null> = [
    markdown(titleText(run, fileName)),
    code(settingsCode(run.model.name, adapters as string[], run.template)),
    markdown('## The run\nIts prompts, settings and numbers, as the run file holds them.'),
    code(`RUN = json.loads(r'''${rawPython(JSON.stringify({ pools: data.pools, ...data.parts }))}''')`),
    markdown(
      '## The model\nEvery pass is of one prompt: without padding, no prompt can depend on its neighbours. Layers are scaled by hooks.',
    ),
    code(LOAD_CODE),
    code(PROMPT_CODE),
    code(SCALE_CODE),
    code(PASSES_CODE),
    code(COMPARE_CODE),
  ];
  if (data.parts.similarity.length > 0)
    cells.push(
      markdown('## Similarity and angle gap, layer by layer\nSections 3.2 and 3.3, over all pairs.'),
      code(CURVES_CODE),
      code(CURVES_PLOT_CODE),
    );
  if (data.parts.count.length > 0)
    cells.push(
      markdown(
        '## Counting refusals\nSection 3.4. The rules that tell refused from answered and garbled are those of the run’s program.',
      ),
      code(rulesCode()),
      code(COUNT_CODE),
    );
  if (data.parts.bandScan.length > 0)
    cells.push(
      markdown(
        '## Band scan\nA band of fixed width moves over all layers; prompts are refused when the probability of a refusing first token exceeds the threshold.',
      ),
      code(SCAN_CODE),
    );
  cells.push(
    markdown('## Beside the run\nOn the run’s own model every line should be within its bound.'),
    code(
      "for line in REPORT:\n    print(f\"{line['largest']:10.3g}  {'within' if line['largest'] <= line['allowed'] else 'BEYOND'}  {line['what']}\")",
    ),
  );
  return {
    cells: cells.filter((cell) => cell !== null).map((cell, at) => ({ ...cell, id: `cell-${at}` })),
    metadata: {
      kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
      language_info: { name: 'python' },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function titleText(run: RunFile, fileName: string): string {
  const adapters = run.model.adapters.map(({ name, sha256 }) => `${name} (sha256 ${sha256})`).join(', ');
  return [
    `# ${fileName}, repeated`,
    '',
    `Made by Stratascope from a run of ${run.app.name} ${run.app.version} on ${run.backend.runtime}, ${run.createdAt}.`,
    '',
    `- model: ${run.model.name}, sha256 ${run.model.sha256 ?? 'not known'}`,
    `- adapters: ${adapters || 'none'}`,
    `- template: ${run.template}, seed ${run.seed}, run file version ${RUN_FILE_VERSION}`,
    '',
    'Needs `torch`, `transformers`, and `peft` where there are adapters; `gguf` where the model is a GGUF file. Set the model in the next cell and run all.',
    'Prompts of the malicious pool are part of the data below.',
  ].join('\n');
}

const lines = (text: string): string[] =>
  text.split('\n').map((line, at, all) => (at + 1 < all.length ? `${line}\n` : line));
const markdown = (text: string): Cell => ({
  id: '',
  cell_type: 'markdown',
  metadata: {},
  source: lines(text),
});
const code = (text: string): Cell => ({
  id: '',
  cell_type: 'code',
  metadata: {},
  execution_count: null,
  outputs: [],
  source: lines(text),
});

/** Inside r'''...''' only three quotes in a row and a last backslash would end the text early; JSON can say ' as \u0027. */
const rawPython = (json: string): string => json.replaceAll("'", '\\u0027');

type Reference = Array<{ pool: string; indices?: number[] }>;
interface NotebookPart {
  label: string;
  adapters: readonly string[];
  scale: unknown;
  [field: string]: unknown;
}

function notebookData(run: RunFile) {
  const pools: RunFile['pools'] = {};
  const refer = (prompts: ReadonlyArray<{ text: string }>): Reference => {
    for (const [pool, items] of Object.entries(run.pools)) {
      const at = new Map(items.map(({ text }, index) => [text, index]));
      const indices = prompts.map(({ text }) => at.get(text));
      if (!indices.every((index) => index !== undefined)) continue;
      pools[pool] = items;
      return [{ pool, indices }];
    }
    // Of several pools: each prompt by itself would do; a pool of its own is easier to read.
    const pool = `prompts ${Object.keys(pools).length + 1}`;
    pools[pool] = prompts.map(({ text }, at) => ({ id: String(at), text }));
    return [{ pool }];
  };
  const parts = {
    similarity: run.parts.flatMap((part) => (part.kind === 'similarity' ? similarityPart(part, refer) : [])),
    count: run.parts.flatMap((part) => (part.kind === 'count' ? countPart(part, refer) : [])),
    bandScan: run.parts.flatMap((part) => (part.kind === 'bandScan' ? scanPart(part, refer) : [])),
  };
  return { pools, parts };
}

type Part<K extends RunPart['kind']> = Extract<RunPart, { kind: K }>;
type Refer = (prompts: ReadonlyArray<{ text: string }>) => Reference;

const head = ({ label, params }: Part<(typeof NOTEBOOK_KINDS)[number]>) => ({
  label,
  adapters: params.setting.adapters,
  scale: params.setting.scale,
});

/** Random draws and the point after the final norm are the run's alone: the notebook takes all pairs before the norm. */
function similarityPart(part: Part<'similarity'>, refer: Refer): NotebookPart[] {
  const { params, result } = part;
  const isComparable = params.pairs.kind === 'all' && params.lastPoint === 'before-final-norm';
  const { curves, gap } = result.raw;
  const shown = (values: number[]) => (isComparable ? values : []);
  return [
    {
      ...head(part),
      normal: refer(params.normal),
      malicious: refer(params.malicious),
      curves: { nn: shown(curves.nn.mean), nm: shown(curves.nm.mean), mm: shown(curves.mm.mean) },
      gap_of_means_deg: shown(gap.ofMeansDeg),
      gap_of_angles_deg: shown(gap.ofAnglesDeg),
    },
  ];
}

/** Exact counts only: what was scored by the first token is in the band scans. */
function countPart(part: Part<'count'>, refer: Refer): NotebookPart[] {
  const { params, result } = part;
  if (params.mode !== 'exact') return [];
  const answers = params.prompts.map<string | null>(() => null);
  for (const { index, answer } of result.outcomes) answers[index] = answer ?? null;
  const { refused, answered, garbled } = result;
  return [
    {
      ...head(part),
      prompts: refer(params.prompts),
      prefixes: params.rules.prefixes,
      max_new_tokens: params.maxNewTokens,
      recorded: { refused, answered, garbled },
      answers,
    },
  ];
}

function scanPart(part: Part<'bandScan'>, refer: Refer): NotebookPart[] {
  const { params, result } = part;
  const { tokenIds, tokenTexts, threshold } = params.calibration;
  return [
    {
      ...head(part),
      prompts: refer(params.prompts),
      token_ids: tokenIds,
      token_texts: tokenTexts,
      threshold,
      width: params.width,
      alpha: params.alpha,
      matrices: params.matrices,
      baseline: result.baseline.refused,
      firsts: result.points.map(({ first }) => first),
      refused: result.points.map(({ refused }) => refused),
    },
  ];
}
