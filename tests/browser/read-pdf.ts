/** As much of a PDF as the tests look at: what its pages draw, and the document's properties. No general reader. */
import { inflateSync } from 'node:zlib';

export function readPdf(bytes: Buffer): { contents: string; info: Record<string, string> } {
  const text = bytes.toString('latin1');
  const contents: string[] = [];
  for (const match of text.matchAll(/\/Length (\d+)[\s\S]*?>>\s*stream\r?\n/g)) {
    const start = match.index + match[0].length;
    const body = bytes.subarray(start, start + Number(match[1]));
    contents.push(
      match[0].includes('FlateDecode') ? inflateSync(body).toString('latin1') : body.toString('latin1'),
    );
  }
  const info: Record<string, string> = {};
  for (const [, key, value] of text.matchAll(/\/(Title|Subject|Keywords|Creator) \(((?:\\.|[^\\)])*)\)/g))
    info[key!] = value!.replace(/\\(.)/g, '$1');
  return { contents: contents.join('\n'), info };
}
