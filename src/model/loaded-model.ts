/** A model that has been opened: spec, weights to read, tokenizer, provenance. The engine takes it from here. */
import type { ModelSpec, WeightReader } from './spec.ts';
import type { TemplateName, TextCodec } from './text-codec.ts';

export interface LoadedModel {
  name: string;
  spec: ModelSpec;
  weights: WeightReader;
  text: TextCodec;
  /** sha256 of the weight file(s), hex, as listed in the manifest, or null when it was not computed. */
  sha256: string | null;
  /** Templates that this model offers; 'chat' only where the files carry one. */
  templates: TemplateName[];
  /** Sentences to show: unusual tokenizer, missing chat template and the like. */
  warnings: string[];
}
