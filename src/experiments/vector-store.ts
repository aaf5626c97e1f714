/**
 * Last-token vectors that were already computed, by what they depend on: prompt text, template, adapters, scaling.
 * Makes switching between base and aligned, and cosine matrices of earlier runs, instant. Knows no engine.
 */
import type { HiddenStates } from '@/engine/engine.ts';
import { interventionParts } from '@/method/interventions.ts';
import { withoutIdentities } from '@/method/scaling.ts';
import type { ModelContext, SimilarityParams } from '@/protocol/experiments.ts';

/** Vectors of one similarity run, found again by its key. */
export interface VectorSet {
  normal: HiddenStates[];
  malicious: HiddenStates[];
  lastPoint: SimilarityParams['lastPoint'];
}

interface SettingEntry {
  byText: Map<string, HiddenStates>;
  bytes: number;
}

interface SetRecipe {
  setting: string;
  normal: string[];
  malicious: string[];
  lastPoint: SimilarityParams['lastPoint'];
}

/** The setting without rules that change nothing, so that alpha = 1 finds the unscaled vectors. */
export function settingKey(context: ModelContext): string {
  const rules = withoutIdentities(context.setting.scale).map((rule) => [
    rule.first,
    rule.last,
    rule.alpha,
    [...rule.matrices].sort(),
  ]);
  const more = interventionParts(context.setting);
  return JSON.stringify([context.template, context.setting.adapters, rules, ...more]);
}

/** 64 bits of FNV-1a-like mixing as hex. Names content within one lab; not a checksum against tampering. */
export function contentKey(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b) ^ (high >>> 13);
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
  return hex(high ^ (low >>> 16)) + hex(low);
}

export class VectorStore {
  /** Least recently used first. */
  readonly #settings = new Map<string, SettingEntry>();
  readonly #sets = new Map<string, SetRecipe>();
  #bytes = 0;

  /** @param limitBytes Above this the settings used longest ago are dropped; the newest always stays. */
  constructor(readonly limitBytes = 256 * 2 ** 20) {}

  get(context: ModelContext, text: string): HiddenStates | undefined {
    return this.#touch(settingKey(context))?.byText.get(text);
  }

  put(context: ModelContext, text: string, states: HiddenStates): void {
    const key = settingKey(context);
    let entry = this.#touch(key);
    if (!entry) {
      entry = { byText: new Map(), bytes: 0 };
      this.#settings.set(key, entry);
    }
    if (entry.byText.has(text)) return;
    const bytes = states.hidden.byteLength + states.finalNorm.byteLength;
    entry.byText.set(text, states);
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#evict();
  }

  /** Remembers which vectors belong to one run; returns the key under which `set` finds them. */
  keep(params: SimilarityParams): string {
    const recipe: SetRecipe = {
      setting: settingKey(params),
      normal: params.normal.map((item) => item.text),
      malicious: params.malicious.map((item) => item.text),
      lastPoint: params.lastPoint,
    };
    const key = contentKey(JSON.stringify(recipe));
    this.#sets.set(key, recipe);
    return key;
  }

  /** Null where the key is unknown or its vectors were dropped to stay under the limit. */
  set(key: string): VectorSet | null {
    const recipe = this.#sets.get(key);
    const entry = recipe && this.#touch(recipe.setting);
    if (!recipe || !entry) return null;
    const find = (texts: string[]) => texts.map((text) => entry.byText.get(text));
    const normal = find(recipe.normal);
    const malicious = find(recipe.malicious);
    if (![...normal, ...malicious].every((states) => states !== undefined)) return null;
    return {
      normal: normal as HiddenStates[],
      malicious: malicious as HiddenStates[],
      lastPoint: recipe.lastPoint,
    };
  }

  clear(): void {
    this.#settings.clear();
    this.#sets.clear();
    this.#bytes = 0;
  }

  #touch(key: string): SettingEntry | undefined {
    const entry = this.#settings.get(key);
    if (entry) {
      this.#settings.delete(key);
      this.#settings.set(key, entry);
    }
    return entry;
  }

  #evict(): void {
    for (const [key, entry] of this.#settings) {
      if (this.#bytes <= this.limitBytes || this.#settings.size === 1) return;
      this.#settings.delete(key);
      this.#bytes -= entry.bytes;
      for (const [name, recipe] of this.#sets) if (recipe.setting === key) this.#sets.delete(name);
    }
  }
}
