/**
 * Exact lengths of training rows by the open model's tokenizer, asked for once per text: so that what will be cut, and what it
 * takes, is known before a run. The lab counts; this remembers.
 */
import { useEffect } from 'react';
import { create } from 'zustand';
import type { TemplateName } from '@/model/text-codec.ts';
import type { FinetuneRow, RowTokens } from '@/protocol/training.ts';
import { getSession } from './session-instance.ts';
import { useApp } from './store.ts';

export type TokenCounts = ReadonlyMap<string, RowTokens>;

/** Of one model: another one has another tokenizer. */
export const useTokenCounts = create<{ modelKey: string | null; counts: TokenCounts }>()(() => ({
  modelKey: null,
  counts: new Map(),
}));

export const tokensKey = (row: FinetuneRow, template: TemplateName) =>
  `${row.template ?? template}\n${row.cut ? 'cut' : ''}\n${row.instruction}\n${row.output}`;

/** Lengths of the rows as far as they are known; asks for the others. */
export function useRowTokens(rows: readonly FinetuneRow[], template: TemplateName): TokenCounts {
  const counts = useTokenCounts((state) => state.counts);
  const modelKey = useApp((state) => (state.lab.state === 'ready' ? (state.source?.key ?? '') : null));
  useEffect(() => {
    if (modelKey !== null) void ask(rows, template, modelKey);
  }, [rows, template, modelKey]);
  return counts;
}

async function ask(rows: readonly FinetuneRow[], template: TemplateName, modelKey: string): Promise<void> {
  if (useTokenCounts.getState().modelKey !== modelKey)
    useTokenCounts.setState({ modelKey, counts: new Map() });
  const { counts } = useTokenCounts.getState();
  const missing = rows.filter((row) => !counts.has(tokensKey(row, template)));
  if (missing.length === 0) return;
  // A model without a tokenizer, or one that was just closed: then the estimate from the texts' length stands.
  const lengths = await getSession()
    .lab?.rowTokens(missing, template)
    .catch(() => null);
  if (!lengths || useTokenCounts.getState().modelKey !== modelKey) return;
  const added = missing.map((row, at) => [tokensKey(row, template), lengths[at]!] as const);
  useTokenCounts.setState((state) => ({ counts: new Map([...state.counts, ...added]) }));
}

export interface RowLengths {
  /** After cutting. */
  total: number;
  longest: number;
  cut: number;
  /** Rows of which nothing of the answer is left. */
  hopeless: Array<{ row: FinetuneRow; prompt: number }>;
}

/** Null while a row's length is not known. */
export function rowLengths(
  rows: readonly FinetuneRow[],
  template: TemplateName,
  counts: TokenCounts,
  cutoffTokens: number,
): RowLengths | null {
  const result: RowLengths = { total: 0, longest: 0, cut: 0, hopeless: [] };
  for (const row of rows) {
    const known = counts.get(tokensKey(row, template));
    if (!known) return null;
    result.total += Math.min(cutoffTokens, known.total);
    result.longest = Math.max(result.longest, known.total);
    if (known.total > cutoffTokens) result.cut += 1;
    if (known.prompt >= cutoffTokens) result.hopeless.push({ row, prompt: known.prompt });
  }
  return result;
}
