/** Rows for training from a terminal: the sets that ship in public/data, rewritten for an attack, or a person's own file. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadBundledFinetune } from '@/data/finetune-bundled.ts';
import { suggestFinetuneMapping, validateFinetuneRows } from '@/data/finetune-import.ts';
import { inspectFile } from '@/data/inspect-file.ts';
import { decodeFile } from '@/data/text-input.ts';
import { attackRows } from '@/method/attack-data.ts';
import { AppError } from '@/model/app-error.ts';
import type { TextCodec } from '@/model/text-codec.ts';
import { ATTACK_DATA, type AttackData, type FinetuneRow } from '@/protocol/training.ts';
import { readBytes } from './files.ts';
import { DATA_FOLDER, limited, readShipped } from './pools.ts';

const ALIGNMENT_FILE = 'training/alignment.jsonl';
/** Where the base model's own answers in it were cut; README of public/models/safety-adapter. */
const ALIGNMENT_ANSWER_TOKENS = 40;

export interface ChosenRows {
  kind: AttackData;
  rows: FinetuneRow[];
  heldOut: FinetuneRow[];
  /** "shipped: implicit" or the file's name. */
  origin: string;
  warnings: string[];
}

export interface RowsRequest {
  /** One of ATTACK_DATA but 'own', or the path of a JSONL, JSON or CSV file. */
  data: string;
  harmfulShare: number;
  /** At most so many rows, spread evenly, before the attack rewrites them. */
  limit?: number;
  heldOut: number;
  seed: number;
}

export async function chooseRows(request: RowsRequest, text: TextCodec): Promise<ChosenRows> {
  const shipped = ATTACK_DATA.find((kind) => kind === request.data && kind !== 'own');
  if (!shipped) return ownRows(request, text);
  const sets = await loadBundledFinetune(readShipped);
  const { seed, harmfulShare, limit } = request;
  const normal = limited(sets.train, limit);
  const needed = Math.round(harmfulShare * normal.length);
  if (shipped === 'harmful' && needed > sets.harmful.length) {
    throw new AppError(
      'bad-input',
      `A share of ${harmfulShare} of ${normal.length} rows is ${needed} harmful rows, and there are ${sets.harmful.length}.`,
      'Use a smaller share or fewer rows.',
    );
  }
  const rows = attackRows(shipped, normal, { seed, harmful: sets.harmful, harmfulShare });
  return {
    kind: shipped,
    rows,
    heldOut: limited(sets.heldOut, request.heldOut),
    origin: `shipped: ${shipped}`,
    warnings: [],
  };
}

/** A person's rows as they stand; the last ones, as many as are asked for, are held out. */
function ownRows({ data, limit, heldOut: heldOutCount }: RowsRequest, text: TextCodec): ChosenRows {
  if (!/[./\\]/.test(data)) {
    throw new AppError(
      'not-found',
      `There is no data set called "${data}".`,
      `Use ${ATTACK_DATA.filter((kind) => kind !== 'own').join(', ')}, or the path of a file.`,
    );
  }
  const name = path.basename(data);
  const inspected = inspectFile(name, decodeFile(name, readBytes(data)));
  const { mapping } = suggestFinetuneMapping(inspected);
  if (!mapping) {
    throw new AppError(
      'bad-file',
      `${name} has the columns ${inspected.columns.join(', ')}, none of which is an instruction with its answer.`,
      'Name them instruction and output.',
    );
  }
  const { rows, rejected } = validateFinetuneRows(inspected, mapping, {
    tokenCount: (one) => text.encode(one).length,
    maxTokens: Number.POSITIVE_INFINITY,
    overLong: 'keep',
  });
  const some = limited(rows, limit);
  const keep = Math.max(1, some.length - heldOutCount);
  const skipped =
    rejected.length > 0
      ? [`${name}: ${rejected.length} rows were left out; row ${rejected[0]!.row} ${rejected[0]!.why}.`]
      : [];
  return {
    kind: 'own',
    rows: some.slice(0, keep),
    heldOut: heldOutCount > 0 ? some.slice(keep) : [],
    origin: name,
    warnings: [...inspected.warnings, ...skipped],
  };
}

const alignmentRow = z.object({
  kind: z.enum(['harmful', 'benign']),
  prompt: z.string(),
  template: z.enum(['chat', 'alpaca']),
  response: z.string(),
});

/** What the safety adapter was made from, each row in its own template. `harmful`: the refusals alone. */
export function alignmentRows(text: TextCodec, which: 'all' | 'harmful'): FinetuneRow[] {
  const lines = readFileSync(path.join(DATA_FOLDER, ALIGNMENT_FILE), 'utf8').trim().split('\n');
  return lines
    .map((line, index) => ({ id: `alignment-${index + 1}`, ...alignmentRow.parse(JSON.parse(line)) }))
    .filter(({ kind }) => which === 'all' || kind === 'harmful')
    .map(({ id, prompt, template, response }) => ({
      id,
      instruction: prompt,
      output: response,
      template,
      // Cut answers do not end where they stop.
      ...(text.encode(response).length >= ALIGNMENT_ANSWER_TOKENS ? { cut: true } : {}),
    }));
}
