/**
 * Lifts a figure off the page: finds its pictures, canvases and legend words, and writes the styles that the browser
 * computed for them into the markup, in the light theme whatever the page shows. Needs a DOM; decides nothing else.
 */
import { FIGURE_FONT, type FigurePart, printable } from './svg-document.ts';

/** Only what shows on an element is written: a file that people edit should be readable. */
const ON_ALL = ['opacity', 'visibility'];
const ON_SHAPES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'shape-rendering',
  'paint-order',
];
const ON_TEXT = ['font-size', 'font-style', 'font-weight', 'font-variant-numeric', 'text-anchor'];
const IN_DEFINITIONS = new Set(['desc', 'title', 'defs', 'linearGradient', 'pattern', 'clipPath']);

function stylesFor(element: SVGElement, computed: CSSStyleDeclaration): string[] {
  if (IN_DEFINITIONS.has(element.tagName)) return [];
  if (element.tagName === 'stop') return ['stop-color'];
  if (element.tagName === 'g') return ON_ALL;
  const shape =
    computed.stroke === 'none' ? ON_SHAPES.filter((name) => !name.startsWith('stroke-')) : ON_SHAPES;
  return [...ON_ALL, ...shape, ...(element.tagName === 'text' ? ON_TEXT : [])];
}

/** Room for a caption, CSS pixels. */
const MIN_WIDTH = 320;

export interface LiftedFigure {
  width: number;
  height: number;
  parts: FigurePart[];
}

export function liftFigure(container: HTMLElement): LiftedFigure {
  const host = document.createElement('div');
  host.setAttribute('data-theme', 'light');
  host.setAttribute('aria-hidden', 'true');
  host.style.cssText = `position:fixed;left:-100000px;top:0;width:${container.clientWidth}px;`;
  const stage = container.closest<HTMLElement>('[data-stage]')?.style.getPropertyValue('--stage');
  if (stage) {
    host.setAttribute('data-stage', stage);
    host.style.setProperty('--stage', stage);
  }
  const copy = container.cloneNode(true) as HTMLElement;
  host.append(copy);
  document.body.append(host);
  try {
    const origin = copy.getBoundingClientRect();
    const canvases = [...container.querySelectorAll('canvas')];
    const parts: FigurePart[] = [];
    // A narrow picture on a wide page: the file is as wide as what it shows, and wide enough for its words.
    let [right, bottom] = [MIN_WIDTH, 0];
    for (const element of copy.querySelectorAll<HTMLElement | SVGSVGElement>('[data-export], canvas')) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      bottom = Math.max(bottom, box.bottom - origin.top);
      right = Math.max(right, box.right - origin.left);
      const [x, y] = [box.left - origin.left, box.top - origin.top];
      if (element instanceof SVGSVGElement)
        parts.push({ kind: 'svg', x, y, width: box.width, height: box.height, markup: inlined(element) });
      else if (element instanceof HTMLCanvasElement) {
        // A cloned canvas is blank: the pixels come from the original, whose colours are the same in both themes.
        const original = canvases[[...copy.querySelectorAll('canvas')].indexOf(element)]!;
        const href = original.toDataURL('image/png');
        parts.push({ kind: 'image', x, y, width: box.width, height: box.height, href });
      } else {
        const style = getComputedStyle(element);
        const size = Number.parseFloat(style.fontSize);
        const text = element.textContent ?? '';
        parts.push({ kind: 'text', x, y: y + box.height / 2 + size * 0.35, size, colour: style.color, text });
      }
    }
    return { width: right, height: bottom, parts };
  } finally {
    host.remove();
  }
}

/** Children of an SVG with computed styles as attributes, without what belongs to the page only. */
function inlined(svg: SVGSVGElement): string {
  for (const gone of svg.querySelectorAll('[data-no-export]')) gone.remove();
  const elements = [...svg.querySelectorAll<SVGElement>('*')];
  const computed = elements.map((element) => {
    const style = getComputedStyle(element);
    return stylesFor(element, style).map((name) => [name, style.getPropertyValue(name)] as const);
  });
  elements.forEach((element, i) => {
    for (const name of [...element.getAttributeNames()])
      if (/^(class|style|role|tabindex|aria-|data-(?!sensitive))/i.test(name)) element.removeAttribute(name);
    for (const [name, value] of computed[i]!)
      if (value === DEFAULTS[name]) element.removeAttribute(name);
      else element.setAttribute(name, value);
    if (element.tagName === 'text') element.setAttribute('font-family', FIGURE_FONT);
    // Blurred on the page means absent in the file: a blur can be taken off again.
    if (element.hasAttribute('data-sensitive')) element.textContent = '▒▒▒▒';
  });
  // Not innerHTML, which writes HTML: its &nbsp; would break the file as XML.
  const serializer = new XMLSerializer();
  return printable([...svg.childNodes].map((node) => serializer.serializeToString(node)).join(''));
}

const DEFAULTS: Record<string, string> = {
  'fill-opacity': '1',
  'stroke-opacity': '1',
  stroke: 'none',
  opacity: '1',
  'stroke-dasharray': 'none',
  'stroke-linecap': 'butt',
  'stroke-linejoin': 'miter',
  'paint-order': 'normal',
  'font-style': 'normal',
  'font-weight': '400',
  'text-anchor': 'start',
  'shape-rendering': 'auto',
  'stop-color': 'rgb(0, 0, 0)',
  visibility: 'visible',
};
