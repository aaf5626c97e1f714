/**
 * Where alpha loses its meaning: the paper multiplies weight matrices of models whose layers look like llama's, and some
 * families undo that multiplication, or leave something out of it. Told from what a layer computes, never from its name. Pure.
 */
import { MATRIX_NAMES, type MatrixName, type ModelSpec } from './spec.ts';

export interface AlphaNote {
  kind: 'cancelled' | 'bias' | 'fused';
  /** Those of the chosen matrices that it is about. */
  matrices: readonly MatrixName[];
  /** For the person, whole. */
  sentence: string;
}

/**
 * Matrices whose scaling by any positive number changes nothing, up to the norms' epsilon: all that follows them up to a norm is
 * linear. Attention is linear in v, the feed-forward in up, so norms behind sub-blocks undo these as well as o and down.
 */
export function cancelledMatrices(spec: ModelSpec): MatrixName[] {
  const unlessBiased = (names: readonly MatrixName[]) => names.filter((name) => !spec.biases?.includes(name));
  const cancelled = [
    ...(spec.qkNorm ? unlessBiased(['q', 'k']) : []),
    ...(spec.postNorms ? unlessBiased(['v', 'o', 'up', 'down']) : []),
  ];
  return MATRIX_NAMES.filter((name) => cancelled.includes(name));
}

/** What a person should know before scaling these matrices of this model; empty where alpha means what it does in the paper. */
export function alphaNotes(spec: ModelSpec, chosen: readonly MatrixName[]): AlphaNote[] {
  const notes: AlphaNote[] = [];
  const among = (names: readonly MatrixName[]) => chosen.filter((name) => names.includes(name));
  const cancelled = among(cancelledMatrices(spec));
  const left = chosen.filter((name) => !cancelled.includes(name));
  const byHeadNorm: MatrixName[] = cancelled.filter((name) => name === 'q' || name === 'k');
  const byPostNorm = cancelled.filter((name) => !byHeadNorm.includes(name));
  if (byHeadNorm.length > 0) {
    notes.push({
      kind: 'cancelled',
      matrices: byHeadNorm,
      sentence: `Alpha on ${inWords(byHeadNorm)} changes nothing here: queries and keys are normed behind ${byHeadNorm.length > 1 ? 'these matrices' : 'this matrix'}.`,
    });
  }
  if (byPostNorm.length > 0) {
    notes.push({
      kind: 'cancelled',
      matrices: byPostNorm,
      sentence: `Alpha on ${inWords(byPostNorm)} changes nothing here: what attention and feed-forward give is normed before it joins the residual stream.`,
    });
  }
  if (cancelled.length > 0) {
    const rest = MATRIX_NAMES.filter((name) => !cancelledMatrices(spec).includes(name));
    notes.push({
      kind: 'cancelled',
      matrices: left,
      sentence:
        left.length > 0
          ? `All of the effect comes from ${inWords(left)}.`
          : `With this choice alpha has no effect; ${inWords(rest)} would have one.`,
    });
  }
  const biased = among(spec.biases ?? []);
  if (biased.length > 0) {
    notes.push({
      kind: 'bias',
      matrices: biased,
      sentence: `Alpha scales matrices alone: the biases of ${inWords(biased)} stay as they are, which the models of the paper do not have.`,
    });
  }
  for (const parts of spec.fused ?? []) {
    const some = among(parts);
    if (some.length === 0 || some.length === parts.length) continue;
    notes.push({
      kind: 'fused',
      matrices: some,
      sentence: `${inWords(parts)} are one matrix in this model's files; alpha scales only the rows of ${inWords(some)}.`,
    });
  }
  return notes;
}

const inWords = (names: readonly MatrixName[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(names).replace(/, and /, ' and ');
