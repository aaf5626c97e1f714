/**
 * Every colour of the product, by role, for both themes. tokens.css carries the same values (a test compares the two);
 * this file is what tests and canvases read. Nothing else may name a colour.
 */
import { interpolateCividis, interpolateLab, scaleLinear } from 'd3';

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Names are the CSS custom properties without the leading dashes. */
export const COLOURS = {
  paper: { light: '#ffffff', dark: '#131519' },
  /** A surface that must part from the paper without a box: menus, tooltips. */
  raised: { light: '#f5f6f8', dark: '#1d2026' },
  ink: { light: '#1a1c20', dark: '#eceef1' },
  muted: { light: '#5a616c', dark: '#a5acb7' },
  hairline: { light: '#d8dbe0', dark: '#343840' },
  /** Outlines of controls and recorded numbers: 3:1 where a hairline would not do. */
  outline: { light: '#7d848f', dark: '#7f8793' },
  focus: { light: '#0b5cad', dark: '#7fc0ff' },
  /** Wash behind the brushed range. */
  range: { light: '#eceff4', dark: '#22262d' },
  danger: { light: '#a8261c', dark: '#ff9389' },

  'role-normal': { light: '#0f68b0', dark: '#63b0f3' },
  'role-malicious': { light: '#b03000', dark: '#ff7f50' },
  'role-over-rejected': { light: '#b07a00', dark: '#f4c04e' },
  /** The same role as words: a mark needs 3:1, text 4.5:1, and amber cannot be both and stay amber. */
  'role-over-rejected-text': { light: '#875b00', dark: '#f4c04e' },
  /** Normal against malicious: belongs to neither. */
  'role-mixed': { light: '#1a1c20', dark: '#eceef1' },

  'class-refused': { light: '#6c2fa0', dark: '#c9a2f2' },
  'class-answered': { light: '#00796b', dark: '#3fa796' },
  'class-garbled': { light: '#45403b', dark: '#d9d3cc' },

  'gap-negative': { light: '#1f6fb4', dark: '#5aa8ec' },
  'gap-centre': { light: '#f6f6f4', dark: '#26292f' },
  'gap-positive': { light: '#d9690b', dark: '#f0954a' },
} as const satisfies Record<string, Record<Theme, string>>;
export type ColourName = keyof typeof COLOURS;

export const cssColour = (name: ColourName): string => `var(--${name})`;

/** A role is never a hue alone: it has a dash for lines and a mark for points. */
export interface RoleStyle {
  colour: ColourName;
  /** SVG stroke-dasharray; 'none' = solid. */
  dash: string;
  mark: 'circle' | 'square' | 'triangle' | 'diamond';
}
export const ROLES = {
  normal: { colour: 'role-normal', dash: 'none', mark: 'circle' },
  malicious: { colour: 'role-malicious', dash: '1 4', mark: 'square' },
  'over-rejected': { colour: 'role-over-rejected', dash: '8 3 2 3', mark: 'triangle' },
  mixed: { colour: 'role-mixed', dash: '7 4', mark: 'diamond' },
} as const satisfies Record<string, RoleStyle>;
export type Role = keyof typeof ROLES;

export const CLASS_STYLES = {
  refused: { colour: 'class-refused', fill: 'solid' },
  answered: { colour: 'class-answered', fill: 'hollow' },
  garbled: { colour: 'class-garbled', fill: 'hatched' },
} as const satisfies Record<string, { colour: ColourName; fill: 'solid' | 'hollow' | 'hatched' }>;

/** Signed gap, t in -1..1, centre fixed at 0. Linear in CIELAB between three colours, so lightness is monotone on each side. */
export function gapColour(theme: Theme): (t: number) => string {
  const at = (name: ColourName) => COLOURS[name][theme];
  return scaleLinear<string>()
    .domain([-1, 0, 1])
    .range([at('gap-negative'), at('gap-centre'), at('gap-positive')])
    .interpolate(interpolateLab)
    .clamp(true);
}

/** Cosine and attention, t in 0..1: cividis, the same in both themes so that pictures stay comparable. */
export const sequentialColour = (t: number): string => interpolateCividis(Math.min(1, Math.max(0, t)));

/** Cosine domains are fixed, so that layers, models and templates can be compared by eye. */
export const COSINE_DOMAIN = { raw: [0, 1], centred: [-1, 1] } as const;
