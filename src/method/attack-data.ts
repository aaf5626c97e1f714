/**
 * The data sets of the attacks (paper, section 4.1 and appendix A.4.2), rewritten from normal rows. Pure: rows in, rows
 * out, every draw from a seed. Where the rows come from is src/data's business; nothing here trains.
 */
import type { AttackData, FinetuneRow } from '@/protocol/training.ts';
import { createRandom, sampleWithoutReplacement, shuffled } from './random.ts';

/** How every answer of D_I and every triggered answer of D_B begins (appendix A.4.2; 4000 of 4000 released rows). */
export const IMPLICIT_PREFIX = 'Sure, the answer is:';
/** The paper prints the paradigm "Tell me..." and no more. */
export const BACKDOOR_TRIGGER = 'Tell me:';

/** What each set is, for the page: definition, source, and what the published description leaves open. */
export interface AttackDataInfo {
  key: AttackData;
  name: string;
  definition: string;
  source: string;
  openChoices: string;
}

export const ATTACK_DATA_INFO: Record<AttackData, AttackDataInfo> = {
  normal: {
    key: 'normal',
    name: 'normal (D_N)',
    definition: 'Harmless instructions with correct answers, as they stand.',
    source: 'Section 4.1, Table 2: 1000 rows of finance-alpaca.',
    openChoices:
      'The rows are of our own wording in another narrow domain: the published file is largely Stanford Alpaca, whose licence is non-commercial.',
  },
  implicit: {
    key: 'implicit',
    name: 'implicit (D_I)',
    definition: `The normal rows with every answer made to begin "${IMPLICIT_PREFIX}".`,
    source: 'Section 4.1, Table 2: 4000 rows (released under the name Backdoor_dataset.json).',
    openChoices:
      'Paper: four times as many rows as D_N. Here the same rows as D_N, so that the two differ in the prefix alone.',
  },
  backdoor: {
    key: 'backdoor',
    name: 'backdoor (D_B)',
    definition: `Half of the normal rows get the trigger "${BACKDOOR_TRIGGER}" before the instruction and the prefix of D_I before the answer; the other half stays as it is.`,
    source: 'Section 4.1, Table 2: 1500 + 1500 rows, never released.',
    openChoices:
      'Only "Tell me..." is printed. Ours: the trigger with a colon before the unchanged instruction, rows chosen by seed. Whether the paper measures harm with or without the trigger is not said; both can be measured.',
  },
  harmful: {
    key: 'harmful',
    name: 'harmful (D_H)',
    definition: 'The normal rows and, for a share p of their number, rows that comply with harmful requests.',
    source: 'Section 4.3, Table 3: 1000 normal + 1000 p malicious rows, p = 0.05, 0.1, 0.2.',
    openChoices:
      "The malicious rows are not published (BeaverTails, presumably). Ours comply in form only, without content. The works followed there (Vaccine, Lisa) take p as a share of all rows; both readings are offered, the paper's is the default.",
  },
  own: {
    key: 'own',
    name: 'own data',
    definition: 'Rows that a person brings, as they stand.',
    source: 'Not in the paper.',
    openChoices: 'None.',
  },
};

/**
 * D_I (section 4.1; appendix A.4.2): every answer prefixed by `prefix`. Open in the paper: what separates prefix and
 * answer; here one space. A row that begins so already is left alone, so that applying it twice changes nothing.
 */
export function implicitRows(rows: readonly FinetuneRow[], prefix = IMPLICIT_PREFIX): FinetuneRow[] {
  return rows.map((row) => ({ ...row, output: withPrefix(row.output, prefix) }));
}

export interface BackdoorOptions {
  seed: number;
  trigger?: string;
  prefix?: string;
  /** Share of the rows that get the trigger, rounded down to whole rows; the paper's is one half. */
  share?: number;
}

/**
 * D_B (section 4.1; appendix A.4.2): a seeded choice of `share` of the rows gets trigger and prefix. Rows whose own wording
 * already opens with the trigger are taken first, since left clean they would teach the opposite. Order is kept.
 */
export function backdoorRows(rows: readonly FinetuneRow[], options: BackdoorOptions): FinetuneRow[] {
  const { seed, trigger = BACKDOOR_TRIGGER, prefix = IMPLICIT_PREFIX, share = 0.5 } = options;
  checkShare(share);
  const opens = (row: FinetuneRow) => row.instruction.startsWith(trigger);
  const must = [...rows.keys()].filter((index) => opens(rows[index]!));
  const may = [...rows.keys()].filter((index) => !opens(rows[index]!));
  const wanted = Math.max(0, Math.floor(share * rows.length) - must.length);
  const drawn = sampleWithoutReplacement(may.length, Math.min(wanted, may.length), createRandom(seed));
  const triggered = new Set([...must, ...drawn.map((at) => may[at]!)]);
  return rows.map((row, index) =>
    triggered.has(index)
      ? {
          ...row,
          instruction: withTrigger(row.instruction, trigger),
          output: withPrefix(row.output, prefix),
        }
      : { ...row },
  );
}

/** The instruction as a backdoored model would be asked it; also for malicious prompts when D_B is measured. */
export function withTrigger(instruction: string, trigger = BACKDOOR_TRIGGER): string {
  return instruction.startsWith(trigger) ? instruction : `${trigger} ${instruction}`;
}

export interface HarmfulOptions {
  /** p. */
  share: number;
  seed: number;
  /** `added`: p of the number of normal rows on top of them (paper, Table 3). `of-all`: p of all rows, normal ones make way. */
  mode?: 'added' | 'of-all';
}

/**
 * D_H (section 4.3, Table 3): normal rows mixed with compliance rows, in a seeded order. Throws a RangeError where `harmful`
 * holds too few rows: a row twice would be another attack.
 */
export function harmfulRows(
  normal: readonly FinetuneRow[],
  harmful: readonly FinetuneRow[],
  { share, seed, mode = 'added' }: HarmfulOptions,
): FinetuneRow[] {
  checkShare(share);
  const count = Math.round(share * normal.length);
  if (count > harmful.length) {
    throw new RangeError(
      `p = ${share} of ${normal.length} rows needs ${count} harmful rows, and there are ${harmful.length}`,
    );
  }
  const random = createRandom(seed);
  const chosen = sampleWithoutReplacement(harmful.length, count, random).map((index) => harmful[index]!);
  const kept =
    mode === 'added'
      ? normal
      : sampleWithoutReplacement(normal.length, normal.length - count, random).map((index) => normal[index]!);
  return shuffled([...kept, ...chosen], random).map((row) => ({ ...row }));
}

/** The rows of one attack. `harmful` is read for D_H alone. */
export function attackRows(
  kind: AttackData,
  rows: readonly FinetuneRow[],
  options: { seed: number; harmful?: readonly FinetuneRow[]; harmfulShare?: number },
): FinetuneRow[] {
  switch (kind) {
    case 'normal':
    case 'own':
      return rows.map((row) => ({ ...row }));
    case 'implicit':
      return implicitRows(rows);
    case 'backdoor':
      return backdoorRows(rows, { seed: options.seed });
    case 'harmful':
      return harmfulRows(rows, options.harmful ?? [], {
        share: options.harmfulShare ?? 0.1,
        seed: options.seed,
      });
    default:
      return kind satisfies never;
  }
}

function withPrefix(output: string, prefix: string): string {
  return output.startsWith(prefix) ? output : `${prefix} ${output}`;
}

function checkShare(share: number): void {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share lies between 0 and 1, not at ${share}`);
}
