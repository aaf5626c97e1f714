/**
 * What the methods answered on a planted adapter, read from its recorded run, and the tables of docs/yardstick.md. Recording:
 * yardstick.ts; the methods themselves: yardstick-methods.ts.
 */
import { bandError, guessedOverlap, type LayerBand } from '@/method/yardstick.ts';
import type { KeptKind } from '@/protocol/experiments.ts';
import type { RunFile } from '@/protocol/run-file.ts';
import { type Found, METHODS, type MethodRequest, type YardstickPools } from './yardstick-methods.ts';

export interface MethodResult extends Found {
  adapter: string;
  planted: LayerBand;
  layerCount: number;
  method: string;
}

/** Every method on what was recorded: it asks as it asked then, and gets the recorded answers. @throws Error for what is missing */
export async function resultsOf(run: RunFile): Promise<MethodResult[]> {
  const { adapter, planted } = run.settings as { adapter: string; planted: [number, number] };
  const ask = (async (kind: KeptKind, label: string) => {
    const part = run.parts.find((one) => one.kind === kind && one.label === label);
    if (!part) throw new Error(`the run of ${adapter} lacks ${label}`);
    return part.result;
  }) as MethodRequest['ask'];
  const unasked = {} as Parameters<MethodRequest['ask']>[2];
  const { calibration } = await ask('calibrate', 'calibration', unasked as never);
  const { raw } = await ask('similarity', 'curves', unasked as never);
  const layerCount = raw.curves.nn.mean.length;
  const band = { first: planted[0], last: planted[1] };
  const request: MethodRequest = {
    template: run.template,
    setting: { adapters: [adapter], scale: [] },
    pools: run.pools as YardstickPools,
    calibration,
    layerCount,
    width: band.last - band.first + 1,
    ask,
  };
  const results: MethodResult[] = [];
  for (const method of METHODS) {
    const found = await method.run(request);
    results.push({ adapter, planted: band, layerCount, method: method.name, ...found });
  }
  return results;
}

const signed = (value: number): string => (value > 0 ? `+${value}` : String(value)).replace('-', '−');
const bandText = ({ first, last }: LayerBand) => `${first}–${last}`;

/** One row per method: on how many adapters it finds the band, and how much of it. */
export function yardstickSummary(rows: readonly MethodResult[]): string {
  const bands = [...new Map(rows.map(({ adapter, planted }) => [adapter, planted])).entries()];
  const methods = [...new Set(rows.map(({ method }) => method))];
  const cell = ({ found, planted }: MethodResult) => {
    if (!found) return 'none';
    const { overlap, found: isFound } = bandError(found, planted);
    return `${isFound ? '**' : ''}${bandText(found)}${isFound ? '**' : ''}, ${overlap.toFixed(2)}`;
  };
  const lines = methods.map((method) => {
    const own = bands.map(([adapter]) =>
      rows.find((row) => row.adapter === adapter && row.method === method),
    );
    const hits = own.filter((row) => row?.found && bandError(row.found, row.planted).found).length;
    return `| ${method} | ${own.map((row) => (row ? cell(row) : '')).join(' | ')} | ${hits} of ${own.filter(Boolean).length} |`;
  });
  return [
    `| method | ${bands.map(([, band]) => `planted in ${bandText(band)}`).join(' | ')} | finds it |`,
    `|---|${'---|'.repeat(bands.length)}---|`,
    ...lines,
  ].join('\n');
}

/** Which methods find every band, which some, which none: one sentence each. */
export function yardstickReading(rows: readonly MethodResult[]): string {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const hits = (method: string) => {
    const own = rows.filter((row) => row.method === method);
    const found = own.filter((row) => row.found && bandError(row.found, row.planted).found).length;
    return { method, found, all: found === own.length };
  };
  const counted = methods.map(hits);
  const names = (some: typeof counted) => some.map(({ method }) => method).join('; ') || 'no method';
  return [
    `- Find every band: ${names(counted.filter(({ all }) => all))}.`,
    `- Find some: ${names(counted.filter(({ all, found }) => !all && found > 0))}.`,
    `- Find none: ${names(counted.filter(({ found }) => found === 0))}.`,
  ].join('\n');
}

/** Rows in the order in which they were made. */
export function yardstickTable(rows: readonly MethodResult[]): string {
  const lines = rows.map(({ planted, found, method, isWidthGiven, note, layerCount }) => {
    const truth = bandText(planted);
    if (!found) return `| ${truth} | ${method} | none | | | | | ${note} |`;
    const { firstOff, lastOff, overlap, found: isFound } = bandError(found, planted);
    const width = found.last - found.first + 1;
    const guess = guessedOverlap(planted, width, layerCount).toFixed(2);
    const named = `${bandText(found)}${isWidthGiven ? ' (width given)' : ''}`;
    return `| ${truth} | ${method} | ${named} | ${signed(firstOff)}, ${signed(lastOff)} | ${overlap.toFixed(2)} | ${guess} | ${isFound ? 'yes' : 'no'} | ${note} |`;
  });
  return [
    '| planted | method | names | first, last off by | overlap | by guessing | finds it | remark |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** The whole document. @param head yardstick-head.md */
export async function yardstickDocument(head: string, runs: readonly RunFile[]): Promise<string> {
  const rows = (await Promise.all(runs.map(resultsOf))).flat();
  const { model, backend, settings } = runs[0]!;
  const asked = `${model.name}, ${runs.length} planted adapters, ${settings.limit} prompts per counted pool, first-token score, on ${backend.runtime}.`;
  const parts = [
    head.trim(),
    asked,
    yardstickSummary(rows),
    yardstickReading(rows),
    '## In full',
    yardstickTable(rows),
  ];
  return `${parts.join('\n\n')}\n`;
}
