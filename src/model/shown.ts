/** A value from a file inside a sentence: whatever it is, short, and as text. An object may have taken toString away. */
const LONGEST = 80;

export function shown(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
