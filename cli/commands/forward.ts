/** `forward`: hidden states, logits, attention and greedy tokens of given sequences, as a safetensors file. */
import path from 'node:path';
import type { Command } from 'commander';
import type { Engine, PassOptions } from '@/engine/engine.ts';
import { progressMaker } from '@/experiments/event-stream.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { checkWritable, readTextFile, writeWholeFile } from '../files.ts';
import { type ForwardInput, parseForwardInput, scaleRules, sequenceIds } from '../forward-input.ts';
import { addModelOptions, type ModelOptions } from '../options.ts';
import { withModel } from '../session.ts';
import type { ProgressDisplay, Terminal } from '../terminal.ts';

const HELP = `
The input:
  {"sequences": [{"ids": [1, 2]}, {"text": "How to kill time?"}],
   "template": "none" | "chat" | "alpaca",
   "scale": [{"layers": [8, 13], "alpha": 1.1, "matrices": ["q","k","v","o","gate","up","down"]}],
   "attention": true, "generate": 16}
  Only "sequences" is needed; "matrices" left out are all seven. Layers count from 0, both ends included.
  "ids" run as they are, "text" is rendered; under the template "none" nothing is added to it.

The output, for sequence n (K layers, D hidden size, V vocabulary, H heads, T tokens):
  s<n>.hidden float32 [K+1, D]    last position; row 0 = embedding output, row K = last block before the final norm
  s<n>.logits float32 [V]         s<n>.attention float32 [K, H, T]   last query row, if asked for
  s<n>.ids int32 [T]              s<n>.generated int32 [generate]    greedy, never stopped at an end token

Example:
  npx stratascope forward --model smollm2-135m-instruct --adapter safety-adapter \\
      --input in.json --output out.safetensors
`;

interface ForwardOptions extends ModelOptions {
  input: string;
  output: string;
}

export function addForwardCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('forward')
    .description('run sequences and write hidden states, logits, attention and greedy tokens')
    .requiredOption('-i, --input <file>', 'JSON file with the sequences')
    .requiredOption('-o, --output <file>', 'safetensors file to write');
  addModelOptions(command)
    .addHelpText('after', HELP)
    .action(async (options: ForwardOptions) => {
      const input = parseForwardInput(readTextFile(options.input), path.basename(options.input));
      checkWritable(options.output);
      await withModel(options, { terminal, hash: false }, async ({ engine, text, adapters, display }) => {
        const ids = sequenceIds(input, text);
        const tensors = await forwardTensors(engine, ids, input, adapters, display, terminal.signal);
        writeWholeFile(options.output, writeSafetensors(tensors));
      });
    });
}

async function forwardTensors(
  engine: Engine,
  ids: readonly Int32Array[],
  input: ForwardInput,
  adapters: readonly string[],
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<Map<string, WritableTensor>> {
  const { layerCount, hiddenSize, headCount } = engine.info.spec;
  const setting = { adapters, scale: scaleRules(input) };
  const pass = <Item>(phase: string): PassOptions<Item> => {
    const progress = progressMaker('prompts');
    let done = 0;
    return { signal, onItem: () => display.show(progress(phase, ++done, ids.length).progress) };
  };
  const states = await engine.hiddenStates(ids, setting, pass('Hidden states'));
  const logits = await engine.logits(ids, setting, pass('Logits'));
  const attention = input.attention ? await engine.attention(ids, setting, pass('Attention')) : [];
  const generated =
    input.generate > 0
      ? await engine.generate(ids, setting, {
          ...pass<Int32Array>('Generating'),
          maxNewTokens: input.generate,
          stopIds: [],
        })
      : [];
  const tensors = new Map<string, WritableTensor>();
  ids.forEach((sequence, n) => {
    const floats = (name: string, dims: number[], data: Float32Array | undefined) => {
      if (data) tensors.set(`s${n}.${name}`, { dtype: 'F32', dims, data });
    };
    const integers = (name: string, data: Int32Array | undefined) => {
      if (data) tensors.set(`s${n}.${name}`, { dtype: 'I32', dims: [data.length], data });
    };
    floats('hidden', [layerCount + 1, hiddenSize], states[n]!.hidden);
    floats('logits', [logits[n]!.length], logits[n]);
    floats('attention', [layerCount, headCount, sequence.length], attention[n]);
    integers('ids', sequence);
    integers('generated', generated[n]);
  });
  return tensors;
}
