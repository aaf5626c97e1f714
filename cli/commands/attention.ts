/**
 * `attention`: what the last token looks at, as numbers: entropy and the question's share layer by layer, one word head by
 * head, two prompts token by token, the three stages around a range. As a run file, as safetensors, or as a table.
 */
import path from 'node:path';
import type { Command } from 'commander';
import { attentionDifference, questionPlaces } from '@/method/attention-difference.ts';
import { attentionEntropy, attentionRow, questionShare } from '@/method/attention-row.ts';
import { STAGE_WORDS, summariseStages } from '@/method/attention-stages.ts';
import { loudestWord, type QuestionWord, questionWords, wordAttention } from '@/method/attention-word.ts';
import { AppError } from '@/model/app-error.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { AttentionPicture, PromptItem } from '@/protocol/experiments.ts';
import { checkWritable, writeWholeFile } from '../files.ts';
import {
  addModelOptions,
  checkLayers,
  collect,
  type LayerRange,
  layerRange,
  type ModelOptions,
  matrixSet,
  oneAlpha,
  scaledLayers,
  templateOption,
  wholeNumber,
} from '../options.ts';
import { choosePool, limited } from '../pools.ts';
import { RunWriter } from '../run-writer.ts';
import { withModel } from '../session.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Two prompts that share words are also compared with each other, token by token: b minus a.
Output by its ending: .json a run file that the page opens; .safetensors one tensor [layers, heads, tokens] per prompt.

Examples:
  npx stratascope attention --model smollm2-135m-instruct --adapter safety-adapter \\
      --text "How to kill a process?" --text "How to kill a person?" --range 8-13
  npx stratascope attention --model model.gguf --prompts malicious --limit 20 --word bomb --output a.safetensors
`;

interface AttentionOptions extends ModelOptions {
  output?: string;
  template: TemplateName;
  text: string[];
  prompts?: string;
  limit?: number;
  word?: string;
  range?: LayerRange;
  layers?: LayerRange;
  alpha?: number;
  matrices: MatrixName[];
}

export function addAttentionCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('attention')
    .description('what the last token looks at, layer by layer, head by head')
    .option('-o, --output <file>', 'run file (.json) or tensors (.safetensors) to write');
  addModelOptions(command)
    .addOption(templateOption('chat'))
    .option('--text <text>', 'a prompt; may be given again', collect(String), [])
    .option('--prompts <pool>', 'a shipped pool or a file of prompts')
    .option('--limit <n>', 'at most so many of them, spread evenly', wholeNumber(1, 100_000))
    .option('--word <word>', 'the word looked at head by head (default: the one that gets most attention)')
    .option('--range <range>', 'a located range: what happens before, within and after it', layerRange)
    .option('--layers <range>', 'layers that --alpha scales', layerRange)
    .option('--alpha <alpha>', 'factor on the weight matrices of --layers', oneAlpha)
    .option('--matrices <set>', 'which matrices: a preset or a list', matrixSet, matrixSet('all'))
    .addHelpText('after', HELP)
    .action((options: AttentionOptions) => runAttention(options, terminal));
}

async function runAttention(options: AttentionOptions, terminal: Terminal): Promise<void> {
  const format = options.output && path.extname(options.output).toLowerCase();
  if (options.output) {
    checkWritable(options.output);
    if (format !== '.json' && format !== '.safetensors')
      throw new AppError(
        'bad-input',
        `There is no output as "${format || options.output}".`,
        'Use a name that ends in .json or .safetensors.',
      );
  }
  const scale = scaledLayers(options);
  const prompts = await promptsOf(options);
  await withModel(options, { terminal, hash: format === '.json' }, async (session) => {
    if (options.range) checkLayers(options.range, session.card.spec.layerCount);
    const head = {
      kind: 'curves' as const,
      template: options.template,
      seed: 0,
      settings: { command: 'attention' },
      pools: { attention: prompts },
    };
    const writer = new RunWriter(session, head, terminal.signal);
    const { pictures } = await writer.run('attention', 'attention', {
      template: options.template,
      setting: { adapters: session.adapters, scale },
      prompts,
    });
    if (format === '.json') writer.write(options.output!);
    if (format === '.safetensors') writeWholeFile(options.output!, tensorsOf(pictures));
    if (!options.quiet) terminal.stdout.write(attentionText(pictures, options));
  });
}

async function promptsOf(options: AttentionOptions): Promise<PromptItem[]> {
  const typed = options.text.map((text, at): PromptItem => ({ id: `text-${at + 1}`, text }));
  const pool = options.prompts ? limited((await choosePool(options.prompts)).prompts, options.limit) : [];
  if (typed.length + pool.length > 0) return [...typed, ...pool];
  throw new AppError('bad-input', 'There is no prompt to read.', 'Give --text "…" or --prompts POOL.');
}

/** "p0.attention" [layers, heads, tokens] and "p0.question" [2]; the metadata holds prompts and tokens. */
function tensorsOf(pictures: readonly AttentionPicture[]): Uint8Array {
  const entries = new Map<string, WritableTensor>();
  const metadata: Record<string, string> = { format: 'stratascope attention' };
  for (const [at, picture] of pictures.entries()) {
    const { layerCount, headCount, tokens, attention, questionSpan, prompt } = picture;
    const dims = [layerCount, headCount, tokens.length];
    entries.set(`p${at}.attention`, { dtype: 'F32', dims, data: attention });
    entries.set(`p${at}.question`, { dtype: 'I32', dims: [2], data: Int32Array.from(questionSpan) });
    metadata[`p${at}.prompt`] = prompt.text;
    metadata[`p${at}.tokens`] = JSON.stringify(tokens);
  }
  return writeSafetensors(entries, metadata);
}

/** Prompts whose tables are printed; the file has all. */
const SHOWN = 4;

function attentionText(pictures: readonly AttentionPicture[], options: AttentionOptions): string {
  const blocks = pictures.slice(0, SHOWN).map((picture) => pictureText(picture, options));
  const [a, b] = pictures;
  if (pictures.length === 2 && a && b) blocks.push(differenceText(a, b));
  if (pictures.length > SHOWN) blocks.push(`… and ${pictures.length - SHOWN} more prompts in the file.`);
  return `${blocks.join('\n\n')}\n`;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);

function pictureText(picture: AttentionPicture, { word: wanted, range }: AttentionOptions): string {
  const word = chosenWord(picture, wanted);
  const entropy = attentionEntropy(picture, 'question');
  const question = questionShare(picture, 'mean');
  const heads = word && wordAttention(picture, word.tokens, 'raw');
  const rows = question.map((share, layer) => {
    const onWord = heads?.[layer];
    const top = onWord ? onWord.indexOf(Math.max(...onWord)) : 0;
    const row = attentionRow(picture, layer, 'mean');
    const mean = word?.tokens.reduce((sum, token) => sum + row[token]!, 0) ?? 0;
    return [
      String(layer).padStart(5),
      entropy.ofMean[layer]!.toFixed(2).padStart(9),
      entropy.meanOfHeads[layer]!.toFixed(2).padStart(9),
      percent(share),
      ...(onWord ? [percent(mean), `${percent(onWord[top]!)} (head ${top})`] : []),
    ].join(' ');
  });
  const most = entropy.largestPossible.toFixed(2);
  const head = `layer  of mean  of heads  question${word ? `  "${word.text}"  its loudest head` : ''}`;
  const stages = range
    ? summariseStages(picture, range, 'mean').map(
        (stage) =>
          `${stage.name} the range, ${stage.first}-${stage.last} (${STAGE_WORDS[stage.name]}): ${stage.entropyBits.toFixed(2)} bits, ` +
          `${percent(stage.questionShare).trim()} on the question; of its words most on "${stage.word}" (${percent(stage.wordShare).trim()} of that)`,
      )
    : [];
  return [
    `${picture.prompt.text}`,
    `entropy within the question in bits, at most ${most}; question: share of all attention`,
    head,
    ...rows,
    ...stages,
  ].join('\n');
}

/** A share in percent; what rounds to nothing is 0, not -0. */
const hundredths = (share: number) => (Math.round(1e4 * share) / 100 + 0).toFixed(2);

function chosenWord(picture: AttentionPicture, wanted: string | undefined): QuestionWord | null {
  if (!wanted) return loudestWord(picture);
  return questionWords(picture).find(({ text }) => text.toLowerCase() === wanted.toLowerCase()) ?? null;
}

function differenceText(a: AttentionPicture, b: AttentionPicture): string {
  const { places, difference } = attentionDifference(a, b, 'mean');
  const shown = questionPlaces(places, a, b);
  const name = (at: number) => {
    const { a: inA, b: inB, isSame } = places[at]!;
    const text = (tokens: readonly number[], of: AttentionPicture) =>
      tokens
        .map((token) => of.tokens[token])
        .join('')
        .trim() || '-';
    return isSame ? text(inA, a) : `${text(inA, a)}|${text(inB, b)}`;
  };
  const names = shown.map(name);
  const width = (at: number) => Math.max(7, names[at]!.length);
  const line = (cells: string[]) => cells.map((cell, at) => cell.padStart(width(at))).join(' ');
  return [
    'second minus first, attention in percent, mean of all heads',
    `layer ${line(names)}`,
    ...difference.map(
      (row, layer) => `${String(layer).padStart(5)} ${line(shown.map((at) => hundredths(row[at]!)))}`,
    ),
  ].join('\n');
}
