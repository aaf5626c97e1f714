/** The files in a zip that a person brings, such as an adapter saved by this page: names without folders, as if chosen one by one. */
import { AppError } from '@/model/app-error.ts';

/** What a zip may hold when unpacked: it is unpacked in memory, and an adapter of a small model is some megabytes. */
const MOST_BYTES = 2 ** 30;

/** @throws AppError for a damaged zip, or one that is too large when unpacked */
export async function unzipped(file: File): Promise<File[]> {
  const { unzipSync } = await import('fflate');
  let total = 0;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const tooLarge = new AppError(
    'bad-file',
    `${file.name} holds more than ${MOST_BYTES / 2 ** 30} GB when unpacked.`,
    'Unpack it yourself and choose the files you need.',
  );
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (name.endsWith('/')) return false;
        total += originalSize;
        if (total > MOST_BYTES) throw tooLarge;
        return true;
      },
    });
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new AppError('bad-file', `${file.name} is no zip that can be read.`, 'Download or save it again.', {
      cause: error,
    });
  }
  return Object.entries(entries).map(
    ([path, content]) => new File([content as Uint8Array<ArrayBuffer>], path.split('/').at(-1)!),
  );
}
