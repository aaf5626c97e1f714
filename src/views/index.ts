/** The pictures and their contracts, for the page. */
export type { FigureStatus, PendingWork, Truth } from '@/elements/status.ts';
export type { FigureData, Provenance } from '@/figures/provenance.ts';
export * from './props.ts';
