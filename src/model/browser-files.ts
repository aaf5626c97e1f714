/** Files that a person chose or dropped in a browser, as a FileSet. Nothing is uploaded, nothing is read before it is needed. */
import { AppError } from './app-error.ts';
import type { FileSet } from './byte-source.ts';
import { blobSource } from './url-files.ts';

/**
 * A folder chosen with `webkitdirectory` (paths start with its name) or files chosen one by one.
 * Paths inside the set are relative to what all files have in common.
 */
export function browserFiles(files: readonly File[]): FileSet {
  if (files.length === 0)
    throw new AppError('bad-input', 'No file was chosen.', 'Choose a model file or folder.');
  const paths = files.map((file) => (file.webkitRelativePath || file.name).split('/'));
  const folder =
    paths[0]!.length > 1 && paths.every((path) => path[0] === paths[0]![0]) ? paths[0]![0]! : null;
  const byPath = new Map(
    files.map((file, i) => [(folder === null ? paths[i]! : paths[i]!.slice(1)).join('/'), file]),
  );
  return {
    name: folder ?? (files.length === 1 ? files[0]!.name : `${files.length} chosen files`),
    list: async () => [...byPath.keys()],
    open: async (path) => {
      const file = byPath.get(path);
      return file ? blobSource(file, path) : null;
    },
  };
}
