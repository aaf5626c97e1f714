/** The proposed range and the reading of the whole page, from what is on the shelf. Hooks. */
import { useMemo } from 'react';
import { proposeRange } from '@/method/range-proposal.ts';
import type { ProposalMark } from '@/views/index.ts';
import { useLater } from './later.ts';
import { type ReadingWords, readingOf, scanSummary } from './reading.ts';
import { useBandScan, useSimilarity } from './select.ts';
import { usePoolReading } from './select-counts.ts';

/** The gap has no meaning for a probe: there the raw cosine's gap is shown and read. */
export function useGapMeasure(): 'raw' | 'centred' {
  return useLater((state) => (state.config.measure === 'centred' ? 'centred' : 'raw'));
}

export type Proposal = ProposalMark & { thresholds: string };

export function useProposal(): Proposal | null {
  const similarity = useSimilarity();
  const measure = useGapMeasure();
  return useMemo((): Proposal | null => {
    if (!similarity?.complete) return null;
    const proposal = proposeRange(similarity.value[measure].gap);
    // Beside the picture stands what the rule found; the rule itself is one click away, at the layer strip.
    const { reason } = proposal;
    const mark = { rule: reason, thresholds: proposal.rule };
    return proposal.kind === 'range'
      ? { ...mark, kind: 'range', first: proposal.first, last: proposal.last }
      : { ...mark, kind: 'none' };
  }, [similarity, measure]);
}

export function useReading(): ReadingWords {
  const proposal = useProposal();
  const scan = useBandScan();
  const similarity = useSimilarity();
  const overRejection = usePoolReading('over-rejection');
  const malicious = usePoolReading('malicious');
  const alpha = useLater((state) => state.config.alpha);
  const range = useLater((state) => state.config.range);
  const transplant = useLater((state) => (state.config.model === 'base' ? 'all' : state.config.transplant));
  const measure = useGapMeasure();
  return useMemo(
    () =>
      readingOf({
        measureWords: measure,
        proposal,
        scan: scan?.value ?? null,
        scanComplete: scan?.complete ?? false,
        alpha,
        range,
        transplant,
        overRejection: overRejection && {
          now: overRejection.tallyNow,
          change: overRejection.change,
          complete: overRejection.complete,
        },
        malicious: malicious && {
          now: malicious.tallyNow,
          before: malicious.tallyBefore,
          complete: malicious.complete,
        },
        auroc: similarity?.complete ? similarity.value.auroc.mean : null,
      }),
    [similarity, proposal, scan, overRejection, malicious, alpha, range, transplant, measure],
  );
}

/** What the scan's own test says, in one or two sentences; null before all bands are counted. */
export function useScanFinding(): string | null {
  const scan = useBandScan();
  const alpha = useLater((state) => state.config.alpha);
  return useMemo(
    () => (scan ? (scanSummary(scan.value, scan.complete, alpha)?.sentence ?? null) : null),
    [scan, alpha],
  );
}
