/** From options to a loaded model: what --model and --adapter name, a lab, its progress, and closing it whatever happens. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '@/engine/engine.ts';
import { LocalLab } from '@/lab/local-lab.ts';
import { nodeParts } from '@/lab/node-parts.ts';
import { alphaNotes } from '@/model/alpha-meaning.ts';
import { AppError } from '@/model/app-error.ts';
import { readManifest } from '@/model/bundled.ts';
import { diskFiles } from '@/model/node-files.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { TextCodec } from '@/model/text-codec.ts';
import type { AdapterCard, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { ModelOptions } from './options.ts';
import { type ProgressDisplay, progressDisplay, type Terminal } from './terminal.ts';

export const BUNDLE_FOLDER = fileURLToPath(new URL('../public/models/', import.meta.url));

export interface OpenSession {
  lab: LocalLab;
  card: ModelCard;
  engine: Engine;
  text: TextCodec;
  /** Names of the adapters asked for, in that order: the setting of every run. */
  adapters: string[];
  adapterCards: AdapterCard[];
  display: ProgressDisplay;
}

/** @param needs hash: find the model's sha256, which goes into run files; checkpoints: the folder that training keeps them in */
export async function withModel<Result>(
  options: ModelOptions,
  { terminal, hash, checkpoints }: { terminal: Terminal; hash: boolean; checkpoints?: string },
  work: (session: OpenSession) => Promise<Result>,
): Promise<Result> {
  const display = progressDisplay(terminal, options.quiet === true);
  const { source, modelId } = await modelSource(options.model);
  const lab = new LocalLab(nodeParts({ hash, modelId, checkpoints }));
  try {
    const { backend, threads, streamLayers } = options;
    const load = { backend, threads, ...(streamLayers && { residency: 'streamed' as const }) };
    const card = await lab.load(source, load, (progress) => display.show(progress), terminal.signal);
    if (card.backend.residency === 'streamed' && !streamLayers)
      display.say(
        'Note: the model is larger than the memory that is free; its layers are read as they are needed.',
      );
    for (const warning of card.warnings) display.say(`Note: ${warning}`);
    const adapterCards: AdapterCard[] = [];
    for (const choice of options.adapter)
      adapterCards.push(await addAdapter(lab, card, choice, adapterCards));
    const { engine, model } = lab.loaded!;
    const adapters = adapterCards.map((adapter) => adapter.name);
    return await work({ lab, card, engine, text: model.text, adapters, adapterCards, display });
  } finally {
    display.stop();
    await lab.close();
  }
}

/** What alpha does not do in this model with these matrices. */
export function sayAlphaNotes({ card, display }: OpenSession, matrices: readonly MatrixName[]): void {
  for (const { sentence } of alphaNotes(card.spec, matrices)) display.say(`Note: ${sentence}`);
}

async function modelSource(choice: string): Promise<{ source: ModelSource; modelId?: string }> {
  if (existsSync(choice)) return { source: { kind: 'path', path: choice } };
  const { models } = await readManifest(diskFiles(BUNDLE_FOLDER));
  if (models.some((model) => model.id === choice)) {
    return { source: { kind: 'bundled', root: BUNDLE_FOLDER }, modelId: choice };
  }
  throw new AppError(
    'not-found',
    `There is no model ${choice}.`,
    `Name a folder with config.json and model.safetensors, a .gguf file, or a bundled model: ${models.map((model) => model.id).join(', ')}.`,
  );
}

/** A folder, or a bundled adapter by id or by folder name. One that came with the model is not read again. */
async function addAdapter(
  lab: LocalLab,
  card: ModelCard,
  choice: string,
  before: readonly AdapterCard[],
): Promise<AdapterCard> {
  const known = existsSync(choice) ? undefined : await bundledAdapter(choice);
  const present = known && card.adapters.find((adapter) => adapter.name === known.id);
  if (present) return unique(present, before);
  const folder = known ? path.join(BUNDLE_FOLDER, known.path) : choice;
  const name = known?.id ?? path.basename(path.resolve(folder));
  const taken = new Set([...card.adapters, ...before].map((adapter) => adapter.name));
  // Two folders may have the same last name; settings need different ones.
  const free = taken.has(name) ? `${name} (${before.length + 1})` : name;
  return lab.addAdapter({ kind: 'path', path: folder }, free);
}

function unique(adapter: AdapterCard, before: readonly AdapterCard[]): AdapterCard {
  if (!before.some((other) => other.name === adapter.name)) return adapter;
  throw new AppError('bad-input', `The adapter ${adapter.name} is given twice.`, 'Give it once.');
}

async function bundledAdapter(choice: string) {
  const { adapters } = await readManifest(diskFiles(BUNDLE_FOLDER));
  const found = adapters.find((adapter) => adapter.id === choice || adapter.path === choice);
  if (found) return found;
  throw new AppError(
    'not-found',
    `There is no adapter ${choice}.`,
    `Name a PEFT folder or a bundled adapter: ${adapters.map((adapter) => adapter.path).join(', ')}.`,
  );
}
