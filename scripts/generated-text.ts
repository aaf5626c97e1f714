/** Parts of documents that are made from recorded numbers: where they stand, and how they write a number. */

/** @param markers comments that stay; what is between them is replaced @throws Error where the document lacks them */
export function withGenerated(
  document: string,
  name: string,
  markers: readonly [string, string],
  text: string,
): string {
  const [start, end] = markers.map((marker) => document.indexOf(marker)) as [number, number];
  if (start < 0 || end < start) throw new Error(`${name} lacks ${markers.join(' … ')}`);
  return `${document.slice(0, start + markers[0].length)}\n\n${text}\n\n${document.slice(end)}`;
}

export const pText = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));
