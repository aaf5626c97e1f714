/** The benchmarks on WASM, in a worker as the product runs there. */
import { expose } from 'comlink';
import packageUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import fusedUrl from 'ort-wasm/fused.wasm?url';
import rolledUrl from 'ort-wasm/rolled.wasm?url';
import { createWasmBackend } from '@/backends/wasm-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import { browserFiles } from '@/model/browser-files.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openModel } from '@/model/open-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { freshWriteMs } from '../fresh-memory.ts';
import { measureThroughput, type ThroughputFigures } from '../layer-throughput.ts';
import type { RecountPlan } from '../plan.ts';
import { measureRecount, type RecountFigures } from '../recount.ts';
import type { StepKind } from '../training/plan.ts';
import { type TimedStep, trainingSteps } from '../training/steps.ts';

async function fetchModel(modelUrl: string) {
  const bytes = new Uint8Array(await (await fetch(new URL(modelUrl, location.origin))).arrayBuffer());
  return openModel(memorySource(bytes, modelUrl.split('/').at(-1)!));
}

/** ONNX Runtime as its package has it, and with each of the edits of scripts/ort-wasm. */
const WASM_URLS = { package: packageUrl, rolled: rolledUrl, fused: fusedUrl };
export type WasmVariant = keyof typeof WASM_URLS;

const benchmarks = {
  async throughput(
    spec: ModelSpec,
    rounds: number,
    threads: number,
    variant?: WasmVariant,
  ): Promise<ThroughputFigures> {
    const wasmUrl = variant && WASM_URLS[variant];
    return measureThroughput(await createWasmBackend({ threads, wasmUrl }), spec, rounds);
  },

  async loading(file: File, threads: number): Promise<number> {
    // Starting the runtime is no part of loading a file.
    const backend = await createWasmBackend({ threads });
    backend.floats.prepare?.();
    const start = performance.now();
    const engine = await engineOn(backend, await openModel(browserFiles([file])));
    const loadMs = performance.now() - start;
    await engine.close();
    return loadMs;
  },

  freshWrite(floatCount: number): number {
    return freshWriteMs(floatCount);
  },

  async openTraining(modelUrl: string, threads: number): Promise<void> {
    step = trainingSteps(await engineOn(await createWasmBackend({ threads }), await fetchModel(modelUrl)));
  },

  trainingStep(kind: StepKind): Promise<TimedStep> {
    return step!(kind);
  },

  async recount(modelUrl: string, plan: RecountPlan): Promise<RecountFigures> {
    const model = await fetchModel(modelUrl);
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

let step: ReturnType<typeof trainingSteps> | null = null;

export type WebBenchmarks = typeof benchmarks;
expose(benchmarks);
