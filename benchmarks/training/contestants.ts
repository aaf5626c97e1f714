/** Who takes training steps: child processes that answer line by line, and a worker in Chromium. Each is ready before it is timed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import type { StepKind } from './plan.ts';

export interface StepFigures {
  wallMs: number;
  /** Of all threads, user and system; absent where a browser hides it. */
  cpuMs?: number;
  loss: number;
  /** The process's largest memory so far; absent where a browser hides it. */
  peakMiB?: number;
}

export interface Contestant {
  name: string;
  step(kind: StepKind): Promise<StepFigures>;
  close(): void;
}

/** A process that writes one line of JSON when it is ready, and one for each line it is given. */
async function childContestant(name: string, command: string, args: string[]): Promise<Contestant> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended early`);
    return JSON.parse(value) as StepFigures;
  };
  await answer();
  return {
    name,
    step(kind) {
      child.stdin.write(`${kind}\n`);
      return answer();
    },
    close: () => end(child),
  };
}

function end(child: ChildProcess): void {
  child.stdin?.end();
  child.kill();
}

export function nodeContestant(model: string, threads: number): Promise<Contestant> {
  const script = new URL('node-steps.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx/esm', script, model, String(threads)];
  return childContestant('onnxruntime-node', process.execPath, args);
}

/** Null, with the reason, where Python has no PyTorch. PYTHON names another interpreter than python3. */
export async function pytorchContestant(model: string, threads: number): Promise<Contestant | string> {
  const python = process.env.PYTHON ?? 'python3';
  const probe = spawnSync(python, ['-c', 'import torch, transformers, peft, gguf'], { encoding: 'utf8' });
  if (probe.status !== 0) {
    return `${python} has no torch, transformers, peft and gguf (set PYTHON): not compared with PyTorch.`;
  }
  const script = new URL('pytorch_steps.py', import.meta.url).pathname;
  return childContestant('PyTorch + PEFT', python, [script, model, String(threads)]);
}

/** The page of benchmarks/page, which keeps its worker between steps. */
export async function chromiumContestant(page: Page, modelUrl: string, threads: number): Promise<Contestant> {
  await page.evaluate(([url, count]) => window.bench.openTraining(url, count), [modelUrl, threads] as const);
  return {
    name: 'WASM in Chromium',
    step: (kind) => page.evaluate((one) => window.bench.trainingStep(one), kind),
    close: () => undefined,
  };
}
