/** The command line for tests that compare the page with it: run in this process, its run file read back. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { parseRunFile, type RunFile } from '@/protocol/run-file.ts';
import { main } from '../../cli/main.ts';

export interface WrittenRun {
  text: string;
  run: RunFile;
}

/** `stratascope ARGS --output FILE --quiet`; throws with what it printed where it fails. */
export async function runCommand(...args: string[]): Promise<WrittenRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stratascope-e2e-'));
  try {
    const output = path.join(folder, 'run.json');
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await main([...args, '--output', output, '--quiet'], { stdout, stderr });
    if (code !== 0) throw new Error(`stratascope ${args.join(' ')} ended with ${code}: ${stderr.read()}`);
    const text = await readFile(output, 'utf8');
    return { text, run: parseRunFile(text, 'run.json').run };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first part of a kind, or of a kind and label. */
export function partOf<K extends RunFile['parts'][number]['kind']>(
  { run }: Pick<WrittenRun, 'run'>,
  kind: K,
  label?: string,
): Extract<RunFile['parts'][number], { kind: K }> {
  const found = run.parts.find((part) => part.kind === kind && (label === undefined || part.label === label));
  if (!found) throw new Error(`The run has no part ${kind} ${label ?? ''}.`);
  return found as Extract<RunFile['parts'][number], { kind: K }>;
}
