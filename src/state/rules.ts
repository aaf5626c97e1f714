/** The refusal rules in use: the shipped openings with the person's edits, which alone are kept in the address. */
import { DEFAULT_REFUSAL_PREFIXES, parsePrefixes } from '@/method/refusal.ts';
import type { RefusalRules } from '@/protocol/experiments.ts';
import type { Config } from './config.ts';

type Edits = Pick<Config, 'prefixesAdded' | 'prefixesRemoved'>;

export function rulesWithEdits({ prefixesAdded, prefixesRemoved }: Edits): RefusalRules {
  const removed = new Set(prefixesRemoved);
  const kept = DEFAULT_REFUSAL_PREFIXES.filter((prefix) => !removed.has(prefix));
  return { prefixes: [...new Set([...kept, ...prefixesAdded])] };
}

/** The edits that make the shipped list into the one that was typed, one opening per line. */
export function editsOfText(text: string): Edits {
  const { prefixes } = parsePrefixes(text);
  const wanted = new Set(prefixes);
  const shipped = new Set(DEFAULT_REFUSAL_PREFIXES);
  return {
    prefixesAdded: prefixes.filter((prefix) => !shipped.has(prefix)),
    prefixesRemoved: DEFAULT_REFUSAL_PREFIXES.filter((prefix) => !wanted.has(prefix)),
  };
}
