/**
 * The open control and what a person has set in it, as one short text for the address bar: "random-ranges_draws-24". Which
 * options there are is the controls' own business; values that fit none are refused by the lab, in words. Pure.
 */
import type { ControlCard, ControlValue } from '@/protocol/controls.ts';

export interface ControlSettings {
  /** null = the first of the list. */
  name: string | null;
  /** Only what differs from the defaults. */
  options: Readonly<Record<string, string>>;
}

const KEY = /^[a-z]+$/i;
const VALUE = /^[a-z0-9.,-]{1,80}$/i;

export function encodeControlSettings({ name, options }: ControlSettings): string {
  if (name === null) return '';
  return [name, ...Object.entries(options).map(([key, value]) => `${key}-${value}`)].join('_');
}

/** What is not understood is left out. */
export function decodeControlSettings(text: string): ControlSettings {
  const [name = '', ...pieces] = text.split('_');
  if (!/^[a-z]+(-[a-z]+)*$/.test(name)) return { name: null, options: {} };
  const options: Record<string, string> = {};
  for (const piece of pieces) {
    const cut = piece.indexOf('-');
    const [key, value] = [piece.slice(0, cut), piece.slice(cut + 1)];
    if (cut > 0 && KEY.test(key) && VALUE.test(value)) options[key] = value;
  }
  return { name, options };
}

/** The control that the settings open; null while the list is not there. */
export function openControl(cards: readonly ControlCard[], { name }: ControlSettings): ControlCard | null {
  return cards.find((card) => card.name === name) ?? cards[0] ?? null;
}

/** An option set to `value`; its default is not written down. */
export function withOption(
  card: ControlCard,
  settings: ControlSettings,
  key: string,
  value: ControlValue,
): ControlSettings {
  const options = settings.name === card.name ? { ...settings.options } : {};
  const isDefault = String(card.options.find((option) => option.key === key)?.default) === String(value);
  if (isDefault) delete options[key];
  else options[key] = String(value);
  return { name: card.name, options };
}
