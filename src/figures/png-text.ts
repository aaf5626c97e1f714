/** Text chunks in a PNG file (PNG specification, third edition, 11.3.3): where a picture comes from, inside it. Bytes in, bytes out. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** Adds one iTXt chunk (UTF-8, uncompressed) per entry, straight after the header. Throws if it is no PNG. */
export function withPngText(
  png: Uint8Array,
  entries: readonly (readonly [string, string])[],
): Uint8Array<ArrayBuffer> {
  if (!SIGNATURE.every((byte, i) => png[i] === byte)) throw new TypeError('not a PNG file');
  const headerEnd = 8 + 12 + new DataView(png.buffer, png.byteOffset).getUint32(8);
  const chunks = entries.map(([key, text]) => textChunk(key, text));
  const out = new Uint8Array(png.length + chunks.reduce((sum, c) => sum + c.length, 0));
  out.set(png.subarray(0, headerEnd));
  let at = headerEnd;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  out.set(png.subarray(headerEnd), at);
  return out;
}

/** All iTXt entries, in file order. */
export function readPngText(png: Uint8Array): [string, string][] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const decode = (from: number, to: number) => new TextDecoder().decode(png.subarray(from, to));
  const found: [string, string][] = [];
  for (let at = 8; at + 12 <= png.length; ) {
    const length = view.getUint32(at);
    const start = at + 8;
    if (decode(at + 4, start) === 'iTXt') {
      const keyEnd = png.indexOf(0, start);
      found.push([decode(start, keyEnd), decode(keyEnd + 5, start + length)]);
    }
    at += 12 + length;
  }
  return found;
}

function textChunk(key: string, text: string): Uint8Array {
  const encode = (s: string) => new TextEncoder().encode(s);
  // Keyword, null; no compression (two bytes); no language tag, null; no translated keyword, null; text.
  const body = [...encode(key.slice(0, 79)), 0, 0, 0, 0, 0, ...encode(text)];
  const chunk = new Uint8Array(12 + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  chunk.set(encode('iTXt'), 4);
  chunk.set(body, 8);
  view.setUint32(8 + body.length, crc32(chunk.subarray(4, 8 + body.length)));
  return chunk;
}

/** CRC-32 as in PNG (polynomial 0xEDB88320). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
