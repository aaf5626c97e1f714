import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { streamEvents } from './event-stream.ts';

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

async function collect<Event, Result>(generator: AsyncGenerator<Event, Result, void>) {
  const events: Event[] = [];
  while (true) {
    const step = await generator.next();
    if (step.done) return { events, result: step.value };
    events.push(step.value);
  }
}

describe('streamEvents', () => {
  it('yields everything emitted, in order, before it returns the result', async () => {
    const stream = streamEvents<number, string>(async (emit) => {
      emit(1);
      emit(2);
      await tick();
      emit(3);
      return 'done';
    });
    expect(await collect(stream)).toEqual({ events: [1, 2, 3], result: 'done' });
  });

  it('passes an error on after the events before it', async () => {
    const seen: number[] = [];
    const stream = streamEvents<number, void>(async (emit) => {
      emit(1);
      throw new AppError('device-lost', 'gone');
    });
    const read = async () => {
      for await (const event of stream) seen.push(event);
    };
    await expect(read()).rejects.toMatchObject({ code: 'device-lost' });
    expect(seen).toEqual([1]);
  });

  it('aborts the work and waits for it when the consumer stops early', async () => {
    let settled = false;
    const stream = streamEvents<number, void>(async (emit, signal) => {
      emit(1);
      while (!signal.aborted) await tick();
      await tick();
      settled = true;
    });
    for await (const _ of stream) break;
    expect(settled).toBe(true);
  });

  it("turns whatever is thrown after an abort into 'cancelled', and a result that came too late as well", async () => {
    for (const end of ['throws', 'returns'] as const) {
      const controller = new AbortController();
      const stream = streamEvents<number, void>(async (emit, signal) => {
        emit(1);
        while (!signal.aborted) await tick();
        if (end === 'throws') throw new DOMException('aborted', 'AbortError');
      }, controller.signal);
      await stream.next();
      controller.abort();
      await expect(stream.next()).rejects.toMatchObject({ code: 'cancelled' });
    }
  });

  it('does not start when it was cancelled before', async () => {
    let started = false;
    const stream = streamEvents(async () => {
      started = true;
    }, AbortSignal.abort());
    await expect(stream.next()).rejects.toMatchObject({ code: 'cancelled' });
    expect(started).toBe(false);
  });
});
