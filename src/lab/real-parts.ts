import type { LabParts } from './lab-parts.ts';
export const realParts: LabParts = null as never;
