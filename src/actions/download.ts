/** Hands a file to the browser's download. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: some browsers read the blob after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}
