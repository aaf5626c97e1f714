/**
 * Files to LoadedModel: decides between a GGUF and a checkpoint folder and puts spec, weights and tokenizer together.
 * Not here: where bytes come from (the *-files.ts), bundled models and their manifest (manifest.ts).
 */
import { AppError } from './app-error.ts';
import { ARCHITECTURES } from './architectures.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { type CodecParts, createTextCodec } from './codec.ts';
import { parseJsonObject, specFromConfig } from './config.ts';
import { openGguf } from './gguf.ts';
import { openGgufModel } from './gguf-spec.ts';
import { tokenizerFromGguf } from './gguf-tokenizer.ts';
import type { LoadedModel } from './loaded-model.ts';
import { onlyGguf } from './only-gguf.ts';
import type { ModelSpec } from './spec.ts';
import { checkpointReader, openCheckpoint, readText } from './tensor-store.ts';
import type { TextCodec } from './text-codec.ts';
import type { Json } from './tokenizer-library.ts';
import { hashSources, type WholeFileOptions } from './whole-file.ts';

export interface OpenOptions extends WholeFileOptions {
  /** What a person sees; default: the file's or folder's name. */
  name?: string;
  /** A GGUF file inside a FileSet that holds several. */
  file?: string;
  /** Known sha256 of the weights; `compute` reads all weight files once more to find it. */
  sha256?: string | 'compute';
}

export async function openModel(
  input: FileSet | ByteSource,
  options: OpenOptions = {},
): Promise<LoadedModel> {
  if (!isFileSet(input)) return openGgufFile(input, options);
  if (!options.file && (await input.open('config.json'))) return openFolder(input, options);
  const path = options.file ?? (await onlyGguf(input, NO_MODEL));
  const source = await input.open(path);
  if (!source) {
    throw new AppError('not-found', `${input.name} holds no ${path}.`, 'Check the name of the file.');
  }
  return openGgufFile(source, options);
}

const NO_MODEL = 'Choose the folder of a safetensors checkpoint (with config.json), or a GGUF file.';

export function isFileSet(input: FileSet | ByteSource): input is FileSet {
  return 'open' in input;
}

async function sha256Of(sources: ByteSource[], options: OpenOptions): Promise<string | null> {
  if (options.sha256 === 'compute') return hashSources(sources, options);
  return options.sha256 ?? null;
}

async function openGgufFile(source: ByteSource, options: OpenOptions): Promise<LoadedModel> {
  const file = await openGguf(source);
  const { spec, weights } = await openGgufModel(file);
  const objects = tokenizerFromGguf(file);
  const parts = objects
    ? await createTextCodec(objects.tokenizerJson, objects.tokenizerConfig, objects.stopIds, spec.vocabSize)
    : withoutTokenizer(source.name);
  return {
    name: options.name ?? source.name,
    spec,
    weights,
    text: parts.codec,
    templates: parts.templates,
    warnings: [...(objects?.warnings ?? []), ...parts.warnings],
    sha256: await sha256Of([source], options),
  };
}

async function openFolder(files: FileSet, options: OpenOptions): Promise<LoadedModel> {
  const config = await readText((await files.open('config.json'))!);
  const spec = specFromConfig(config);
  const store = await openCheckpoint(files);
  const weights = checkpointReader(spec, ARCHITECTURES[spec.architecture]!, store);
  const parts = await folderCodec(files, parseJsonObject(config, 'config.json'), spec);
  return {
    name: options.name ?? files.name,
    spec,
    weights,
    text: parts.codec,
    templates: parts.templates,
    warnings: parts.warnings,
    sha256: await sha256Of(store.sources, options),
  };
}

async function folderCodec(files: FileSet, config: Json, spec: ModelSpec): Promise<CodecParts> {
  const json = async (path: string): Promise<Json | null> => {
    const source = await files.open(path);
    return source && parseJsonObject(await readText(source), path);
  };
  const tokenizerJson = await json('tokenizer.json');
  if (!tokenizerJson) return withoutTokenizer(files.name);
  const tokenizerConfig = { ...(await json('tokenizer_config.json')) };
  // transformers 5 saves the template beside the configuration instead of inside it.
  const template = await files.open('chat_template.jinja');
  if (template) tokenizerConfig.chat_template = await readText(template);
  const generation = await json('generation_config.json');
  const stopIds = [generation?.eos_token_id, config.eos_token_id]
    .flat()
    .filter((id): id is number => typeof id === 'number');
  return createTextCodec(tokenizerJson, tokenizerConfig, stopIds, spec.vocabSize);
}

/** Without a tokenizer a model still runs on token ids (command line, parity); every text function says why it cannot. */
function withoutTokenizer(name: string): CodecParts {
  const fail = (): never => {
    throw new AppError(
      'bad-input',
      `${name} has no tokenizer, so text cannot be turned into tokens.`,
      'Add tokenizer.json and tokenizer_config.json to the folder, or give token ids.',
    );
  };
  const codec: TextCodec = { encode: fail, decode: fail, render: fail, renderChat: fail, stopIds: [] };
  return { codec, templates: [], warnings: [`${name} has no tokenizer; only token ids can be run.`] };
}
