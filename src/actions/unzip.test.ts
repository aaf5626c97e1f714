/** A zip gives the files in it, whatever folder they lie in; what is no zip is said to be none. */
import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { unzipped } from './unzip.ts';

const asFile = (bytes: Uint8Array, name: string) => new File([bytes as Uint8Array<ArrayBuffer>], name);

it('gives files without their folders', async () => {
  const bytes = zipSync({ mine: { 'adapter_config.json': new TextEncoder().encode('{}') } });
  const files = await unzipped(asFile(bytes, 'mine.zip'));
  expect(files.map(({ name }) => name)).toEqual(['adapter_config.json']);
  expect(await files[0]!.text()).toBe('{}');
});

it('says so where it is no zip, or one cut short', async () => {
  const whole = zipSync({ a: new Uint8Array(1000).map((_, i) => i) });
  for (const bytes of [new Uint8Array([1, 2, 3]), whole.subarray(0, whole.length / 2)])
    await expect(unzipped(asFile(bytes, 'mine.zip'))).rejects.toThrow('mine.zip is no zip that can be read.');
});
