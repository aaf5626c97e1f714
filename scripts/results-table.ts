/** The README's table of results, made from the recorded runs and the manifest; a test compares the two. Run: npx tsx scripts/results-table.ts */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BandScanResult, CountResult, SimilarityResult } from '@/protocol/experiments.ts';
import { PLANTED_VARIANTS } from '@/state/planted.ts';
import { withGenerated } from './generated-text.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const MARKERS = ['<!-- results: scripts/results-table.ts -->', '<!-- /results -->'] as const;
const VARIANTS = ['aligned', ...PLANTED_VARIANTS, 'base'] as const;
const ALPHAS = ['0.9', '1', '1.1', '1.2'];
const POOLS = {
  'over-rejection': 'harmless, violent verb',
  malicious: 'malicious',
  control: 'plain harmless',
};

interface RecordedPart {
  kind: string;
  label: string;
  result: unknown;
}

function partsOf(variant: string): RecordedPart[] {
  return JSON.parse(readFileSync(`${root}public/recorded/${variant}.json`, 'utf8')).parts;
}

function countRows(): string[] {
  return VARIANTS.flatMap((variant) => {
    const parts = partsOf(variant);
    return Object.entries(POOLS).map(([pool, words]) => {
      const at = (alpha: string) => {
        const label = `${pool}, layers 8-13, alpha ${alpha}`;
        return parts.find((part) => part.label === label)?.result as CountResult | undefined;
      };
      const cells = ALPHAS.map((alpha) => {
        const count = at(alpha);
        return count ? `${count.refused} / ${count.answered} / ${count.garbled}` : '-';
      });
      return `| ${variant} | ${words} | ${at('1')!.total} | ${cells.join(' | ')} |`;
    });
  });
}

function scanSentence(variant: string): string {
  const part = partsOf(variant).find(({ label }) => label === 'bands of 6, alpha 1.1');
  if (!part) return `${variant} has no first token that opens refusals, hence no score to scan with`;
  const { baseline, points } = part.result as BandScanResult;
  const sorted = [...points].sort((a, b) => b.refused - a.refused);
  const [most, least] = [sorted[0]!, sorted.at(-1)!];
  const located = points.find(({ first }) => first === 8)!;
  return (
    `${variant}: ${baseline.refused} of ${baseline.total} unscaled, most with layers ${most.first}-${most.last} (${most.refused}), ` +
    `fewest with layers ${least.first}-${least.last} (${least.refused}), layers 8-13 give ${located.refused}`
  );
}

function gapSentence(variant: string): string {
  const part = partsOf(variant).find(({ kind }) => kind === 'similarity')!;
  const gap = (part.result as SimilarityResult).raw.gap.ofMeansDeg;
  // Adding 0 turns the -0 that rounding leaves into 0.
  const oneDigit = (deg: number) => (Math.round(deg * 10) / 10 + 0).toFixed(1);
  return `${variant} ${oneDigit(Math.min(...gap))} to ${oneDigit(Math.max(...gap))}`;
}

function paritySentence(): string {
  const { parity } = JSON.parse(readFileSync(`${root}public/models/manifest.json`, 'utf8')).models[0];
  const figures = Object.values(parity as Record<string, { maxAbsLogit: number; origin: string }>);
  return figures.map(({ maxAbsLogit, origin }) => `${maxAbsLogit.toExponential(1)} (${origin})`).join('; ');
}

/** What stands between the markers. */
export function resultsText(): string {
  return [
    'Refused / answered / garbled when layers 8-13 are scaled (all seven matrices, greedy, 16 tokens):',
    '',
    `| model | prompts | N | ${ALPHAS.map((alpha) => `alpha ${alpha}`).join(' | ')} |`,
    `|---|---|---|${'---|'.repeat(ALPHAS.length)}`,
    ...countRows(),
    '',
    `Band scan, width 6, alpha 1.1, by first-token score on the same harmless prompts. ${VARIANTS.map(scanSentence).join('; ')}.`,
    '',
    `Raw angle gap over all layers, degrees (100 + 100 prompts, all pairs): ${VARIANTS.map(gapSentence).join(', ')}.`,
    '',
    `Largest difference of the 20 largest logits from the reference: ${paritySentence()}.`,
  ].join('\n');
}

/** The README with its results replaced by today's. */
export function withResults(readme: string): string {
  return withGenerated(readme, 'README.md', MARKERS, resultsText());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = `${root}README.md`;
  writeFileSync(path, withResults(readFileSync(path, 'utf8')));
}
