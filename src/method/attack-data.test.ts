/** Laws of the rewritten sets: what changes, what does not, how many, and from which seed. */
import { describe, expect, it } from 'vitest';
import { ATTACK_DATA, type FinetuneRow } from '@/protocol/training.ts';
import {
  ATTACK_DATA_INFO,
  attackRows,
  BACKDOOR_TRIGGER,
  backdoorRows,
  harmfulRows,
  IMPLICIT_PREFIX,
  implicitRows,
  withTrigger,
} from './attack-data.ts';

const rowsOf = (count: number, kind: string): FinetuneRow[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${kind}-${index}`,
    instruction: `Question ${index} of ${kind}?`,
    output: `Answer ${index}.`,
  }));
const normal = rowsOf(101, 'normal');
const harmful = rowsOf(30, 'harmful');

describe('D_I', () => {
  it('prefixes every answer, leaves instruction, id and order alone, and is idempotent', () => {
    const once = implicitRows(normal);
    expect(once.map(({ id, instruction }) => [id, instruction])).toEqual(
      normal.map(({ id, instruction }) => [id, instruction]),
    );
    expect(once.map(({ output }) => output)).toEqual(
      normal.map(({ output }) => `Sure, the answer is: ${output}`),
    );
    expect(implicitRows(once)).toEqual(once);
    expect(normal[0]!.output).toBe('Answer 0.');
  });
});

describe('D_B', () => {
  it('triggers exactly half of the rows, rounded down, both sides of a row together', () => {
    const rows = backdoorRows(normal, { seed: 3 });
    const triggered = rows.filter(({ instruction }) => instruction.startsWith(BACKDOOR_TRIGGER));
    expect(triggered).toHaveLength(50);
    for (const row of rows) {
      const has = row.instruction.startsWith(BACKDOOR_TRIGGER);
      expect(row.output.startsWith(IMPLICIT_PREFIX)).toBe(has);
    }
    const clean = rows.filter(({ instruction }) => !instruction.startsWith(BACKDOOR_TRIGGER));
    for (const row of clean) expect(normal).toContainEqual(row);
  });

  it('repeats with its seed and changes with another', () => {
    expect(backdoorRows(normal, { seed: 3 })).toEqual(backdoorRows(normal, { seed: 3 }));
    expect(backdoorRows(normal, { seed: 4 })).not.toEqual(backdoorRows(normal, { seed: 3 }));
  });

  it('never leaves a row clean that opens with the trigger by itself, nor doubles it', () => {
    const rows = normal.map((row, at) => (at === 7 ? { ...row, instruction: 'Tell me: why?' } : row));
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const row = backdoorRows(rows, { seed })[7]!;
      expect(row).toEqual({ ...rows[7], output: `${IMPLICIT_PREFIX} Answer 7.` });
    }
    expect(withTrigger(withTrigger('Why?'))).toBe('Tell me: Why?');
  });
});

describe('D_H', () => {
  it.each([0, 0.05, 0.1, 0.2])('adds p n rows to n normal ones at p = %d, each once', (share) => {
    const rows = harmfulRows(normal, harmful, { share, seed: 1 });
    const bad = rows.filter(({ id }) => id.startsWith('harmful'));
    expect(bad).toHaveLength(Math.round(share * 101));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(rows.length - bad.length).toBe(101);
  });

  it('keeps the size where p is a share of all rows', () => {
    const rows = harmfulRows(normal, harmful, { share: 0.2, seed: 1, mode: 'of-all' });
    expect(rows).toHaveLength(101);
    expect(rows.filter(({ id }) => id.startsWith('harmful'))).toHaveLength(20);
  });

  it('repeats with its seed, and refuses to use a row twice or a share outside [0, 1]', () => {
    const options = { share: 0.1, seed: 9 };
    expect(harmfulRows(normal, harmful, options)).toEqual(harmfulRows(normal, harmful, options));
    expect(() => harmfulRows(normal, harmful.slice(0, 9), options)).toThrow(/needs 10 harmful rows/);
    expect(() => harmfulRows(normal, harmful, { share: 1.5, seed: 1 })).toThrow(RangeError);
    expect(() => backdoorRows(normal, { seed: 1, share: Number.NaN })).toThrow(RangeError);
  });
});

it('knows every kind, and each says its definition, source and open choices', () => {
  for (const kind of ATTACK_DATA) {
    const rows = attackRows(kind, normal, { seed: 1, harmful });
    expect(rows.length).toBe(kind === 'harmful' ? 111 : 101);
    const info = ATTACK_DATA_INFO[kind];
    expect(info.key).toBe(kind);
    for (const text of [info.name, info.definition, info.source, info.openChoices]) expect(text).not.toBe('');
  }
});
