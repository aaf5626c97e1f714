/**
 * Measures of colour: contrast, lightness, colour-blindness. Used by the palette's tests and to choose legible text on
 * a heat-map cell. Not a colour library: parsing is d3's.
 */
import { lab, rgb } from 'd3';

/** WCAG 2.2 relative luminance, 0..1. */
export function luminance(colour: string): number {
  const { r, g, b } = rgb(colour);
  const [lr, lg, lb] = [r, g, b].map((v) => toLinear(v / 255)) as [number, number, number];
  return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
}

/** WCAG 2.2 contrast ratio, 1..21. */
export function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** CIELAB L*, 0..100. */
export const lightness = (colour: string): number => lab(colour).l;

/** CIE76 distance in CIELAB: about 2.3 is just noticeable. */
export function labDistance(a: string, b: string): number {
  const p = lab(a);
  const q = lab(b);
  return Math.hypot(p.l - q.l, p.a - q.a, p.b - q.b);
}

export const COLOUR_BLINDNESS = {
  // Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;
export type ColourBlindness = keyof typeof COLOUR_BLINDNESS;

/** What a person with that colour-blindness sees, as a CSS colour. */
export function simulate(colour: string, kind: ColourBlindness): string {
  const { r, g, b } = rgb(colour);
  const [x, y, z] = [r, g, b].map((v) => toLinear(v / 255)) as [number, number, number];
  const m = COLOUR_BLINDNESS[kind];
  const row = (i: number) =>
    Math.round(255 * fromLinear(m[3 * i]! * x + m[3 * i + 1]! * y + m[3 * i + 2]! * z));
  return rgb(row(0), row(1), row(2)).formatHex();
}

/** Ink for text on a filled cell. Black or white: one of the two always reaches 4.5:1, greyer pairs do not. */
export const textOn = (fill: string, dark = '#000000', light = '#ffffff'): string =>
  contrast(fill, dark) >= contrast(fill, light) ? dark : light;

function toLinear(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}
function fromLinear(v: number): number {
  const c = Math.min(1, Math.max(0, v));
  return c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055;
}
