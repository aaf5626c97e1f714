/** Float32 arrays in lines of JSON, exactly: what the journals of grids and searches hold. */

export function packed(value: unknown): unknown {
  if (value instanceof Float32Array) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { float32: bytes.toString('base64') };
  }
  if (Array.isArray(value)) return value.map(packed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, packed(one)]));
}

export function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value === null || typeof value !== 'object') return value;
  if ('float32' in value && typeof value.float32 === 'string') {
    // A copy: a Buffer may begin anywhere in its pool, a Float32Array only at multiples of four.
    return new Float32Array(Uint8Array.from(Buffer.from(value.float32, 'base64')).buffer);
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpacked(one)]));
}
