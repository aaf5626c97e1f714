/** The controls that the page names are those that ship, with the bands that their files say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseManifest } from '@/model/manifest.ts';
import { adaptersOf } from './config.ts';
import { PLANTED_VARIANTS, plantedBandOf, plantedLayers } from './planted.ts';

const models = new URL('../../public/models/', import.meta.url);
const { adapters } = parseManifest(JSON.parse(readFileSync(new URL('manifest.json', models), 'utf8')));

test('every planted adapter of the manifest is a variant, and the other way round', () => {
  expect(adapters.filter(({ planted }) => planted).map(({ id }) => id)).toEqual(PLANTED_VARIANTS);
});

test.each(PLANTED_VARIANTS)('%s: name, manifest and adapter file tell of the same layers', (variant) => {
  const entry = adapters.find(({ id }) => id === variant)!;
  const { first, last } = plantedBandOf(variant)!;
  expect(entry.planted).toEqual([first, last]);
  expect(adaptersOf(variant)).toEqual([variant]);
  expect(plantedLayers(variant)).toBe(`${first}–${last}`);
  const config = JSON.parse(readFileSync(new URL(`${entry.path}/adapter_config.json`, models), 'utf8'));
  expect(config.layers_to_transform).toEqual(
    Array.from({ length: last - first + 1 }, (_, layer) => first + layer),
  );
});

test('base and aligned have no planted band', () => {
  expect(plantedBandOf('base')).toBeNull();
  expect(plantedBandOf('aligned')).toBeNull();
});
