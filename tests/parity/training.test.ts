/** On onnxruntime-node training is PyTorch's: gradients, ten AdamW steps, results, for LoRA and for full parameters. */
import { describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { diskFiles } from '@/model/node-files.ts';
import { measureDropout, measureEverything, measureFull, measureLora } from './measure-training.ts';
import { openTiny, TINY_MODELS } from './tiny-models.ts';
import { expectMadeRun, expectTraining } from './tolerances.ts';

const open = async (name: string) =>
  openTiny(await createNodeBackend({ threads: 2 }), diskFiles(`tests/fixtures/${name}/model`));

describe('training on node', () => {
  it.each(TINY_MODELS)('%s: LoRA with layers 2 and 3 frozen', async (name) => {
    const folder = `tests/fixtures/${name}`;
    const measured = await measureLora(
      await open(name),
      diskFiles(folder),
      diskFiles(`${folder}/lora/initial`),
      diskFiles(`${folder}/lora/final`),
    );
    expectTraining(measured, name);
  });

  it('llama: every matrix and norm of the layers that train', async () => {
    const measured = await measureFull(await open('llama'), diskFiles('tests/fixtures/llama'));
    expect(measured.signFlips).toBe(0);
    // The reference's own float32 error is 5.1e-6, 8.7e-6 and 5.0e-4: twice to ten times that.
    expect(measured.maxAbs.loss_step0).toBeLessThan(1e-5);
    expect(measured.maxAbs.gradients_step0).toBeLessThan(1e-4);
    expect(measured.maxAbs.loss).toBeLessThan(2e-4);
    expect(measured.maxAbs.final_weights).toBeLessThan(1e-3);
  });

  // A tied matrix gets gradients from both its uses; an untied head and its embedding each their own.
  // The other families: biases, norms of queries and keys, norms behind sub-blocks, norms stored as w and computed as 1 + w.
  const everything = ['llama', 'llama-rope3', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text'];
  it.each(everything)('%s: everything but the matrices of layers 2 and 3', async (name) => {
    const measured = await measureEverything(await open(name), diskFiles(`tests/fixtures/${name}`));
    expectMadeRun(measured);
    // Decay towards 0 instead of towards 1 would leave norms 1e-4 away; the references' own error here is below 1e-5.
    if (name.startsWith('gemma')) expect(measured.maxAbs.final).toBeLessThan(5e-5);
  });

  it('llama: LoRA with seeded dropout is PEFT with the same masks', async () => {
    const folder = 'tests/fixtures/llama';
    const measured = await measureDropout(
      await open('llama'),
      diskFiles(folder),
      diskFiles(`${folder}/lora/initial`),
    );
    expectMadeRun(measured);
  });
});
