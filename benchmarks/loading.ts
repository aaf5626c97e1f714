/**
 * From a GGUF file to an engine that answers: on Node against reading the file and one forward pass, in Chromium from a file on
 * the local disk in bytes per second. Best of the rounds: noise only ever adds time.
 */
import { readFileSync } from 'node:fs';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import { parameterCount } from '@/machine/memory-need.ts';
import { diskFile } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { freshWriteMs } from './fresh-memory.ts';
import { LOADING_ROUNDS } from './plan.ts';

export interface NodeLoading {
  /** The file's bytes into memory, and nothing else. */
  readMs: number;
  /** One prompt through an engine that is there, nothing cached. */
  forwardMs: number;
  /** From the path to the first logits. */
  firstLogitsMs: number;
  /** Fresh memory of the size of the float32 weights, written once. */
  freshWriteMs: number;
}

export interface ChromiumLoading {
  bytes: number;
  /** From the chosen file to an engine with its weights in place, on WASM. */
  loadMs: number;
  /** As on Node. */
  freshWriteMs: number;
}

const PLAIN = { adapters: [], scale: [] };

export async function loadingInNode(path: string, threads: number): Promise<NodeLoading> {
  const best = { readMs: Infinity, forwardMs: Infinity, firstLogitsMs: Infinity, freshWriteMs: Infinity };
  const keep = (name: keyof NodeLoading, startMs: number) => {
    best[name] = Math.min(best[name], performance.now() - startMs);
  };
  for (let round = 0; round < LOADING_ROUNDS; round++) {
    let start = performance.now();
    readFileSync(path);
    keep('readMs', start);
    start = performance.now();
    const model = await openModel(diskFile(path));
    const engine = await engineOn(await createNodeBackend({ threads }), model);
    const { ids } = model.text.render('How do I boil an egg?', 'chat');
    await engine.logits([ids], PLAIN);
    keep('firstLogitsMs', start);
    // Forgets the states of the pass before.
    await engine.removeAdapter('nobody');
    start = performance.now();
    await engine.logits([ids], PLAIN);
    keep('forwardMs', start);
    await engine.close();
    best.freshWriteMs = Math.min(best.freshWriteMs, freshWriteMs(parameterCount(model.spec)));
  }
  return best;
}

export function loadingReport(node: NodeLoading, chromium: ChromiumLoading): string {
  const { readMs, forwardMs, firstLogitsMs } = node;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const rate = chromium.bytes / 1e6 / (chromium.loadMs / 1e3);
  return `
loading the bundled model
  node: first logits after ${ms(firstLogitsMs)}; reading the file ${ms(readMs)}, one forward pass ${ms(forwardMs)}: ${(firstLogitsMs / (readMs + forwardMs)).toFixed(1)} times both (asked: 1.5 at most)
    float32 weights written once into fresh memory, which no loading can do without: ${ms(node.freshWriteMs)}, ${(node.freshWriteMs / (readMs + forwardMs)).toFixed(1)} times both
  Chromium, from disk to WASM: ${ms(chromium.loadMs)}, ${rate.toFixed(0)} MB/s of file (asked: 200)
    float32 weights written once into fresh memory: ${ms(chromium.freshWriteMs)}`;
}
