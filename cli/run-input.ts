/** Reads a run file from disk, with what is wrong with it in words. Its size is looked at before it is read. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { type ParsedRun, parseRunFile, refuseLargeFile } from '@/protocol/run-file.ts';
import { readTextFile } from './files.ts';

export function readRunFile(filePath: string): ParsedRun & { text: string } {
  const name = path.basename(filePath);
  const stats = statSync(filePath, { throwIfNoEntry: false });
  if (stats?.isFile()) refuseLargeFile(stats.size, name);
  const text = readTextFile(filePath);
  return { ...parseRunFile(text, name), text };
}
