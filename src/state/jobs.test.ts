import { describe, expect, it } from 'vitest';
import { type Job, Scheduler } from './jobs.ts';

/** A job whose end the test decides; it honours its signal like the lab does. */
function controlled(slot: string, key: string, priority: number, log: string[]) {
  const runs: Array<{ finish(): void; fail(error: Error): void; signal: AbortSignal }> = [];
  const job: Job = {
    slot,
    key,
    priority,
    label: slot,
    run: (signal) =>
      new Promise((resolve, reject) => {
        log.push(`start ${slot}:${key}`);
        signal.addEventListener('abort', () => {
          log.push(`abort ${slot}:${key}`);
          reject(new Error('aborted'));
        });
        runs.push({
          finish: () => {
            if (!signal.aborted) log.push(`done ${slot}:${key}`);
            resolve();
          },
          fail: reject,
          signal,
        });
      }),
  };
  return { job, runs };
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('the scheduler', () => {
  it('runs one job at a time, most urgent first', async () => {
    const log: string[] = [];
    const scan = controlled('scan', '1', 9, log);
    const score = controlled('score', '1', 0, log);
    const scheduler = new Scheduler();
    scheduler.want([scan.job, score.job]);
    expect(log).toEqual(['start score:1']);
    score.runs[0]!.finish();
    await settle();
    expect(log).toEqual(['start score:1', 'done score:1', 'start scan:1']);
  });

  it('lets a drag interrupt background work, which is taken up again afterwards', async () => {
    const log: string[] = [];
    const scan = controlled('scan', '1', 9, log);
    const score = controlled('score', 'alpha 1.1', 0, log);
    const scheduler = new Scheduler();
    scheduler.want([scan.job]);
    scheduler.want([scan.job, score.job]);
    await settle();
    score.runs[0]!.finish();
    await settle();
    scan.runs[1]!.finish();
    await settle();
    expect(log).toEqual([
      'start scan:1',
      'abort scan:1',
      'start score:alpha 1.1',
      'done score:alpha 1.1',
      'start scan:1',
      'done scan:1',
    ]);
    expect(scheduler.running).toBeNull();
  });

  it('keeps only the latest of a slot: a hundred drag steps start the first and the last', async () => {
    const log: string[] = [];
    const steps = Array.from({ length: 100 }, (_, index) => controlled('score', String(index), 0, log));
    const scheduler = new Scheduler();
    for (const step of steps) scheduler.want([step.job]);
    await settle();
    expect(log).toEqual(['start score:0', 'abort score:0', 'start score:99']);
  });

  it('never starts a job before the interrupted one has let go of the lab', async () => {
    let letGo = () => {};
    const stubborn: Job = {
      slot: 'scan',
      key: '1',
      priority: 9,
      label: '',
      run: () =>
        new Promise((resolve) => {
          letGo = resolve;
        }),
    };
    const log: string[] = [];
    const score = controlled('score', '1', 0, log);
    const scheduler = new Scheduler();
    scheduler.want([stubborn]);
    scheduler.want([stubborn, score.job]);
    await settle();
    expect(log).toEqual([]);
    letGo();
    await settle();
    expect(log).toEqual(['start score:1']);
  });

  it('lets a job go on that is still wanted, and does not repeat one that is done', async () => {
    const log: string[] = [];
    const scan = controlled('scan', '1', 9, log);
    const scheduler = new Scheduler();
    scheduler.want([scan.job]);
    scheduler.want([{ ...scan.job }]);
    scan.runs[0]!.finish();
    await settle();
    scheduler.want([{ ...scan.job }]);
    await settle();
    expect(log).toEqual(['start scan:1', 'done scan:1']);
  });

  it('reports a failure once, goes on with the rest, and retries only when asked', async () => {
    const log: string[] = [];
    const failures: string[] = [];
    const score = controlled('score', '1', 0, log);
    const scan = controlled('scan', '1', 9, log);
    const scheduler = new Scheduler({
      onFailure: (job, error) => failures.push(`${job.slot}: ${(error as Error).message}`),
    });
    scheduler.want([score.job, scan.job]);
    score.runs[0]!.fail(new Error('device lost'));
    await settle();
    scheduler.want([score.job, scan.job]);
    await settle();
    expect(failures).toEqual(['score: device lost']);
    expect(log).toEqual(['start score:1', 'start scan:1']);
    scheduler.retry('score');
    await settle();
    // Retrying interrupts background work like any urgent job.
    expect(log).toEqual(['start score:1', 'start scan:1', 'abort scan:1', 'start score:1']);
  });

  it('stops a slot by hand without calling that a failure', async () => {
    const log: string[] = [];
    const failures: string[] = [];
    const scan = controlled('scan', '1', 9, log);
    const scheduler = new Scheduler({ onFailure: (job) => failures.push(job.slot) });
    scheduler.want([scan.job]);
    scheduler.stop('scan');
    await settle();
    expect(log).toEqual(['start scan:1', 'abort scan:1']);
    expect(scheduler.stopped).toEqual(['scan']);
    expect(failures).toEqual([]);
    scheduler.retry('scan');
    expect(log.at(-1)).toBe('start scan:1');
  });

  it('is silent after close', async () => {
    const log: string[] = [];
    const scan = controlled('scan', '1', 9, log);
    const scheduler = new Scheduler();
    scheduler.want([scan.job]);
    scheduler.close();
    await settle();
    scheduler.want([scan.job]);
    expect(log).toEqual(['start scan:1', 'abort scan:1']);
  });
});
