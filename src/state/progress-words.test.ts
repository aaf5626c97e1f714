import { describe, expect, it } from 'vitest';
import { progressWords } from './progress-words.ts';

describe('progress in words', () => {
  it('tells bytes, rate and time left', () => {
    const words = progressWords({
      phase: 'Downloading',
      done: 49e6,
      total: 98e6,
      unit: 'bytes',
      elapsedMs: 4000,
    });
    expect(words.text).toBe('Downloading: 49 of 98 MB, 12 MB/s, 4 s left');
    expect(words.fraction).toBe(0.5);
  });
  it('claims no rate before it has measured one', () => {
    expect(progressWords({ phase: '', done: 8, total: 64, unit: 'prompts', elapsedMs: 100 }).text).toBe(
      '8 of 64 prompts',
    );
  });
  it('leaves out of the rate what was there before', () => {
    const resumed = {
      phase: '',
      done: 60e6,
      total: 98e6,
      unit: 'bytes',
      elapsedMs: 2000,
      kept: 40e6,
    } as const;
    expect(progressWords(resumed).text).toBe('60 of 98 MB, 10 MB/s, 4 s left');
    expect(progressWords({ ...resumed, done: 40e6 }).text).toBe('40 of 98 MB');
  });
  it('shows an unknown total as unknown', () => {
    const words = progressWords({ phase: '', done: 5e6, total: 0, unit: 'bytes', elapsedMs: 1000 });
    expect(words).toEqual({ fraction: null, text: '5.0 MB, 5.0 MB/s' });
  });
});
