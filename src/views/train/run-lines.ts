/** Colour and dash of a run, the same in every picture of the section. Never colour alone. */
import { type ColourName, cssColour } from '@/theme/palettes.ts';

const COLOURS: readonly ColourName[] = [
  'role-normal',
  'role-malicious',
  'class-answered',
  'class-refused',
  'role-over-rejected',
  'ink',
];
const DASHES = ['none', '7 4', '1 4', '8 3 2 3'] as const;

/** @param place of the run among all, from 0 */
export function lineOf(place: number): { colour: string; dash: string } {
  return { colour: cssColour(COLOURS[place % COLOURS.length]!), dash: DASHES[place % DASHES.length]! };
}
