/**
 * What a person can set in the Locate section, with defaults and descriptions, and as one short text for the address bar.
 * Model, template, matrices and the number of prompts are the bench's own. Pure.
 */
import { ALPHA_MAX, ALPHA_MIN, snapAlpha } from './config.ts';

export interface LocateSettings {
  /** Alpha of the grid. */
  alpha: number;
  /** Which searches: alpha > 1, alpha < 1, or both. */
  directions: 'both' | 'raise' | 'lower';
  counting: 'score' | 'exact';
  /** Where the search starts: null = from the gap, and from the middle where the gap proposes nothing. */
  start: readonly [first: number, last: number] | null;
  /** The search whose path is drawn on the grid. */
  path: 'raise' | 'lower' | 'none';
}

export const DEFAULT_LOCATE_SETTINGS: LocateSettings = {
  alpha: 1.1,
  directions: 'both',
  counting: 'score',
  start: null,
  path: 'raise',
};

export const LOCATE_DESCRIPTIONS: Record<keyof LocateSettings, { label: string; description: string }> = {
  alpha: {
    label: 'Alpha of the grid',
    description: 'The factor on every range of the grid; the bench keeps its own.',
  },
  directions: {
    label: 'Search',
    description: 'With alpha above 1 the count is to grow, below 1 it is to fall.',
  },
  counting: {
    label: 'Count by',
    description:
      'The first token alone, or every answer decoded as in the paper, which takes about ten times as long.',
  },
  start: {
    label: 'Start',
    description: 'From the angle gap; where it proposes no range, from the middle of the model.',
  },
  path: { label: 'Path', description: 'Which search is drawn on the grid.' },
};

const OPTIONS = {
  directions: ['both', 'raise', 'lower'],
  counting: ['score', 'exact'],
  path: ['raise', 'lower', 'none'],
} as const;

/** What differs from the defaults: "alpha-0.9_start-8.13". Needs no escaping in an address. */
export function encodeLocateSettings(settings: LocateSettings): string {
  const { start } = settings;
  const texts = { ...settings, start: start ? start.join('.') : 'gap' };
  const defaults = { ...DEFAULT_LOCATE_SETTINGS, start: 'gap' };
  return (Object.keys(texts) as Array<keyof LocateSettings>)
    .filter((key) => texts[key] !== defaults[key])
    .map((key) => `${key}-${texts[key]}`)
    .join('_');
}

/** A piece that is not understood is named, and its default used. */
export function decodeLocateSettings(text: string): { settings: LocateSettings; problems: string[] } {
  const settings: LocateSettings = { ...DEFAULT_LOCATE_SETTINGS };
  const problems: string[] = [];
  for (const piece of text === '' ? [] : text.split('_')) {
    const cut = piece.indexOf('-');
    const [key, value] = [piece.slice(0, cut), piece.slice(cut + 1)];
    if (!take(settings, key, value)) {
      problems.push(`“${piece.slice(0, 40)}” is no setting of the Locate section; the default is used.`);
    }
  }
  return { settings, problems };
}

function take(settings: LocateSettings, key: string, value: string): boolean {
  switch (key) {
    case 'alpha': {
      const alpha = Number(value);
      if (!(alpha >= ALPHA_MIN && alpha <= ALPHA_MAX) || snapAlpha(alpha) !== alpha || alpha === 1)
        return false;
      settings.alpha = alpha;
      return true;
    }
    case 'start': {
      const match = /^(\d{1,3})\.(\d{1,3})$/.exec(value);
      if (!match || Number(match[1]) > Number(match[2])) return false;
      settings.start = [Number(match[1]), Number(match[2])];
      return true;
    }
    case 'directions':
    case 'counting':
    case 'path': {
      const found = OPTIONS[key].find((option) => option === value);
      if (!found) return false;
      Object.assign(settings, { [key]: found });
      return true;
    }
    default:
      return false;
  }
}
