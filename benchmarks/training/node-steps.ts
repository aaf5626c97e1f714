/** onnxruntime-node as a contestant: `node --import tsx/esm node-steps.ts MODEL THREADS`, then one kind of step per line on stdin, answered in JSON. */
import { createInterface } from 'node:readline';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import { diskFile } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import type { StepKind } from './plan.ts';
import { trainingSteps } from './steps.ts';

const [modelPath, threads] = process.argv.slice(2);
const model = await openModel(diskFile(modelPath!));
const step = trainingSteps(await engineOn(await createNodeBackend({ threads: Number(threads) }), model));
console.log(JSON.stringify({ ready: true }));
for await (const kind of createInterface(process.stdin)) {
  const start = process.cpuUsage();
  const timed = await step(kind as StepKind);
  const { user, system } = process.cpuUsage(start);
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ ...timed, cpuMs: (user + system) / 1000, peakMiB }));
}
process.exit(0);
