import { readFileSync } from 'node:fs';
import { range } from 'd3';
import { describe, expect, it } from 'vitest';
import {
  COLOUR_BLINDNESS,
  type ColourBlindness,
  contrast,
  labDistance,
  lightness,
  simulate,
  textOn,
} from './colour-math.ts';
import { COLOURS, type ColourName, gapColour, ROLES, sequentialColour, THEMES } from './palettes.ts';

const KINDS = Object.keys(COLOUR_BLINDNESS) as ColourBlindness[];
const TEXT: ColourName[] = [
  'ink',
  'muted',
  'focus',
  'danger',
  'role-normal',
  'role-malicious',
  'role-over-rejected-text',
  'role-mixed',
  'class-refused',
  'class-answered',
  'class-garbled',
];
const MARKS: ColourName[] = ['role-over-rejected', 'outline', 'gap-negative', 'gap-positive'];

describe.each(THEMES)('%s theme', (theme) => {
  const at = (name: ColourName) => COLOURS[name][theme];

  it.each(TEXT)('%s is text: 4.5:1 on paper, menus and the range wash', (name) => {
    for (const ground of ['paper', 'raised', 'range'] as const)
      expect(contrast(at(name), at(ground)), `on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it.each(MARKS)('%s is a mark: 3:1 on paper and the range wash', (name) => {
    for (const ground of ['paper', 'range'] as const)
      expect(contrast(at(name), at(ground)), `on ${ground}`).toBeGreaterThanOrEqual(3);
  });

  // 12 CIELAB units are five just-noticeable differences: the bound for thin lines seen apart.
  it.each([
    ['roles', ['role-normal', 'role-malicious', 'role-over-rejected']],
    ['pairs', ['role-normal', 'role-mixed', 'role-malicious']],
    ['classes', ['class-refused', 'class-answered', 'class-garbled']],
    ['gap ends', ['gap-negative', 'gap-positive', 'gap-centre']],
  ] as [string, ColourName[]][])('%s stay apart for every colour-blindness', (_, names) => {
    for (const kind of KINDS)
      for (const a of names)
        for (const b of names)
          if (a !== b)
            expect(
              labDistance(simulate(at(a), kind), simulate(at(b), kind)),
              `${a}, ${b}, ${kind}`,
            ).toBeGreaterThanOrEqual(12);
  });

  it('gap colours move away from the centre in lightness, monotonously on each side', () => {
    const colour = gapColour(theme);
    for (const side of [-1, 1]) {
      const distance = range(0, 1.001, 0.05).map((t) =>
        Math.abs(lightness(colour(side * t)) - lightness(colour(0))),
      );
      for (let i = 1; i < distance.length; i++) expect(distance[i]!).toBeGreaterThan(distance[i - 1]!);
    }
  });

  it('the centre of the gap scale is exactly at 0', () => {
    expect(labDistance(gapColour(theme)(0), at('gap-centre'))).toBeLessThan(1);
  });
});

describe('sequential scale', () => {
  const steps = range(0, 1.001, 0.02);
  it('rises in lightness all the way', () => {
    const l = steps.map((t) => lightness(sequentialColour(t)));
    for (let i = 1; i < l.length; i++) expect(l[i]!).toBeGreaterThan(l[i - 1]!);
  });
  it('rises in lightness for every colour-blindness, within the rounding of 8-bit colour', () => {
    for (const kind of KINDS) {
      const l = steps.map((t) => lightness(simulate(sequentialColour(t), kind)));
      for (let i = 1; i < l.length; i++) expect(l[i]!, kind).toBeGreaterThan(l[i - 1]! - 0.3);
    }
  });
  it('clamps outside its domain', () => {
    expect(sequentialColour(-3)).toBe(sequentialColour(0));
    expect(sequentialColour(3)).toBe(sequentialColour(1));
  });
  it('can carry text in every cell: 4.5:1', () => {
    for (const t of steps)
      expect(contrast(textOn(sequentialColour(t)), sequentialColour(t))).toBeGreaterThanOrEqual(4.5);
  });
});

describe('tokens.css', () => {
  const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
  it('carries exactly the colours of palettes.ts', () => {
    const found = Object.fromEntries(
      [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(([, name, light, dark]) => [
        name,
        { light, dark },
      ]),
    );
    expect(found).toEqual(COLOURS);
  });
  it('names no other colour', () => {
    expect(css.replace(/light-dark\([^)]*\)/g, '')).not.toMatch(/#[0-9a-f]{3,8}\b/i);
  });
});

describe('measures', () => {
  it('contrast is 21 for black on white and 1 for a colour on itself', () => {
    expect(contrast('#000', '#fff')).toBeCloseTo(21, 6);
    expect(contrast('#c83a0a', '#c83a0a')).toBe(1);
  });
  it('colour-blindness leaves greys grey', () => {
    for (const kind of KINDS) expect(labDistance(simulate('#888888', kind), '#888888')).toBeLessThan(1.5);
  });
});

it('no two roles share a dash or a mark', () => {
  const styles = Object.values(ROLES);
  expect(new Set(styles.map((s) => s.dash)).size).toBe(styles.length);
  expect(new Set(styles.map((s) => s.mark)).size).toBe(styles.length);
});
