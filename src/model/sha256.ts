/**
 * SHA-256. crypto.subtle has no incremental form, and is missing on pages without a secure origin, so the audited
 * @noble/hashes takes what comes in pieces in the browser (98 MB in 0.65 s of our own thread). What lies in memory as a whole
 * goes to the browser's own (0.12 s in a thread of its), Node's pieces to Node's.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; the hasher is finished afterwards. */
  digest(): string;
}

/** node:crypto without an import that a bundler would see. */
const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto');

export function createSha256(): Hasher {
  if (nodeCrypto) {
    const state = nodeCrypto.createHash('sha256');
    return { update: (bytes) => void state.update(bytes), digest: () => state.digest('hex') };
  }
  const state = sha256.create();
  return { update: (bytes) => void state.update(bytes), digest: () => bytesToHex(state.digest()) };
}

export function sha256Hex(bytes: Uint8Array): string {
  const hasher = createSha256();
  hasher.update(bytes);
  return hasher.digest();
}

/** Of its UTF-8. */
export function sha256OfText(text: string): string {
  return sha256Hex(new TextEncoder().encode(text));
}

/** crypto.subtle takes a copy for the time of its work: beyond this that is no longer a trifle. */
const WHOLE_LIMIT_BYTES = 512 * 2 ** 20;

/** Of bytes that are all there, natively; null where that cannot be done here, and a Hasher has to. */
export function sha256OfWhole(
  byteCount: number,
): ((bytes: Uint8Array<ArrayBuffer>) => Promise<string>) | null {
  const subtle = globalThis.crypto?.subtle;
  if (nodeCrypto || !subtle || byteCount > WHOLE_LIMIT_BYTES) return null;
  return async (bytes) => bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

/** Of pieces as if they stood behind one another. */
export async function sha256OfPieces(pieces: readonly Uint8Array[]): Promise<string> {
  const digestWhole = sha256OfWhole(pieces.reduce((sum, { length }) => sum + length, 0));
  if (digestWhole) return digestWhole(concatBytes(...pieces));
  const hasher = createSha256();
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest();
}
