/** Progress in words: how much of how much, how fast, how long it will still take. No guesses before there is a rate. */
import type { Progress } from '@/protocol/experiments.ts';
import type { PendingWork } from '@/views/index.ts';

const MEGABYTE = 1e6;
/** A rate measured over less than this says nothing yet. */
const SETTLED_AFTER_MS = 800;

export function progressWords(progress: Progress): PendingWork {
  const { done, total, unit, elapsedMs, phase, kept = 0 } = progress;
  const known = total > 0;
  const parts = [
    unit === 'bytes' ? bytesWords(done, total) : known ? `${done} of ${total} ${unit}` : `${done} ${unit}`,
  ];
  if (elapsedMs >= SETTLED_AFTER_MS && done > kept) {
    const perSecond = ((done - kept) / elapsedMs) * 1000;
    parts.push(unit === 'bytes' ? `${megabytes(perSecond)} MB/s` : `${rateWords(perSecond)} ${unit}/s`);
    if (known && done < total) parts.push(`${durationWords((total - done) / perSecond)} left`);
  }
  const text = `${phase ? `${phase}: ` : ''}${parts.join(', ')}`;
  return { fraction: known ? Math.min(1, done / total) : null, text };
}

function bytesWords(done: number, total: number): string {
  return total > 0 ? `${megabytes(done)} of ${megabytes(total)} MB` : `${megabytes(done)} MB`;
}

function megabytes(bytes: number): string {
  const value = bytes / MEGABYTE;
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function rateWords(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

export function durationWords(seconds: number): string {
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** Memory, not files: in powers of 1024, as memory is sold. */
export function memoryWords(bytes: number): string {
  return bytes >= 0.1 * 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GB` : `${Math.ceil(bytes / 2 ** 20)} MB`;
}
