/**
 * Two runs side by side: which settings differ, which numbers differ, and for counts of the same prompts which outcomes
 * changed, tested pairwise. Nothing is run. Other models, templates or ranges are what one compares; all may differ.
 */
import { type PairedChange, pairedChange } from '@/method/statistics.ts';
import type { PromptItem, PromptOutcome } from '@/protocol/experiments.ts';
import type { RunFile, RunPart } from '@/protocol/run-file.ts';
import { type Difference, type DifferenceReport, differences } from './differences.ts';
import { allowanceBetween } from './tolerances.ts';

/** A setting that differs: where, and its two values in words. */
export interface SettingDifference {
  path: string;
  a: string;
  b: string;
}

export interface ComparedPart {
  kind: RunPart['kind'];
  a: { index: number; label: string };
  b: { index: number; label: string };
  settings: SettingDifference[];
  numbers: DifferenceReport;
  /** Prompts that both counted: refused in a, in b, McNemar on those that changed. null where there are none. */
  paired: PairedChange | null;
}

export interface RunComparison {
  settings: SettingDifference[];
  parts: ComparedPart[];
  /** Parts of one run that the other has no like of. */
  onlyInA: string[];
  onlyInB: string[];
}

export function compareRuns(a: RunFile, b: RunFile): RunComparison {
  const pairs = matchParts(a.parts, b.parts);
  const allowanceOf = allowanceBetween(a.backend, b.backend);
  const inA = new Set(pairs.map(([left]) => left));
  const inB = new Set(pairs.map(([, right]) => right));
  return {
    settings: settingDifferences(headOf(a), headOf(b)),
    parts: pairs.map(([left, right]) => {
      const [partA, partB] = [a.parts[left]!, b.parts[right]!];
      return {
        kind: partA.kind,
        a: { index: left, label: partA.label },
        b: { index: right, label: partB.label },
        settings: settingDifferences(settingsOf(partA), settingsOf(partB)),
        numbers: differences(partA.result, partB.result, allowanceOf),
        paired: pairedOutcomes(partA, partB),
      };
    }),
    onlyInA: a.parts.filter((_, at) => !inA.has(at)).map(nameOf),
    onlyInB: b.parts.filter((_, at) => !inB.has(at)).map(nameOf),
  };
}

const nameOf = ({ kind, label }: RunPart): string => `${kind}: ${label}`;

/** What holds for the whole file. The date is left out: two files never share it. */
function headOf(run: RunFile): unknown {
  const { kind, app, backend, model, template, seed, settings } = run;
  const pools = Object.fromEntries(
    Object.entries(run.pools).map(([name, items]) => [name, items.map(({ text }) => text)]),
  );
  return { kind, app, backend, model, template, seed, settings, pools: summarised(pools) };
}

/** Parameters without their prompts' texts, of which only number and content are compared. */
const settingsOf = ({ params }: RunPart): unknown => summarised(params);

/** Lists of prompts and rows in the place of which stands how many there are, and a name of their content. */
function summarised(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isLong =
      value.length > 12 || value.some((one) => typeof one === 'object' && one !== null && 'text' in one);
    return isLong ? `${value.length} entries, ${contentName(JSON.stringify(value))}` : value.map(summarised);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, summarised(inner)]));
}

/** 32 bits of FNV-1a: tells two lists apart for a reader. Not a checksum against tampering. */
function contentName(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return `content ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

function settingDifferences(a: unknown, b: unknown): SettingDifference[] {
  const words = (value: Difference['a']) => (value === undefined ? 'absent' : String(value));
  return differences(a, b, () => ({ absolute: 0 }))
    .differences.map(({ path, a, b }) => ({ path, a: words(a), b: words(b) }))
    .sort((x, y) => x.path.localeCompare(y.path));
}

/** Pairs of indices: parts asked for the very same first, then those of one name, then those of one kind in their order. */
export function matchParts(a: readonly RunPart[], b: readonly RunPart[]): Array<[number, number]> {
  const pairs = new Map<number, number>();
  const taken = new Set<number>();
  const tests: Array<(left: RunPart, right: RunPart) => boolean> = [
    (left, right) => left.label === right.label && paramsText(left) === paramsText(right),
    (left, right) => paramsText(left) === paramsText(right),
    (left, right) => left.label === right.label,
    // A count is of its own pool and setting: another one is no counterpart.
    (left) => left.kind !== 'count',
  ];
  for (const test of tests) {
    for (const [at, left] of a.entries()) {
      if (pairs.has(at)) continue;
      const found = b.findIndex(
        (right, index) => !taken.has(index) && right.kind === left.kind && test(left, right),
      );
      if (found < 0) continue;
      pairs.set(at, found);
      taken.add(found);
    }
  }
  return [...pairs].sort(([x], [y]) => x - y);
}

const texts = new WeakMap<RunPart, string>();
function paramsText(part: RunPart): string {
  const known = texts.get(part) ?? JSON.stringify(part.params);
  texts.set(part, known);
  return known;
}

interface Outcomes {
  prompts: readonly PromptItem[];
  outcomes: readonly PromptOutcome[];
}

function outcomesOf(part: RunPart): Outcomes | null {
  if (part.kind !== 'count' && part.kind !== 'calibrate') return null;
  return { prompts: part.params.prompts, outcomes: part.result.outcomes };
}

/** Decoded where both were, corrections by hand included, else by first-token score: one measure on both sides. */
function pairedOutcomes(a: RunPart, b: RunPart): PairedChange | null {
  const [left, right] = [outcomesOf(a), outcomesOf(b)];
  if (!left || !right) return null;
  const byText = new Map(right.outcomes.map((one) => [right.prompts[one.index]?.text, one]));
  const both = left.outcomes.flatMap((one) => {
    const prompt = left.prompts[one.index];
    const other = byText.get(prompt?.text);
    return prompt && other ? [{ prompt, one, other }] : [];
  });
  if (both.length === 0) return null;
  const isDecoded = both.every(({ one, other }) => one.responseClass && other.responseClass);
  const isRefused = (outcome: PromptOutcome) =>
    isDecoded ? (outcome.byHand ?? outcome.responseClass) === 'refused' : outcome.refusedByScore;
  return pairedChange(
    both.map(({ one }) => isRefused(one)),
    both.map(({ other }) => isRefused(other)),
    both.map(({ prompt }) => prompt.group),
  );
}
