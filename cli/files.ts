/** Reading and writing of the command line's own files, with errors for people. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '@/model/app-error.ts';

export function readTextFile(filePath: string): string {
  return new TextDecoder().decode(readBytes(filePath));
}

export function readBytes(filePath: string): Uint8Array {
  try {
    return readFileSync(filePath);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      throw new AppError('not-found', `There is no file ${filePath}.`, 'Check the path.', { cause });
    if (code === 'EISDIR')
      throw new AppError('bad-input', `${filePath} is a folder.`, 'Name a file.', { cause });
    throw new AppError('not-found', `${filePath} could not be read (${code}).`, 'Check its permissions.', {
      cause,
    });
  }
}

/** Found out before minutes of work, not after. */
export function checkWritable(filePath: string): void {
  const folder = path.dirname(path.resolve(filePath));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError(
      'not-found',
      `There is no folder ${folder} to write ${path.basename(filePath)} into.`,
      'Create it first.',
    );
  }
  if (statSync(filePath, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('bad-input', `${filePath} is a folder.`, 'Name a file to write.');
  }
}

/** The whole file or none: a run that is stopped while writing leaves no half file under the name that was asked for. */
export function writeWholeFile(filePath: string, content: string | Uint8Array): void {
  const temporary = `${filePath}.${process.pid}.part`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, filePath);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const code = (cause as NodeJS.ErrnoException).code;
    throw new AppError(
      'bad-file',
      `${filePath} could not be written (${code}).`,
      'Check permissions and free space.',
      { cause },
    );
  }
}
