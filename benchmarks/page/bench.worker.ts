/** The benchmarks on WASM, in a worker as the product runs there. */
import { expose } from 'comlink';
import * as ort from 'onnxruntime-web/wasm';
import { createWasmBackend } from '@/backends/wasm-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openModel } from '@/model/open-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { measureThroughput, type ThroughputFigures } from '../layer-throughput.ts';
import type { RecountPlan } from '../plan.ts';
import { measureRecount, type RecountFigures } from '../recount.ts';

const benchmarks = {
  async throughput(spec: ModelSpec, rounds: number, threads: number): Promise<ThroughputFigures> {
    return measureThroughput(await createWasmBackend({ threads }), spec, rounds);
  },

  async recount(modelUrl: string, plan: RecountPlan): Promise<RecountFigures> {
    const bytes = new Uint8Array(await (await fetch(new URL(modelUrl, location.origin))).arrayBuffer());
    const model = await openModel(memorySource(bytes, modelUrl.split('/').at(-1)!));
    const backend = await createWasmBackend({ threads: plan.threads });
    return measureRecount({
      ...plan,
      engine: await engineOn(backend, model),
      ort,
      sessionOptions: { executionProviders: ['wasm'] },
      spec: model.spec,
      weights: model.weights,
      sequences: plan.questions.map((question) => model.text.render(question, 'chat').ids),
    });
  },
};

export type WebBenchmarks = typeof benchmarks;
expose(benchmarks);
