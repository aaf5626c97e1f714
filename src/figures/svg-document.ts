/**
 * A standalone SVG from parts that were lifted off the page: title above, parts as they lay, caption and origin
 * beneath, everything about the origin in <metadata>. Pure text; lifting.ts finds the parts.
 */
import { COLOURS } from '@/theme/palettes.ts';
import { type Provenance, provenanceEntries, provenanceLine } from './provenance.ts';

/** Generic, so that the file looks alike everywhere. */
export const FIGURE_FONT = 'system-ui, "Helvetica Neue", Arial, sans-serif';

export type FigurePart =
  | {
      kind: 'svg';
      x: number;
      y: number;
      width: number;
      height: number /** Children, styles inlined. */;
      markup: string;
    }
  | { kind: 'image'; x: number; y: number; width: number; height: number; href: string }
  | { kind: 'text'; x: number; y: number; size: number; colour: string; text: string };

export interface FigureSheet {
  title: string;
  caption: string;
  /** N, interval, test. */
  stats?: string;
  width: number;
  height: number;
  parts: readonly FigurePart[];
  provenance: Provenance;
}

const MARGIN = 16;
const LINE = 16;

export function svgDocument(sheet: FigureSheet): string {
  const width = Math.ceil(sheet.width) + 2 * MARGIN;
  const perLine = Math.floor(sheet.width / 6.2);
  const head = wrap(sheet.caption, perLine);
  const foot = [
    ...(sheet.stats ? wrap(sheet.stats, perLine) : []),
    ...wrap(`Stratascope · ${provenanceLine(sheet.provenance)}`, perLine),
  ];
  const top = MARGIN + 20 + head.length * LINE + 12;
  const bottom = top + Math.ceil(sheet.height) + 20;
  const height = bottom + foot.length * LINE + MARGIN - 8;
  const ink = COLOURS.ink.light;
  const muted = COLOURS.muted.light;
  const line = (text: string, y: number, size = 12, colour: string = muted, weight = 400) =>
    `<text x="${MARGIN}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}">${escapeXml(text)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="${escapeXml(FIGURE_FONT)}" role="img">`,
    `<title>${escapeXml(sheet.title)}</title>`,
    `<desc>${escapeXml(sheet.caption)}</desc>`,
    metadata(sheet.provenance),
    `<rect width="${width}" height="${height}" fill="${COLOURS.paper.light}"/>`,
    line(sheet.title, MARGIN + 14, 15, ink, 600),
    ...head.map((text, i) => line(text, MARGIN + 34 + i * LINE)),
    `<g transform="translate(${MARGIN} ${top})">`,
    ...sheet.parts.map(partMarkup),
    '</g>',
    ...foot.map((text, i) => line(text, bottom + i * LINE, 11)),
    '</svg>',
  ].join('\n');
}

function metadata(provenance: Provenance): string {
  const entries = provenanceEntries(provenance)
    .map(([key, value]) => `<s:entry key="${escapeXml(key)}">${escapeXml(value)}</s:entry>`)
    .join('');
  return `<metadata><s:provenance xmlns:s="urn:stratascope:provenance">${entries}</s:provenance></metadata>`;
}

function partMarkup(part: FigurePart): string {
  const x = round(part.x);
  const y = round(part.y);
  switch (part.kind) {
    case 'svg':
      return `<svg x="${x}" y="${y}" width="${part.width}" height="${part.height}" overflow="visible">${part.markup}</svg>`;
    case 'image':
      return `<image x="${x}" y="${y}" width="${part.width}" height="${part.height}" href="${escapeXml(part.href)}" style="image-rendering:pixelated"/>`;
    case 'text':
      return `<text x="${x}" y="${y}" font-size="${part.size}" fill="${escapeXml(part.colour)}">${escapeXml(part.text)}</text>`;
    default:
      return part satisfies never;
  }
}

const round = (v: number): number => Math.round(v * 100) / 100;

/** Greedy lines of at most `length` characters; a longer word stands alone. */
export function wrap(text: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Control characters have no place in XML 1.0, not even escaped; tokens of a model can contain them. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}

export function escapeXml(text: string): string {
  return printable(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
