/** The runs that ship for the page's first second: they open without warnings and belong to the model that ships. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BUNDLED_POOL_IDS } from '@/data/pools.ts';
import { controlCards } from '@/experiments/controls/index.ts';
import { countedClass } from '@/experiments/count.ts';
import { classifyResponse, DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { parseManifest } from '@/model/manifest.ts';
import { parseRunFile, type RunFile, type RunPart } from '@/protocol/run-file.ts';
import { adaptersOf, type Config, DEFAULT_CONFIG, MODEL_VARIANTS } from '@/state/config.ts';
import { controlRequest } from '@/state/control-request.ts';
import { gridRequest, layerAlphaRequest, locateRequest } from '@/state/locate-requests.ts';
import { DEFAULT_LOCATE_SETTINGS, encodeLocateSettings } from '@/state/locate-settings.ts';
import type { Pools } from '@/state/pools.ts';
import { keyOf } from '@/state/results.ts';
import { rulesWithEdits } from '@/state/rules.ts';
import { shippedPool } from './pools.ts';

const read = (name: string) => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8');
const { files } = JSON.parse(read('recorded/index.json')) as { files: string[] };
const manifest = parseManifest(JSON.parse(read('models/manifest.json')));

/** Of the sections that fetch theirs when they are opened. */
const sectionRuns = ['locate', 'controls'].flatMap((folder) => {
  const index = JSON.parse(read(`recorded/${folder}/index.json`)) as { files: string[] };
  return index.files.map((name) => `${folder}/${name}`);
});

/** What the page asks under its defaults. */
async function pageRequests(runs: readonly RunFile[]): Promise<Set<string>> {
  const entries = await Promise.all(
    BUNDLED_POOL_IDS.map(
      async (id) => [id, { id, items: await shippedPool(id), origin: 'shipped' }] as const,
    ),
  );
  const pools = Object.fromEntries(entries) as unknown as Pools;
  const at = (patch: Partial<Config> = {}) => {
    const config = { ...DEFAULT_CONFIG, ...patch };
    return { modelKey: 'bundled', config, pools, rules: rulesWithEdits(config) };
  };
  const bench = parseRunFile(read('recorded/aligned.json')).run;
  const learnt = bench.parts.find(({ kind }) => kind === 'calibrate') as Extract<
    RunPart,
    { kind: 'calibrate' }
  >;
  const { calibration } = learnt.result;
  const alphas = runs.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'grid' ? [part.params.alpha] : [])),
  );
  const search = (alpha: number) => encodeLocateSettings({ ...DEFAULT_LOCATE_SETTINGS, alpha });
  return new Set([
    locateRequest(at(), calibration, 30).key,
    layerAlphaRequest(at(), calibration).key,
    ...alphas.map((alpha) => gridRequest(at({ search: search(alpha) }), calibration).key),
    ...controlCards().map((card) => controlRequest(at(), card, { name: null, options: {} }, calibration).key),
  ]);
}

type CountPart = Extract<RunPart, { kind: 'count' }>;
const alphaOf = (part: CountPart) => part.params.setting.scale[0]?.alpha ?? 1;

describe('recorded runs', () => {
  it('are there for every model that the page offers', () => {
    expect([...files].sort()).toEqual(MODEL_VARIANTS.map((variant) => `${variant}.json`).sort());
  });

  it.each(files)('%s belongs to the shipped weights, adapters and settings', (name) => {
    const text = read(`recorded/${name}`);
    // They load beside the page before anything else; see the budget in the issue.
    expect(text.length).toBeLessThan(600_000);
    const { run, warnings } = parseRunFile(text, name);
    expect(warnings).toEqual([]);
    expect(run.model.sha256).toBe(manifest.models[0]!.sha256);
    const variant = MODEL_VARIANTS.find((one) => name === `${one}.json`)!;
    expect(run.model.adapters.map((adapter) => adapter.name)).toEqual(adaptersOf(variant));
    for (const { name: id, sha256 } of run.model.adapters) {
      const entry = manifest.adapters.find((adapter) => adapter.id === id);
      expect(entry?.files.find((file) => file.path.endsWith('.safetensors'))?.sha256).toBe(sha256);
    }
    expect(run.template).toBe(DEFAULT_CONFIG.template);
    const counts = run.parts.filter((part): part is CountPart => part.kind === 'count');
    const swept = counts
      .filter((part) => part.params.prompts.length === DEFAULT_CONFIG.promptCount)
      .map(alphaOf);
    // A change of the rules must be recorded again.
    for (const { result, params } of counts) {
      for (const { answer = '', answerIds = [], responseClass, reason } of result.outcomes) {
        const now = classifyResponse(answer, params.rules, answerIds.length);
        expect({ answer, responseClass, reason }).toEqual({ answer, ...now });
      }
    }
    expect(counts[0]!.params.rules).toEqual(DEFAULT_REFUSAL_RULES);
    expect(swept).toEqual([0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2]);
    for (const { result } of counts) {
      const refused = result.outcomes.filter((outcome) => countedClass(outcome) === 'refused').length;
      expect(refused).toBe(result.refused);
      expect(result.refused + result.answered + result.garbled).toBe(result.total);
    }
  });

  it('of searches and controls are what the page asks under its defaults, small, and of the shipped weights', async () => {
    const texts = sectionRuns.map((name) => read(`recorded/${name}`));
    // Fetched with a section, not with the page: 400 kB as they are served.
    expect(texts.reduce((sum, text) => sum + gzipSync(text).length, 0)).toBeLessThan(400_000);
    const parsed = texts.map((text, at) => parseRunFile(text, sectionRuns[at]));
    const runs = parsed.map(({ run }) => run);
    const asked = await pageRequests(runs);
    for (const [at, { run, warnings }] of parsed.entries()) {
      expect(warnings).toEqual([]);
      expect(run.model.sha256).toBe(manifest.models[0]!.sha256);
      expect(run.model.adapters.map(({ name }) => name)).toEqual(adaptersOf('aligned'));
      expect(run.parts.length, sectionRuns[at]).toBeGreaterThan(0);
      for (const part of run.parts) {
        expect(asked.has(keyOf(part.kind, 'bundled', part.params)), part.label).toBe(true);
        if ('complete' in part.result) expect(part.result.complete).toBe(true);
      }
    }
    // The one that the section opens with.
    const alphas = runs.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.kind === 'grid' ? [part.params.alpha] : [])),
    );
    expect(alphas[0]).toBe(DEFAULT_LOCATE_SETTINGS.alpha);
  });
});
