/**
 * Writes public/models/manifest.json: sizes and sha256 of the bundled files are computed here, parity figures are
 * measured elsewhere and kept as long as the weights they were measured on stay the same.
 * Run: npx tsx scripts/make-manifest.ts
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openGguf } from '@/model/gguf.ts';
import { MANIFEST_NAME, type Manifest, parseManifest } from '@/model/manifest.ts';
import { diskFile } from '@/model/node-files.ts';
import { hashSources } from '@/model/whole-file.ts';
import { PLANTED_BANDS, PLANTED_VARIANTS } from '@/state/planted.ts';

const folder = fileURLToPath(new URL('../public/models/', import.meta.url));
const MODEL_PATH = 'smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';
const BYTES_PER_FLOAT32 = 4;

async function describeFile(path: string): Promise<{ path: string; sizeBytes: number; sha256: string }> {
  const source = diskFile(folder + path);
  return { path, sizeBytes: source.sizeBytes, sha256: await hashSources([source]) };
}

async function describeAdapter(
  path: string,
): Promise<{ path: string; files: Manifest['adapters'][number]['files'] }> {
  const files = [];
  for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
    files.push({ ...(await describeFile(`${path}/${name}`)), path: name });
  }
  return { path, files };
}

function earlierParity(sha256: string): Manifest['models'][number]['parity'] {
  if (!existsSync(folder + MANIFEST_NAME)) return {};
  const earlier = parseManifest(JSON.parse(readFileSync(folder + MANIFEST_NAME, 'utf8')));
  return earlier.models.find((model) => model.sha256 === sha256)?.parity ?? {};
}

async function main(): Promise<void> {
  const model = await describeFile(MODEL_PATH);
  const { tensors } = await openGguf(diskFile(folder + MODEL_PATH));
  const weightCount = [...tensors.values()].reduce((sum, tensor) => sum + tensor.elementCount, 0);
  const manifest: Manifest = {
    version: 1,
    models: [
      {
        id: 'smollm2-135m-instruct',
        name: 'SmolLM2-135M-Instruct',
        ...model,
        memoryBytes: weightCount * BYTES_PER_FLOAT32,
        template: 'chat',
        licence: 'Apache-2.0',
        parity: earlierParity(model.sha256),
      },
    ],
    adapters: [
      {
        id: 'safety',
        name: 'aligned',
        label:
          'LoRA adapter trained to refuse harmful requests, on every layer; with it the model also refuses some harmless ones.',
        ...(await describeAdapter('safety-adapter')),
      },
      ...(await Promise.all(
        PLANTED_VARIANTS.map(async (id) => {
          const { first, last } = PLANTED_BANDS[id];
          return {
            id,
            name: `planted ${first}-${last}`,
            label: `Positive control: the same training on layers ${first}-${last} alone, so the band that a scan must find is known.`,
            ...(await describeAdapter(`planted-adapter-${first}-${last}`)),
            planted: [first, last] as [number, number],
          };
        }),
      )),
    ],
  };
  writeFileSync(folder + MANIFEST_NAME, `${JSON.stringify(parseManifest(manifest), null, 2)}\n`);
}

await main();
