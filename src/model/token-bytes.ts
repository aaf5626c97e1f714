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
  bytes: Uint8Array[];
}

export function tokenPieces(tokenizer: Tokenizer, ids: readonly number[], byteLevel: boolean): TokenPieces {
  const bytes = ids.map((id) => tokenBytes(tokenizer, id, byteLevel));
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return { texts: bytes.map((piece) => decoder.decode(piece)), bytes };
}

const SPACE = 0x20;

/**
 * Where each token starts in the text's bytes, with the text's end as one more entry. A token that the tokenizer added
 * (BOS) takes no bytes, and a space that SentencePiece put before a word is left out. Null where the tokens do not
 * spell the text, because a normalizer changed it.
 */
function alignToText(pieces: readonly Uint8Array[], text: Uint8Array): number[] | null {
  const spells = (piece: Uint8Array, at: number) => piece.every((byte, i) => byte === text[at + i]);
  const starts = [0];
  let at = 0;
  pieces.forEach((piece, index) => {
    if (spells(piece, at)) at += piece.length;
    else if (piece[0] === SPACE && spells(piece.subarray(1), at)) at += piece.length - 1;
    else if (index > 0) at = Number.NaN;
    starts.push(at);
  });
  return at === text.length ? starts : null;
}

/**
 * Token range [start, end) that covers the characters [from, to) of `text`: every token that shares a byte with them.
 * All tokens where the tokens do not spell the text.
 */
export function tokenRange(pieces: TokenPieces, text: string, from: number, to: number): [number, number] {
  const tokenCount = pieces.bytes.length;
  const starts = alignToText(pieces.bytes, encoder.encode(text));
  if (!starts) return [0, tokenCount];
  const first = encoder.encode(text.slice(0, from)).length;
  const last = first + encoder.encode(text.slice(from, to)).length;
  let start = 0;
  while (start < tokenCount && starts[start + 1]! <= first) start++;
  let end = start;
  while (end < tokenCount && starts[end]! < last) end++;
  return [start, end];
}
