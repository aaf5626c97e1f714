/**
 * The configuration as readable query text and back: only what differs from the defaults, one key per setting.
 * Pure: no window, no history. A value that does not parse falls back to its default and is named.
 */
import { MATRIX_PRESET_KEYS } from '@/method/scaling.ts';
import {
  CONFIG_VERSION,
  type Config,
  DEFAULT_CONFIG,
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
} from './config.ts';

export interface DecodedConfig {
  config: Config;
  /** One sentence per key that was not understood. */
  problems: string[];
}

/** Structural equality of plain JSON values of settings. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function toText(key: SettingKey, config: Config): string {
  switch (key) {
    case 'range':
      return config.range.join('-');
    case 'matrices':
      return typeof config.matrices === 'string' ? config.matrices : config.matrices.join('.');
    case 'pairs':
      return config.pairs.kind === 'all' ? 'all' : `${config.pairs.draws}.${config.pairs.seed}`;
    case 'attentionHead':
      return config.attentionHead < 0 ? 'mean' : String(config.attentionHead);
    case 'showBase':
    case 'questionOnly':
    case 'stage':
    case 'revealHarmful':
      return config[key] ? 'on' : 'off';
    case 'prefixesAdded':
    case 'prefixesRemoved':
      return JSON.stringify(config[key]);
    default:
      return String(config[key]);
  }
}

const INTEGER = /^\d{1,10}$/;
const NUMBER = /^\d{1,4}(\.\d{1,6})?$/;

/** The raw value that the setting's schema then judges; undefined = not even the right form. */
function fromText(key: SettingKey, text: string): unknown {
  switch (key) {
    case 'range': {
      const match = /^(\d{1,4})-(\d{1,4})$/.exec(text);
      return match ? [Number(match[1]), Number(match[2])] : undefined;
    }
    case 'matrices':
      return (MATRIX_PRESET_KEYS as readonly string[]).includes(text) ? text : text.split('.');
    case 'pairs': {
      if (text === 'all') return { kind: 'all' };
      const match = /^(\d{1,6})\.(\d{1,10})$/.exec(text);
      return match ? { kind: 'draws', draws: Number(match[1]), seed: Number(match[2]) } : undefined;
    }
    case 'attentionHead':
      return text === 'mean' ? -1 : INTEGER.test(text) ? Number(text) : undefined;
    case 'showBase':
    case 'questionOnly':
    case 'stage':
    case 'revealHarmful':
      return text === 'on' ? true : text === 'off' ? false : undefined;
    case 'prefixesAdded':
    case 'prefixesRemoved':
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    case 'alpha':
      return NUMBER.test(text) ? Number(text) : undefined;
    case 'mapLayer':
    case 'bandWidth':
    case 'promptCount':
    case 'seed':
      return INTEGER.test(text) ? Number(text) : undefined;
    default:
      return text;
  }
}

/** Query text without the leading "?", empty when everything is at its default. */
export function encodeConfig(config: Config): string {
  const query = new URLSearchParams();
  for (const key of SETTING_KEYS) {
    const { urlKey } = SETTINGS[key];
    if (urlKey !== null && !sameValue(config[key], DEFAULT_CONFIG[key]))
      query.set(urlKey, toText(key, config));
  }
  if (query.size > 0) query.set('v', String(CONFIG_VERSION));
  return query.toString();
}

export function decodeConfig(search: string): DecodedConfig {
  const query = new URLSearchParams(search);
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  const version = query.get('v');
  if (version !== null && version !== String(CONFIG_VERSION)) {
    problems.push(
      `This link was made by another version (${version.slice(0, 12)}; this page writes ${CONFIG_VERSION}). What could be read was kept.`,
    );
  }
  const known = new Set<string>(['v']);
  for (const key of SETTING_KEYS) {
    const { urlKey, schema, label } = SETTINGS[key];
    values[key] = DEFAULT_CONFIG[key];
    if (urlKey === null) continue;
    known.add(urlKey);
    const text = query.get(urlKey);
    if (text === null) continue;
    const parsed = schema.safeParse(fromText(key, text));
    if (parsed.success) values[key] = parsed.data;
    else
      problems.push(
        `“${urlKey}=${text.slice(0, 40)}” in the address is not a valid ${label.toLowerCase()}; the default is used.`,
      );
  }
  for (const key of new Set(query.keys())) {
    if (!known.has(key)) problems.push(`“${key.slice(0, 40)}” in the address is not a setting of this page.`);
  }
  return { config: values as Config, problems };
}
