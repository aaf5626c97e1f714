/** What a tokenizer.json must not do to the library that reads it: make arrays of billions, run expressions for ever. */
import { AppError } from './app-error.ts';
import { isSafePattern } from './safe-pattern.ts';
import type { Json } from './tokenizer-library.ts';

/** @throws AppError. `vocabSize` is the model's: rows of its embedding. */
export function checkTokenizerJson(json: Json, tokenizerConfig: Json, vocabSize: number): void {
  const { model: modelPart, ...parts } = json;
  const { vocab, merges, ...model } = isObject(modelPart) ? modelPart : {};
  // Unigram lists its pieces, their places being the ids; the others name the ids.
  if (Array.isArray(vocab)) checkId(vocab.length - 1, vocabSize);
  else if (isObject(vocab)) for (const id in vocab) checkId(vocab[id], vocabSize);
  for (const token of Array.isArray(json.added_tokens) ? json.added_tokens : []) {
    checkId(isObject(token) ? token.id : undefined, vocabSize);
  }
  if (merges !== undefined && !(Array.isArray(merges) && merges.every(isMerge))) {
    throw damaged('has merges that are no pairs of tokens');
  }
  // All but the vocabulary, whose keys are anybody's words.
  for (const [key, part] of Object.entries({ ...parts, model, tokenizer_config: tokenizerConfig })) {
    checkPart(part, key, 0);
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';
const isMerge = (merge: unknown): boolean =>
  isText(merge) || (Array.isArray(merge) && merge.length === 2 && merge.every(isText));

function damaged(what: string): AppError {
  return new AppError('bad-file', `tokenizer.json ${what}.`, 'The file is damaged; get another copy.');
}

function checkId(id: unknown, vocabSize: number): void {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < -1) {
    throw damaged('gives a token an id that is no whole number');
  }
  if (id >= vocabSize) {
    throw new AppError(
      'bad-file',
      `The tokenizer has ids up to ${id} or more, the model only ${vocabSize} embeddings.`,
      'Tokenizer and weights do not belong together.',
    );
  }
}

/** Sequences hold others; nobody nests them deep. */
const DEEPEST = 32;

/** The library takes texts and lists as they come: an object in their place may claim any length. */
function checkPart(value: unknown, where: string, depth: number): void {
  if (!isObject(value)) return;
  if (depth > DEEPEST) throw damaged(`nests its ${where} more than ${DEEPEST} deep`);
  if (Array.isArray(value)) {
    for (const inner of value) checkPart(inner, where, depth + 1);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'length') throw damaged(`has an object with a length in its ${where}`);
    if (key === 'content' && !isText(inner)) throw damaged(`has a content that is no text in its ${where}`);
    if (key === 'Regex' && isText(inner) && !isSafePattern(inner)) {
      throw new AppError(
        'unsupported-model',
        `tokenizer.json: a pattern of its ${where} could run for ever, so it is not run.`,
        'Use the tokenizer that was published with the model.',
      );
    }
    checkPart(inner, where, depth + 1);
  }
}
