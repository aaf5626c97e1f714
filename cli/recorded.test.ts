/** The runs that ship for the page's first second: they open without warnings and belong to the model that ships. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countedClass } from '@/experiments/count.ts';
import { classifyResponse, DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { parseManifest } from '@/model/manifest.ts';
import { parseRunFile, type RunPart } from '@/protocol/run-file.ts';
import { adaptersOf, DEFAULT_CONFIG, MODEL_VARIANTS } from '@/state/config.ts';

const read = (name: string) => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8');
const { files } = JSON.parse(read('recorded/index.json')) as { files: string[] };
const manifest = parseManifest(JSON.parse(read('models/manifest.json')));

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
});
