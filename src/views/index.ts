/** The pictures and their contracts, for the page. */
export type { FigureStatus, PendingWork, Truth } from '@/elements/status.ts';
export type { FigureData, Provenance } from '@/figures/provenance.ts';
export { AlphaTrail } from './alpha-trail/AlphaTrail.tsx';
export { AngleGap } from './angle-gap/AngleGap.tsx';
export { AttentionMap } from './attention/AttentionMap.tsx';
export { BandScan } from './band-scan/BandScan.tsx';
export { ClassBars } from './class-bars/ClassBars.tsx';
export { CosineMap } from './cosine-map/CosineMap.tsx';
export { LayerStrip } from './layer-strip/LayerStrip.tsx';
export * from './props.ts';
export { SimilarityCurves } from './similarity/SimilarityCurves.tsx';
