/** Node's own hash, the browser's own and the library's agree, whole and in pieces. */
import { afterEach, describe, expect, test, vi } from 'vitest';

/** FIPS 180-4, examples of one block and of two. */
const KNOWN = [
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
] as const;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const WAYS = {
  'node:crypto': {},
  'crypto.subtle': { process: { ...process, getBuiltinModule: undefined } },
  'the library, on a page without a secure origin': {
    process: { ...process, getBuiltinModule: undefined },
    crypto: {},
  },
};

describe.each(Object.entries(WAYS))('%s', (way, globals) => {
  async function loaded() {
    vi.resetModules();
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    return import('./sha256.ts');
  }

  test.each(KNOWN)('of %s', async (text, hash) => {
    const { createSha256, sha256OfPieces, sha256OfWhole } = await loaded();
    const bytes = new TextEncoder().encode(text);
    const [head, tail] = [bytes.subarray(0, 2), bytes.subarray(2)];
    expect(await sha256OfPieces([head, tail])).toBe(hash);
    const hasher = createSha256();
    hasher.update(head);
    hasher.update(tail);
    expect(hasher.digest()).toBe(hash);
    const digest = sha256OfWhole(bytes.length);
    expect(digest !== null).toBe(way === 'crypto.subtle');
    if (digest) expect(await digest(bytes)).toBe(hash);
  });

  test('what is too large for a copy goes piece by piece', async () => {
    const { sha256OfWhole } = await loaded();
    expect(sha256OfWhole(2 ** 30)).toBeNull();
  });
});
