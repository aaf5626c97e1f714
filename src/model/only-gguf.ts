/** Which file of a folder is meant where none is named. */
import { AppError } from './app-error.ts';
import type { FileSet } from './byte-source.ts';

/**
 * @param todo what to do where there is no model at all
 * @throws AppError 'bad-input' where there are several, 'not-found' where there is none
 */
export async function onlyGguf(files: Pick<FileSet, 'name' | 'list'>, todo: string): Promise<string> {
  const found = (await files.list()).filter((path) => path.toLowerCase().endsWith('.gguf'));
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  throw first
    ? new AppError(
        'bad-input',
        `${files.name} holds ${found.length} GGUF files: ${found.join(', ')}.`,
        'Name the one to open.',
      )
    : new AppError('not-found', `${files.name} holds neither a config.json nor a GGUF file.`, todo);
}
