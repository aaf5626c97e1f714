/** What the recorded controls say to a located range, in sentences made from their rows. The search itself: locate-reading.ts. */
import { rangeWords } from '@/method/grid.ts';
import { rankP } from '@/method/random-layers.ts';
import { SWEEP_LEVEL } from '@/method/range-sweep.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import type { LocateRecording, RecordedControl } from './locate-results.ts';

interface Range {
  first: number;
  last: number;
}

export function readingOfControls({ controls }: Pick<LocateRecording, 'controls'>, located: Range): string[] {
  const of = (name: string) => controls.find(({ params }) => params.name === name);
  const [random, bands, ranges] = [of('random-ranges'), of('transplant'), of('transplant-grid')];
  return [
    ...(random ? [randomSentence(random)] : []),
    ...(bands ? [bandSentence(bands, located)] : []),
    ...(ranges ? [widthSentence(ranges)] : []),
  ];
}

const counts = ({ result }: RecordedControl): ControlRow[] =>
  result.rows.filter(({ measure }) => measure === 'refused');
const words = ({ x, last }: ControlRow): string => rangeWords({ first: x, last: last! });

function randomSentence(control: RecordedControl): string {
  const rows = counts(control);
  const unchanged = rows.find(({ series }) => series === 'unchanged')!.value;
  const tested = rows.find(({ series }) => series === 'range under test')!;
  const others = rows.filter(({ series }) => series.startsWith('random')).map(({ value }) => value);
  const p = rankP(tested.value, others, unchanged);
  const as = others.filter(
    (value) => Math.abs(value - unchanged) >= Math.abs(tested.value - unchanged),
  ).length;
  const further = Math.max(...others.map((value) => Math.abs(value - unchanged)));
  return (
    `${p <= SWEEP_LEVEL ? 'Agree' : 'Disagree'}: ${words(tested)} at alpha ${control.params.range!.alpha} ${p <= SWEEP_LEVEL ? 'stand' : 'do not stand'} out from ${others.length} random ranges of the same width: ` +
    `they change the count by ${Math.abs(tested.value - unchanged)} of ${tested.n}, ${as} of the others by as much or more, up or down (up to ${further}; rank p ${p.toFixed(2)}).`
  );
}

/** Bands of one width, put alone into the base model. */
function bandSentence(control: RecordedControl, located: Range): string {
  const rows = counts(control).filter(({ last }) => last !== undefined);
  const best = most(rows);
  const touching = rows.filter(({ x, last }) => x <= located.last && last! >= located.first);
  const width = best.last! - best.x + 1;
  const isSame = best.x <= located.last && best.last! >= located.first;
  return (
    `${isSame ? 'Agree' : 'Disagree'}: the layers that carry refusals into the base model are ${isSame ? '' : 'not '}those that scaling finds. ` +
    `Of bands of ${width} layers put into it alone, ${words(best)} bring most (${best.value} of ${best.n} malicious prompts refused; unchanged ${unchangedOf(control)}), ` +
    `those that touch ${rangeWords(located)} at most ${Math.max(...touching.map(({ value }) => value))}.`
  );
}

function widthSentence(control: RecordedControl): string {
  const rows = counts(control).filter(({ last }) => last !== undefined);
  const widths = [...new Set(rows.map(({ x, last }) => last! - x + 1))].sort((a, b) => a - b);
  const best = widths.map((width) => most(rows.filter(({ x, last }) => last! - x + 1 === width)));
  const listed = best.map((row) => `${words(row)} ${row.value}`).join(', ');
  return `How many layers that takes: the range of each width that brings most, of ${best[0]!.n}: ${listed}.`;
}

const unchangedOf = (control: RecordedControl): number =>
  counts(control).find(({ series }) => series === 'unchanged')!.value;

const most = (rows: readonly ControlRow[]): ControlRow =>
  rows.reduce((top, row) => (row.value > top.value ? row : top));
