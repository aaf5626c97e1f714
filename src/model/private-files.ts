/**
 * Writing and listing in the origin's private file system, by whichever way this browser has. What the files are is their
 * owners' business (training/browser-checkpoint-store.ts, downloads/browser-chunk-store.ts). Belongs in a worker.
 */

/** createWritable swaps the file in when it is closed; older Safari has only the worker's synchronous access. */
export async function writeWhole(handle: FileSystemFileHandle, bytes: Uint8Array): Promise<void> {
  if ('createWritable' in handle) {
    const stream = await handle.createWritable();
    try {
      await stream.write(bytes as Uint8Array<ArrayBuffer>);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
    return;
  }
  const access = await (handle as FileSystemFileHandle).createSyncAccessHandle();
  try {
    access.truncate(0);
    if (access.write(bytes, { at: 0 }) !== bytes.length) {
      throw new DOMException('The file was cut short.', 'QuotaExceededError');
    }
    access.flush();
  } finally {
    access.close();
  }
}

export async function namesIn(
  folder: FileSystemDirectoryHandle,
  kind: FileSystemHandleKind,
): Promise<string[]> {
  const found: string[] = [];
  for await (const [name, handle] of folder.entries()) if (handle.kind === kind) found.push(name);
  return found;
}

export function nullWhereMissing(error: Error): null {
  if (error.name === 'NotFoundError') return null;
  throw error;
}
