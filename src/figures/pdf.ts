/**
 * A figure as PDF: vectors and searchable text, with title, caption and origin on the sheet and in the file's
 * properties. The libraries (130 kB) come when the first one is asked for. Needs a DOM.
 */
import { type Provenance, provenanceEntries } from './provenance.ts';

export interface PdfWords {
  title: string;
  caption: string;
  provenance: Provenance;
}

/** @param svg as svgDocument writes it; 1 px becomes 0.75 pt, its size in CSS */
export async function figurePdf(svg: string, words: PdfWords): Promise<Blob> {
  const [{ jsPDF }, { svg2pdf }] = await Promise.all([import('jspdf'), import('svg2pdf.js')]);
  const picture = new DOMParser().parseFromString(
    builtInFonts(winAnsi(svg)),
    'image/svg+xml',
  ).documentElement;
  const points = (name: string) => Number(picture.getAttribute(name)) * 0.75;
  const [width, height] = [points('width'), points('height')];
  const orientation = width > height ? 'landscape' : 'portrait';
  const pdf = new jsPDF({ unit: 'pt', format: [width, height], orientation, compress: true });
  // svg2pdf reads computed styles, which only exist in the document.
  const host = document.createElement('div');
  host.style.cssText = 'position:fixed;left:-100000px;top:0';
  host.setAttribute('aria-hidden', 'true');
  host.append(document.importNode(picture, true));
  document.body.append(host);
  try {
    await svg2pdf(host.firstElementChild!, pdf, { x: 0, y: 0, width, height });
  } finally {
    host.remove();
  }
  pdf.setProperties({
    title: words.title,
    subject: words.caption,
    keywords: provenanceEntries(words.provenance)
      .map(([key, value]) => `${key}=${value}`)
      .join('; '),
    creator: 'Stratascope',
  });
  return pdf.output('blob');
}

/** The built-in fonts are regular or bold; a weight between the two is not found at all. */
const builtInFonts = (svg: string): string => svg.replaceAll(/font-weight="[6-9]00"/g, 'font-weight="bold"');

/** Letters that PDF's built-in fonts lack, and what stands for them. Embedding a font would cost more than the page. */
const STAND_INS: Readonly<Record<string, string>> = {
  '−': '-',
  '⏎': '\\n',
  '⇥': '\\t',
  '␣': '_',
  '∅': '(empty)',
  '▒': '#',
  '→': '->',
  '≤': '<=',
  '≥': '>=',
  '≈': '~',
  α: 'alpha',
};
/** Beyond Latin-1, what Windows-1252 has. */
const WIN_1252 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';

/** Text in the letters of PDF's built-in fonts; anything else becomes "?". */
export function winAnsi(text: string): string {
  return Array.from(text, (letter) => {
    if (STAND_INS[letter] !== undefined) return STAND_INS[letter];
    return letter.codePointAt(0)! <= 0xff || WIN_1252.includes(letter) ? letter : '?';
  }).join('');
}
