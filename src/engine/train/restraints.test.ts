import { describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { diskFiles } from '@/model/node-files.ts';
import { MODEL_ENDS } from '@/model/spec.ts';
import { openTiny } from '../../../tests/parity/tiny-models.ts';
import { ADAMW_DEFAULTS, AdamW } from './adamw.ts';
import { trainingBatch } from './examples.ts';
import { initialLora, type LayerTensors, trainableShapes } from './parameters.ts';
import type { Trainer } from './trainer.ts';

const backend = await createNodeBackend({ threads: 1 });
const tensor = (values: number[]): LayerTensors => [
  { w: backend.upload(Float32Array.from(values), [values.length]) },
];
const values = async (tensors: LayerTensors) => Array.from(await backend.read(tensors[0]!.w!));
const options = { ...ADAMW_DEFAULTS, weightDecay: 0.1 };
const shapes = new Map([['w', [3]]]);

describe('restraints of AdamW, against a hand computation', () => {
  it('adds rho (p - anchor) to the gradient: the gradient of rho/2 ||p - anchor||²', async () => {
    const adamw = new AdamW(backend, options, [shapes]);
    const [p, anchor, g] = [
      [1, -2, 0.5],
      [0.5, -2, 2],
      [0.1, 0.2, 0.3],
    ];
    const adjusted = await adamw.adjust(tensor(g!), tensor(p!), {
      anchor: tensor(anchor!),
      rho: 0.25,
      masks: null,
    });
    // 0.1 + 0.25 · 0.5, 0.2 + 0, 0.3 - 0.25 · 1.5; float32 keeps seven digits.
    const gradient = await values(adjusted);
    [0.225, 0.2, -0.075].forEach((expected, i) => {
      expect(gradient[i]).toBeCloseTo(expected, 6);
    });
    // First AdamW step: m / (1 - beta1) = g, v / (1 - beta2) = g², so p - lr · decay · p - lr · g / (|g| + eps).
    const parameters = tensor(p!);
    await adamw.update(parameters, adjusted, 0.01, 1);
    const got = await values(parameters);
    p!.forEach((value, i) => {
      const sign = gradient[i]! / (Math.abs(gradient[i]!) + options.epsilon);
      expect(got[i]).toBeCloseTo(value * (1 - 0.01 * 0.1) - 0.01 * sign, 6);
    });
  });

  it('leaves masked weights bit for bit as they were, decay included, and the others as without a mask', async () => {
    const start = [0.1, 0.7, -0.3];
    const masks = tensor([1, 0, 1]);
    const [masked, free] = [tensor(start), tensor(start)];
    const [one, two] = [0, 1].map(() => new AdamW(backend, options, [shapes]));
    for (let step = 0; step < 5; step++) {
      const gradients = await one!.adjust(tensor([0.3, -0.2, 0.9]), masked, { anchor: null, rho: 0, masks });
      expect(Math.abs((await values(gradients))[1]!)).toBe(0);
      await one!.update(masked, gradients, 0.01, 1, masks);
      await two!.update(free, tensor([0.3, -0.2, 0.9]), 0.01, 1);
    }
    const [a, b] = [await values(masked), await values(free)];
    expect(a[1]).toBe(Math.fround(0.7));
    expect(b[1]).not.toBe(Math.fround(0.7));
    expect([a[0], a[2]]).toEqual([b[0], b[2]]);
  });
});

describe('a trainer', async () => {
  const batch = trainingBatch([
    { ids: [3, 14, 15, 92, 65], responseStart: 2 },
    { ids: [35, 89, 79], responseStart: 1 },
  ]);
  const open = async () => openTiny(backend, diskFiles('tests/fixtures/llama/model'));
  const engine = await open();
  const lora = { kind: 'lora', rank: 2, scaling: 2, matrices: ['q', 'down'] } as const;
  const trains = engine.info.spec && [true, true, false, false, true, true];
  const make = (): Trainer => {
    let state = 1;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const shapesOf = trainableShapes(engine.info.spec, lora);
    return engine.trainer([], {
      part: lora,
      trains,
      initial: trains.map((on) => (on ? initialLora(shapesOf, random) : null)),
      adamw: options,
      clipNorm: 1,
    });
  };
  const losses = async (trainer: Trainer, count: number) => {
    const seen: number[] = [];
    for (let step = 0; step < count; step++) seen.push((await trainer.step([batch], 5e-3)).loss);
    return seen;
  };

  it('goes on from a snapshot as if it had never stopped, bit for bit, anchor included', async () => {
    const whole = make();
    await losses(whole, 2);
    await whole.setAnchor();
    whole.rho = 0.5;
    const wanted = await losses(whole, 6);
    const first = make();
    await losses(first, 2);
    await first.setAnchor();
    first.rho = 0.5;
    await losses(first, 3);
    const snapshot = await first.snapshot();
    const second = make();
    await second.restore(snapshot);
    second.rho = 0.5;
    expect(await losses(second, 3)).toEqual(wanted.slice(3));
    for (const trainer of [whole, first, second]) await trainer.dispose();
  });

  it('is pulled towards its anchor: the stronger the pull, the less it moves', async () => {
    const moved = async (rho: number) => {
      const trainer = make();
      await losses(trainer, 1);
      await trainer.setAnchor();
      trainer.rho = rho;
      const before = await trainer.parameters();
      await losses(trainer, 8);
      const after = await trainer.parameters();
      let squares = 0;
      after.forEach((layer, index) => {
        for (const [name, data] of layer ?? []) {
          data.forEach((value, i) => {
            squares += (value - before[index]!.get(name)![i]!) ** 2;
          });
        }
      });
      return Math.sqrt(squares);
    };
    expect(await moved(100)).toBeLessThan(0.5 * (await moved(0)));
  });

  it('of full parameters leaves the model as it was, and gives an adapter that replaces its weights', async () => {
    const own = await open();
    const ids = [[3, 14, 15, 92]];
    const before = (await own.logits(ids, { adapters: [], scale: [] }))[0]!.slice();
    const trainer = own.trainer([], {
      part: { kind: 'full', norms: true },
      trains,
      initial: [],
      adamw: options,
      clipNorm: null,
    });
    const frozen = await trainer.layerTensors(2);
    await losses(trainer, 3);
    expect(await trainer.layerTensors(2)).toEqual(frozen);
    own.addAdapter(await trainer.adapter('tuned'));
    expect((await own.logits(ids, { adapters: [], scale: [] }))[0]).toEqual(before);
    const tuned = (await own.logits(ids, { adapters: ['tuned'], scale: [] }))[0]!;
    expect(tuned.some((value, i) => Math.abs(value - before[i]!) > 1e-3)).toBe(true);
    // What the trainer computes with is what the adapter gives: the loss of a single label, both ways.
    const one = trainingBatch([{ ids: [3, 14, 15, 92, 65], responseStart: 4 }]);
    const highest = Math.max(...tuned);
    const logSum = highest + Math.log(tuned.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    // Float32 logits near 10: rounding of 1e-6 each.
    expect(await trainer.loss(one)).toBeCloseTo(logSum - tuned[65]!, 4);
    // And training can go on from it.
    const again = own.trainer(['tuned'], {
      part: { kind: 'full', norms: true },
      trains,
      initial: [],
      adamw: options,
      clipNorm: null,
    });
    expect(await again.loss(one)).toBe(await trainer.loss(one));
    await trainer.dispose();
    expect((await own.logits(ids, { adapters: ['tuned'], scale: [] }))[0]).toEqual(tuned);
  });

  it('of embedding, final norm and head gives an adapter that the engine computes with, one model at a time', async () => {
    const own = await open();
    const base = { adapters: [], scale: [] };
    const ids = [[3, 14, 15, 92]];
    const before = (await own.logits(ids, base))[0]!.slice();
    const part = { kind: 'full', norms: true, ends: ['finalNorm', 'head'] } as const;
    const full = { part, trains, initial: [], adamw: options, clipNorm: null };
    const trainer = own.trainer([], { ...full, pieceElements: 100 * own.info.spec.hiddenSize });
    const start = await trainer.endValues('start');
    await losses(trainer, 3);
    const now = await trainer.endValues();
    // The model is tied: training its head trains its embedding.
    expect([...now.keys()]).toEqual(['embedding', 'finalNorm']);
    for (const [end, values] of now) {
      expect(values).toHaveLength(start.get(end)!.length);
      expect(values).not.toEqual(start.get(end));
    }
    own.addAdapter(await trainer.adapter('tuned ends'));
    const tuned = (await own.logits(ids, { adapters: ['tuned ends'], scale: [] }))[0]!.slice();
    expect((await own.logits(ids, base))[0]).toEqual(before);
    const one = trainingBatch([{ ids: [3, 14, 15, 92, 65], responseStart: 4 }]);
    const highest = Math.max(...tuned);
    const logSum = highest + Math.log(tuned.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    // Float32 logits near 10: rounding of 1e-6 each.
    expect(await trainer.loss(one)).toBeCloseTo(logSum - tuned[65]!, 4);
    // Decoding looks up and reads out with the same matrices.
    const generate = { maxNewTokens: 2, stopIds: [] };
    const [answer] = await own.generate(ids, { adapters: ['tuned ends'], scale: [] }, generate);
    const longer = [[...ids[0]!, answer![0]!]];
    const next = (await own.logits(longer, { adapters: ['tuned ends'], scale: [] }))[0]!;
    expect(answer![1]).toBe(next.indexOf(Math.max(...next)));
    // And a run on top of it starts where this one stands.
    const again = own.trainer(['tuned ends'], full);
    expect(await again.loss(one)).toBeCloseTo(await trainer.loss(one), 5);
  });

  it('takes the same steps whatever is kept between forward and backward, bit for bit', async () => {
    const part = { kind: 'full', norms: true, frozenNorms: true, ends: MODEL_ENDS } as const;
    const full = { part, trains, initial: [], adamw: options, clipNorm: 1 };
    const curves = [];
    for (const keptBytes of [0, 100_000, 2 ** 30]) {
      const trainer = engine.trainer([], { ...full, keptBytes });
      curves.push(await losses(trainer, 4));
      await trainer.dispose();
    }
    expect(curves[1]).toEqual(curves[0]);
    expect(curves[2]).toEqual(curves[0]);
  });
});
