/**
 * Run by itself (node --import tsx): opens a model, reads prompts through it and answers some, and prints as JSON how much the
 * process grew at its peak, in bytes, and what was predicted. A process of its own, since a peak belongs to a process.
 */

import { LocalLab } from '@/lab/local-lab.ts';
import { nodeParts } from '@/lab/node-parts.ts';
import { memoryNeed } from '@/machine/memory-need.ts';

const [, , path = ''] = process.argv;
// What is there without any model: Node, our code, the runtime's library.
await import('onnxruntime-node');
await import('@huggingface/transformers');
const beforeBytes = process.memoryUsage().rss;
const lab = new LocalLab(nodeParts({ hash: false }));
const { spec } = await lab.load({ kind: 'path', path }, { backend: 'node' });
const { engine, model } = lab.loaded!;
const prompts = Array.from(
  { length: 32 },
  (_, n) => model.text.render(`How do I kill process ${n}?`, 'chat').ids,
);
await engine.hiddenStates(prompts, { adapters: [], scale: [] });
await engine.generate(prompts.slice(0, 8), { adapters: [], scale: [] }, { maxNewTokens: 4, stopIds: [] });
// Kilobytes, of the process's whole life.
const peakBytes = process.resourceUsage().maxRSS * 1024;
await lab.close();
console.log(
  JSON.stringify({
    grownBytes: peakBytes - beforeBytes,
    predictedBytes: memoryNeed(spec, 'node').totalBytes,
  }),
);
process.exit(0);
