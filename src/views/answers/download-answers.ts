/** The list of answers as CSV: every decision, its reason, and whether a person corrected it. */
import { csvFormat } from 'd3-dsv';
import { download } from '@/actions/download.ts';
import { provenanceEntries } from '@/figures/provenance.ts';
import type { AnswerRow } from '@/state/outcomes.ts';
import type { CountedPool } from '@/state/pools.ts';
import type { PoolReading } from '@/state/select-counts.ts';

export function answersCsv(reading: PoolReading, rows: readonly AnswerRow[], alpha: number): string {
  const table = csvFormat(
    rows.map((row) => ({
      id: row.prompt.id,
      prompt: row.prompt.text,
      group: row.prompt.group ?? '',
      class_at_1: row.was ?? '',
      class_now: row.now ?? '',
      by_hand: row.byHand ? 'yes' : 'no',
      alpha,
      score_at_1: row.outcomeBefore?.score ?? '',
      score_now: row.outcomeNow?.score ?? '',
      answer_at_1: row.outcomeBefore?.answer ?? '',
      answer_now: row.outcomeNow?.answer ?? '',
      reason_now: row.outcomeNow?.reason ?? '',
    })),
  );
  const origin = provenanceEntries(reading.now.provenance).map(([key, value]) => `# ${key}: ${value}`);
  return `${origin.join('\n')}\n${table}\n`;
}

export function downloadAnswers(
  pool: CountedPool,
  reading: PoolReading,
  rows: readonly AnswerRow[],
  alpha: number,
): void {
  const blob = new Blob([answersCsv(reading, rows, alpha)], { type: 'text/csv' });
  download(blob, `answers-${pool}-alpha-${alpha}.csv`);
}
