/** The memory that is predicted from a model's dimensions against what a process takes that loads it, reads and answers. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { projectRoot } from '../../scripts/setup.mjs';

/** What is asked of the prediction. Measured: 3 % (Linux, Node 20, two cores). */
const TOLERANCE = 0.2;

test('the bundled model takes what was predicted, on Node', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--import',
      'tsx',
      'tests/model/testing/measure-memory.ts',
      'public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf',
    ],
    { cwd: projectRoot },
  );
  const { grownBytes, predictedBytes } = JSON.parse(stdout.trim().split('\n').at(-1)!);
  console.log(`predicted ${predictedBytes} bytes, grown ${grownBytes}`);
  expect(Math.abs(predictedBytes / grownBytes - 1)).toBeLessThan(TOLERANCE);
});
