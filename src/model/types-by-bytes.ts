/** How most of a model's weights are stored. */

/** Types of tensors, that of the most bytes first. */
export function typesByBytes(tensors: Iterable<{ type: string; sizeBytes: number }>): string[] {
  const bytes = new Map<string, number>();
  for (const { type, sizeBytes } of tensors) bytes.set(type, (bytes.get(type) ?? 0) + sizeBytes);
  return [...bytes].toSorted(([, a], [, b]) => b - a).map(([type]) => type);
}
