/**
 * Which weights alpha multiplies (paper, section 3.4.1, equation 1), as named presets, and small laws of scale rules.
 * Applying a rule is the engine's business. Norms, biases, embeddings and rotary positions are never scaled.
 */
import type { MatrixName } from '@/model/spec.ts';
import type { ModelContext } from '@/protocol/experiments.ts';

export type ScaleRule = ModelContext['setting']['scale'][number];

export const MATRIX_PRESET_KEYS = ['all', 'published', 'attention', 'mlp', 'residual'] as const;
export type MatrixPresetKey = (typeof MATRIX_PRESET_KEYS)[number];

export interface MatrixPreset {
  name: string;
  matrices: readonly MatrixName[];
  /** What it means, one sentence. */
  description: string;
  /** Where it comes from. */
  source: string;
}

export const MATRIX_PRESETS: Record<MatrixPresetKey, MatrixPreset> = {
  all: {
    name: 'all seven (repository)',
    matrices: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
    description:
      'Every weight matrix of the layer: attention logits and attention output grow with alpha squared, the MLP about with alpha cubed.',
    source: "Equation 1 and the authors' scaling.py since April 2025 (8af5b13).",
  },
  published: {
    name: 'without o (as published)',
    matrices: ['q', 'k', 'v', 'gate', 'up', 'down'],
    description:
      'All but the attention output matrix: the code submitted with the paper wrote its scaled o into the wrong object, so Table 1 was most likely made like this.',
    source: "The authors' scaling.py as submitted (cdea88c); inferred, not stated by the authors.",
  },
  attention: {
    name: 'attention only',
    matrices: ['q', 'k', 'v', 'o'],
    description:
      'What the layer looks at (q, k) and what it carries over from there (v, o), with the MLP left alone.',
    source: 'A control of this tool, not in the paper.',
  },
  mlp: {
    name: 'MLP only',
    matrices: ['gate', 'up', 'down'],
    description: 'What the layer computes at each position on its own, with attention left alone.',
    source: 'A control of this tool, not in the paper.',
  },
  residual: {
    name: 'residual writes only (o, down)',
    matrices: ['o', 'down'],
    description:
      'The two matrices that write to the residual stream: what the layer adds is multiplied by alpha, and nothing inside it changes first.',
    source: 'A control of this tool: the reading of "scaling a layer" that is linear in alpha.',
  },
};

/** The preset that holds exactly these matrices, in any order; null = a choice of the person's own. */
export function presetOf(matrices: readonly MatrixName[]): MatrixPresetKey | null {
  const chosen = new Set(matrices);
  const match = MATRIX_PRESET_KEYS.find((key) => {
    const preset = MATRIX_PRESETS[key].matrices;
    return preset.length === chosen.size && preset.every((matrix) => chosen.has(matrix));
  });
  return match ?? null;
}

/** The factor on one matrix of one layer: the product of all rules that reach it (equation 1; rules multiply). */
export function effectiveAlpha(rules: readonly ScaleRule[], layer: number, matrix: MatrixName): number {
  let alpha = 1;
  for (const rule of rules) {
    if (layer >= rule.first && layer <= rule.last && rule.matrices.includes(matrix)) alpha *= rule.alpha;
  }
  return alpha;
}

/** True when no weight changes: every rule has alpha = 1, no layers or no matrices. Such a setting must give R0 itself. */
export function isIdentity(rules: readonly ScaleRule[]): boolean {
  return rules.every((rule) => rule.alpha === 1 || rule.last < rule.first || rule.matrices.length === 0);
}

/** The rules that change something. Equal settings then have equal keys, and alpha = 1 shares R0's cache. */
export function withoutIdentities(rules: readonly ScaleRule[]): ScaleRule[] {
  return rules.filter((rule) => !isIdentity([rule]));
}

/** The lowest layer that changes; everything below it can be reused. null when nothing changes. */
export function firstScaledLayer(rules: readonly ScaleRule[]): number | null {
  const changing = withoutIdentities(rules);
  return changing.length === 0 ? null : Math.min(...changing.map((rule) => rule.first));
}
