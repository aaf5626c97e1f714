/**
 * Which bytes of the text each token stands for. Tokens may end in the middle of a character (byte-level BPE splits
 * emoji), so positions are counted in UTF-8 bytes and never in decoded characters.
 */
import type { Tokenizer } from './tokenizer-library.ts';

/** The inverse of GPT-2's byte alphabet: printable bytes stand for themselves, the other 68 for U+0100 onwards. */
const BYTE_OF_CHARACTER = (() => {
  const map = new Map<string, number>();
  let shifted = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    map.set(String.fromCharCode(printable ? byte : 0x100 + shifted++), byte);
  }
  return map;
})();

const encoder = new TextEncoder();

/** Bytes of one stored token. Both alphabets are told apart by the token itself, given which one the model uses. */
function tokenBytes(tokenizer: Tokenizer, id: number, byteLevel: boolean): Uint8Array {
  const token = tokenizer.tokenOf(id) ?? '';
  if (tokenizer.isAdded(id)) return encoder.encode(token);
  if (byteLevel) return Uint8Array.from(token, (character) => BYTE_OF_CHARACTER.get(character) ?? 0x3f);
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : encoder.encode(token.replaceAll('▁', ' '));
}

export interface TokenPieces {
  /** Each token's text, for labels; a part of a character shows as the replacement character. */
  texts: string[];
  /** starts[i]..starts[i + 1] are the bytes of token i; one entry more than there are tokens. */
  starts: number[];
  /** All pieces together. */
  bytes: Uint8Array;
}

export function tokenPieces(tokenizer: Tokenizer, ids: readonly number[], byteLevel: boolean): TokenPieces {
  const pieces = ids.map((id) => tokenBytes(tokenizer, id, byteLevel));
  const starts = [0];
  for (const piece of pieces) starts.push(starts.at(-1)! + piece.length);
  const bytes = new Uint8Array(starts.at(-1)!);
  pieces.forEach((piece, i) => {
    bytes.set(piece, starts[i]);
  });
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return { texts: pieces.map((piece) => decoder.decode(piece)), starts, bytes };
}

/**
 * Token range [start, end) that covers the characters [from, to) of `text`: every token that shares a byte with them.
 * The pieces may begin with more than the text (a BOS token, SentencePiece's leading space); where a normalizer changed
 * the text the pieces no longer hold it, and the range is all tokens.
 */
export function tokenRange(pieces: TokenPieces, text: string, from: number, to: number): [number, number] {
  const { starts, bytes } = pieces;
  const tokenCount = starts.length - 1;
  const textBytes = encoder.encode(text);
  const extra = bytes.length - textBytes.length;
  if (extra < 0 || textBytes.some((byte, i) => byte !== bytes[extra + i])) return [0, tokenCount];
  const first = extra + encoder.encode(text.slice(0, from)).length;
  const last = first + encoder.encode(text.slice(from, to)).length;
  let start = 0;
  while (start < tokenCount && starts[start + 1]! <= first) start++;
  let end = start;
  while (end < tokenCount && starts[end]! < last) end++;
  return [start, end];
}
