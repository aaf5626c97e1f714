/** The downloads that this browser keeps, as the page shows them, and what was last done with them. Holds; acts: actions/downloads.ts. */
import { create } from 'zustand';
import type { KeptDownload } from '@/downloads/kept.ts';
import type { ProblemWords } from './problems.ts';

export interface DownloadsState {
  /** null = not looked at yet. */
  kept: readonly KeptDownload[] | null;
  /** Of the bundled model's files, in the browser's cache. */
  bundledBytes: number;
  notice: string;
  problem: ProblemWords | null;
}

export const useDownloads = create<DownloadsState>()(() => ({
  kept: null,
  bundledBytes: 0,
  notice: '',
  problem: null,
}));
