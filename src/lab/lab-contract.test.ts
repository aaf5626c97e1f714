/** What every lab must do, checked against the local one and against one behind comlink, in this thread and in a real worker. */
import { Worker } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { afterEach, describe, expect, it } from 'vitest';
import { controlCards } from '@/experiments/controls/index.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import type { CountParams, ExperimentEvent, Progress } from '@/protocol/experiments.ts';
import type { Lab } from '@/protocol/lab.ts';
import { LabHost } from './lab-host.ts';
import { LocalLab } from './local-lab.ts';
import { type LabWorker, RemoteLab } from './remote-lab.ts';
import { createFakeParts } from './testing/fake-parts.ts';

interface Made {
  lab: Lab;
  /** Ends what the test started. */
  clean(): void;
}

function channelLab(): Made {
  const { port1, port2 } = new MessageChannel();
  expose(new LabHost(createFakeParts()), port2);
  const clean = () => {
    port1.close();
    port2.close();
  };
  const lab = new RemoteLab({ endpoint: port1, terminate: clean, onCrash: () => {} });
  return { lab, clean };
}

function threadWorker(): LabWorker & { thread: Worker } {
  const thread = new Worker(new URL('./testing/fake-lab.worker.mjs', import.meta.url));
  return {
    thread,
    endpoint: nodeEndpoint(thread),
    terminate: () => void thread.terminate(),
    onCrash: (listener) => {
      thread.on('error', (error) => listener(error.message));
      thread.on('exit', (code) => listener(`it ended with code ${code}`));
    },
  };
}

function threadLab(): Made {
  const worker = threadWorker();
  return { lab: new RemoteLab(worker), clean: worker.terminate };
}

const makers: Record<string, () => Made> = {
  LocalLab: () => ({ lab: new LocalLab(createFakeParts()), clean: () => {} }),
  'RemoteLab over a message channel': channelLab,
  'RemoteLab in a worker thread': threadLab,
};

const countParams: CountParams = {
  template: 'none',
  setting: { adapters: [], scale: [] },
  prompts: ['q', 'q!', 'q!!', 'q!!!'].map((text, at) => ({ id: `p${at}`, text })),
  calibration: { tokenIds: [1], tokenTexts: [''], threshold: 0.5, sampleCount: 1, agreement: 1, auroc: 1 },
  rules: DEFAULT_REFUSAL_RULES,
  mode: 'exact',
  maxNewTokens: 4,
};
const source = { kind: 'path', path: 'good' } as const;
const options = { backend: 'node', threads: 1 } as const;

describe.each(Object.entries(makers))('%s', (_, make) => {
  const made: Made[] = [];
  const create = () => {
    const one = make();
    made.push(one);
    return one.lab;
  };
  afterEach(() => {
    for (const one of made.splice(0)) one.clean();
  });
  const loaded = async () => {
    const lab = create();
    await lab.load(source, options);
    return lab;
  };

  it('describes what it loaded and reports progress while it does', async () => {
    const progress: Progress[] = [];
    const card = await create().load(source, options, (one) => progress.push(one));
    expect(card).toMatchObject({
      name: 'fake good',
      sha256: null,
      spec: { layerCount: 4 },
      backend: { kind: 'node', threads: 1 },
      templates: ['none', 'alpaca'],
      adapters: [{ name: 'safety', sha256: 'a'.repeat(64), label: 'Refuses more.' }],
      parity: { maxAbsLogit: 1e-5, origin: 'a test' },
    });
    expect(progress.map((one) => one.done)).toEqual([0, 50, 100]);
  });

  it('measures speed without a model', async () => {
    expect(await create().measureSpeed('wasm', 3)).toMatchObject({ backend: 'wasm', elapsedMs: 3000 });
  });

  it('measures its parity against a second engine, with progress; the model stays open', async () => {
    const lab = await loaded();
    const phases: string[] = [];
    const parity = await lab.parity(({ phase, done, total }) => phases.push(`${phase} ${done}/${total}`));
    expect(parity).toMatchObject({
      promptCount: 6,
      maxAbsLogit: 0,
      sameTokens: 6,
      against: 'float32 on Node, one prompt at a time',
    });
    expect(phases.at(-1)).toBe('Comparing 6/6');
    expect(await lab.run('count', countParams)).toMatchObject({ total: 4 });
  });

  it('gives every event before the result, and the result whole', async () => {
    const lab = await loaded();
    const events: ExperimentEvent<'count'>[] = [];
    const result = await lab.run('count', countParams, (event) => events.push(event));
    expect(result).toMatchObject({ refused: 2, answered: 2, total: 4 });
    const partials = events.flatMap((event) => (event.type === 'partial' ? [event.partial] : []));
    expect(partials).toEqual(result.outcomes);
  });

  it('hands out an answer as it grows, and all of it before the result', async () => {
    const lab = await loaded();
    const { template, setting, rules } = countParams;
    const sofar: number[] = [];
    const params = { template, setting, rules, prompt: 'q!', maxNewTokens: 4 };
    const result = await lab.run('answer', params, (event) => {
      if (event.type === 'partial') sofar.push(event.partial.tokenCount);
    });
    expect(sofar).toEqual([1]);
    expect(result).toMatchObject({ tokenCount: 1, ended: true });
  });

  it('lists the controls before a model is there, and runs each by its name', async () => {
    const lab = create();
    expect(await lab.controls()).toEqual(controlCards());
    await lab.load(source, options);
    const none = { normal: [], malicious: [], matchedNormal: [], matchedMalicious: [], harmless: [] };
    const result = await lab.run('control', {
      ...countParams,
      ...none,
      name: 'matrix-sets',
      options: {},
      counted: countParams.prompts,
      range: { first: 2, last: 2, alpha: 1.2, matrices: ['q'] },
      seed: 1,
    });
    expect(result).toMatchObject({ name: 'matrix-sets', axis: { kind: 'list' } });
  });

  it('hands over typed arrays as typed arrays', async () => {
    const lab = await loaded();
    const { template, setting, prompts } = countParams;
    const { pictures } = await lab.run('attention', { template, setting, prompts });
    expect(pictures[3]!.attention).toBeInstanceOf(Float32Array);
    expect(pictures[3]!.attention).toHaveLength(4 * 2 * 4);
  });

  it('uses adapters that came with the model and those added later', async () => {
    const lab = await loaded();
    const card = await lab.addAdapter({ kind: 'path', path: 'extra' }, 'extra');
    expect(card).toEqual({ name: 'extra', sha256: 'b'.repeat(64), label: 'Added.' });
    const setting = { adapters: ['safety'], scale: [] };
    expect(await lab.run('count', { ...countParams, setting })).toMatchObject({ refused: 3 });
  });

  it('keeps code and advice of an AppError', async () => {
    const lab = create();
    await expect(lab.load({ kind: 'path', path: 'bad' }, options)).rejects.toMatchObject({
      name: 'AppError',
      code: 'bad-file',
      message: 'bad is damaged.',
      advice: 'Download it again.',
    });
  });

  it('names an allocation that failed, and passes a defect on as what it is', async () => {
    const lab = create();
    await expect(lab.load({ kind: 'path', path: 'huge' }, options)).rejects.toMatchObject({
      code: 'out-of-memory',
    });
    await expect(lab.load({ kind: 'path', path: 'defect' }, options)).rejects.toMatchObject({
      name: 'TypeError',
      message: 'x is not a function',
    });
  });

  it('has no model before load, after a load that failed, and after close', async () => {
    const lab = create();
    await expect(lab.run('count', countParams)).rejects.toMatchObject({ code: 'not-found' });
    await lab.load(source, options);
    await lab.load({ kind: 'path', path: 'bad' }, options).catch(() => {});
    await expect(lab.run('count', countParams)).rejects.toMatchObject({ code: 'not-found' });
    await lab.close();
    await expect(lab.run('count', countParams)).rejects.toMatchObject({ code: 'not-found' });
    await expect(lab.load(source, options)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('cancels a run, and is ready for the next one at once', async () => {
    const lab = await loaded();
    const controller = new AbortController();
    let after = 0;
    const run = lab.run(
      'count',
      { ...countParams, prompts: Array.from({ length: 2000 }, (_, at) => ({ id: `${at}`, text: `q${at}` })) },
      (event) => {
        if (controller.signal.aborted) after += 1;
        if (event.type === 'progress' && event.progress.done === 3) controller.abort();
      },
      controller.signal,
    );
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(after).toBeLessThan(1000);
    expect((await lab.run('count', countParams)).total).toBe(4);
  });

  it('runs one at a time, in order; one that is cancelled while it waits never starts', async () => {
    const lab = await loaded();
    const order: string[] = [];
    const controller = new AbortController();
    const run = (name: string, signal?: AbortSignal) =>
      lab.run('count', countParams, () => order.push(name), signal).then(() => order.push(`${name} done`));
    const first = run('first');
    const second = run('second', controller.signal);
    const third = run('third');
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await Promise.all([first, third]);
    expect(order).not.toContain('second');
    expect(order.lastIndexOf('first')).toBeLessThan(order.indexOf('third'));
  });

  it('rejects a call whose signal was aborted before', async () => {
    const lab = await loaded();
    const call = lab.run('count', countParams, undefined, AbortSignal.abort());
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends a run whose listener throws, with that error', async () => {
    const lab = await loaded();
    const call = lab.run('count', countParams, () => {
      throw new Error('the listener failed');
    });
    await expect(call).rejects.toThrow('the listener failed');
    expect((await lab.run('count', countParams)).total).toBe(4);
  });

  it("rejects what is running with 'cancelled' when it is closed", async () => {
    const lab = await loaded();
    let closing: Promise<void> | undefined;
    const run = lab.run('count', countParams, () => {
      closing ??= lab.close();
    });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    await closing;
  });

  it('answers cosine matrices while something long is running', async () => {
    const lab = await loaded();
    const { template, setting, prompts } = countParams;
    const { vectorsKey } = await lab.run('similarity', {
      template,
      setting,
      normal: prompts,
      malicious: ['a!', 'b!!'].map((text) => ({ id: text, text })),
      pairs: { kind: 'all' },
      bootstrap: { replicates: 10, seed: 1 },
      lastPoint: 'before-final-norm',
    });
    const controller = new AbortController();
    let ended = false;
    const long = lab
      .run(
        'count',
        {
          ...countParams,
          prompts: Array.from({ length: 2000 }, (_, at) => ({ id: `${at}`, text: `q${at}` })),
        },
        undefined,
        controller.signal,
      )
      .catch(() => {})
      .finally(() => {
        ended = true;
      });
    const matrix = await lab.run('cosineMatrix', { vectorsKey, layer: 1, measure: 'raw' });
    expect(matrix.size).toBe(6);
    expect(ended).toBe(false);
    controller.abort();
    await long;
  });
});

describe('a worker that dies', () => {
  it("rejects every pending call and every later one with 'worker-crashed'", async () => {
    const worker = threadWorker();
    const lab = new RemoteLab(worker);
    await lab.load(source, options);
    const prompts = Array.from({ length: 2000 }, (_, at) => ({ id: `${at}`, text: `q${at}` }));
    let started = () => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const calls = [
      lab.run('count', { ...countParams, prompts }, () => started()),
      lab.run('count', countParams),
    ];
    const settled = Promise.allSettled(calls);
    await running;
    await worker.thread.terminate();
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { name: 'AppError', code: 'worker-crashed' },
      });
    }
    await expect(lab.run('count', countParams)).rejects.toMatchObject({ code: 'worker-crashed' });
  });
});
