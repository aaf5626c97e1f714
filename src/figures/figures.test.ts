import { csvParse } from 'd3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figureCsv } from './csv.ts';
import { crc32, readPngText, withPngText } from './png-text.ts';
import { type Provenance, provenanceEntries, provenanceLine } from './provenance.ts';
import { escapeXml, svgDocument, wrap } from './svg-document.ts';

const provenance: Provenance = {
  model: 'SmolLM2-135M-Instruct',
  sha256: 'ab'.repeat(32),
  adapters: ['safety-adapter'],
  template: 'chat',
  n: '100 normal, 100 malicious',
  seed: 7,
  date: '2026-01-02T03:04:05Z',
  origin: 'recorded',
  extra: { alpha: '1.1' },
};

const withoutComments = (csv: string) =>
  csv
    .split('\n')
    .filter((l) => !l.startsWith('# '))
    .join('\n');

describe('CSV', () => {
  it('carries every entry of the origin as a comment line', () => {
    const csv = figureCsv({ columns: [], rows: [] }, provenance, 'Angle gap');
    for (const [key, value] of provenanceEntries(provenance)) expect(csv).toContain(`# ${key}: ${value}\n`);
  });
  it('keeps numbers to the last bit and text with commas, quotes and line breaks', () => {
    const cell = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string());
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (rows) => {
        const columns = [
          { key: 'v', label: 'v' },
          { key: 'text', label: 'text' },
        ];
        const csv = figureCsv({ columns, rows: rows.map(([v, t]) => [v, `x${t}`]) }, provenance, 't');
        const head = csv.indexOf('v,text');
        const back = csvParse(csv.slice(head).replace(/\n$/, ''));
        expect(back.length).toBe(rows.length);
        back.forEach((row, i) => {
          expect(Number(row.v)).toBe(rows[i]![0] === 0 ? 0 : rows[i]![0]);
          expect(row.text).toBe(`x${rows[i]![1]}`);
        });
      }),
    );
  });
  it('a line break in a value cannot end the comment', () => {
    const csv = figureCsv({ columns: [], rows: [] }, { ...provenance, template: 'a\nb,c' }, 't');
    expect(withoutComments(csv).trim()).toBe('');
  });
});

describe('PNG', () => {
  // The smallest PNG: one transparent pixel.
  const pixel = Uint8Array.from(
    Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64',
    ),
  );
  it('CRC-32 of the standard check string', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
  it('text comes back, non-Latin letters included, and the picture is untouched', () => {
    const out = withPngText(pixel, [
      ['model', 'Größe 模型'],
      ['seed', '7'],
    ]);
    expect(readPngText(out)).toEqual([
      ['model', 'Größe 模型'],
      ['seed', '7'],
    ]);
    expect([...out.slice(-(pixel.length - 33))]).toEqual([...pixel.slice(33)]);
  });
  it('every added chunk has a correct checksum', () => {
    const out = withPngText(pixel, [['N', '200']]);
    const view = new DataView(out.buffer);
    const length = view.getUint32(33);
    expect(view.getUint32(33 + 8 + length)).toBe(crc32(out.slice(37, 41 + length)));
  });
  it('refuses what is no PNG', () => {
    expect(() => withPngText(new Uint8Array(40), [])).toThrow('not a PNG');
  });
});

describe('SVG', () => {
  const sheet = {
    title: 'Gap <&>',
    caption: 'One sentence.',
    width: 600,
    height: 100,
    parts: [],
    provenance,
  };
  it('carries the whole hash in its metadata and a short one in its caption line', () => {
    const svg = svgDocument(sheet);
    expect(svg).toContain(`<s:entry key="sha256">${'ab'.repeat(32)}</s:entry>`);
    expect(svg.replace(/<metadata>.*<\/metadata>/, '')).toContain('abababababab');
    expect(provenanceLine(provenance)).not.toContain('ab'.repeat(32));
  });
  it('escapes what a prompt or token may contain', () => {
    expect(svgDocument(sheet)).toContain('<title>Gap &lt;&amp;&gt;</title>');
    expect(escapeXml('a\u0000b')).toBe('a\ufffdb');
  });
  it('the sheet is tall enough for the picture and all its lines', () => {
    const svg = svgDocument({ ...sheet, width: 200, stats: 'long '.repeat(40) });
    const height = Number(/height="(\d+)"/.exec(svg)![1]);
    const lowest = Math.max(...[...svg.matchAll(/<text x="16" y="(\d+)"/g)].map((m) => Number(m[1])));
    expect(lowest).toBeLessThan(height);
  });
  it('wrapping loses no word and keeps the width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/)),
        fc.integer({ min: 13, max: 80 }),
        (words, n) => {
          const lines = wrap(words.join(' '), n);
          expect(lines.join(' ')).toBe(words.join(' '));
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(n);
        },
      ),
    );
  });
});
