/**
 * How far an engine's numbers are from the plain way to compute them: float32 weights, one prompt at a time, nothing shared or
 * cached. Two engines, the same token ids, largest differences. Not here: which engines and prompts (src/lab/parity.ts).
 */
import type { Engine, ModelSetting, TokenIds } from './engine.ts';

export interface ParityMeasure {
  promptCount: number;
  /** Largest difference of a logit after the last token, and the largest logit there is, for its size. */
  maxAbsLogit: number;
  largestLogit: number;
  /** Largest difference of a last token's vector after any layer, relative to that vector's length. */
  maxRelHidden: number;
  /** First answer tokens that are the same. */
  sameTokens: number;
  /** In words: what was compared with what. */
  against: string;
  /** ISO 8601. */
  measuredAt: string;
}

export type ParityFigures = Omit<ParityMeasure, 'against' | 'measuredAt'>;

const PLAIN: ModelSetting = { adapters: [], scale: [] };

/** @param onPrompt after each prompt of the reference, which takes the most time */
export async function compareEngines(
  engine: Engine,
  reference: Engine,
  sequences: readonly TokenIds[],
  onPrompt?: (done: number) => void,
  signal?: AbortSignal,
): Promise<ParityFigures> {
  const logits = await engine.logits(sequences, PLAIN, { signal });
  const states = await engine.hiddenStates(sequences, PLAIN, { signal });
  const figures = { maxAbsLogit: 0, largestLogit: 0, maxRelHidden: 0, sameTokens: 0 };
  for (const [n, ids] of sequences.entries()) {
    const [row] = await reference.logits([ids], PLAIN, { signal });
    const [state] = await reference.hiddenStates([ids], PLAIN, { signal });
    let [own, best] = [0, 0];
    row!.forEach((value, id) => {
      figures.maxAbsLogit = Math.max(figures.maxAbsLogit, Math.abs(value - logits[n]![id]!));
      figures.largestLogit = Math.max(figures.largestLogit, Math.abs(value));
      if (value > row![best]!) best = id;
      if (logits[n]![id]! > logits[n]![own]!) own = id;
    });
    if (own === best) figures.sameTokens += 1;
    const width = state!.finalNorm.length;
    for (let at = 0; at < state!.hidden.length; at += width) {
      let [difference, length] = [0, 0];
      for (let i = at; i < at + width; i++) {
        difference += (state!.hidden[i]! - states[n]!.hidden[i]!) ** 2;
        length += state!.hidden[i]! ** 2;
      }
      if (length > 0) figures.maxRelHidden = Math.max(figures.maxRelHidden, Math.sqrt(difference / length));
    }
    onPrompt?.(n + 1);
  }
  return { promptCount: sequences.length, ...figures };
}
