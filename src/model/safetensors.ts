/**
 * Reader of one safetensors file: header with every check before anything is allocated, tensors on demand.
 * Format: 8 bytes header length (little-endian), JSON header, data section without gaps or overlaps.
 * Not here: shards (tensor-store.ts), writing (safetensors-writer.ts).
 */
import { AppError } from './app-error.ts';
import type { ByteSource } from './byte-source.ts';
import { type FloatTarget, makeFloats } from './float-target.ts';
import { typeNamed } from './ggml-types.ts';

/** Bytes of one element of every dtype the format defines (sub-byte ones excepted). */
const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
} as const;
export type SafetensorsDtype = keyof typeof DTYPE_BYTES;

/** The format's own limit; the reference library refuses longer headers. */
const HEADER_LIMIT_BYTES = 100_000_000;
const DAMAGED = 'The file is damaged or was not written as safetensors; get another copy.';
const INCOMPLETE = 'The file is incomplete; download it again.';

export interface SafetensorsEntry {
  name: string;
  dtype: SafetensorsDtype;
  dims: number[];
  /** Absolute byte offset in the file. */
  offset: number;
  sizeBytes: number;
}

export interface SafetensorsFile {
  source: ByteSource;
  entries: ReadonlyMap<string, SafetensorsEntry>;
  metadata: Readonly<Record<string, string>>;
}

export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const fail = (what: string, advice = DAMAGED) =>
    new AppError('bad-file', `${source.name}: ${what}.`, advice);
  if (source.sizeBytes === 0)
    throw fail('the file is empty (a header length of 8 bytes is missing)', INCOMPLETE);
  if (source.sizeBytes < 8) throw fail('the file ends inside its header length of 8 bytes', INCOMPLETE);
  const lengthBytes = await source.read(0, 8);
  const headerLength = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true);
  if (headerLength > HEADER_LIMIT_BYTES) {
    throw fail(`header length ${headerLength} is larger than any safetensors file's`);
  }
  const headerBytes = Number(headerLength);
  if (8 + headerBytes > source.sizeBytes) {
    throw fail(
      `header length ${headerBytes} is larger than the file of ${source.sizeBytes} bytes: it ends inside its header`,
      INCOMPLETE,
    );
  }
  const header = parseHeader(await source.read(8, headerBytes), fail);
  const dataStart = 8 + headerBytes;
  const entries = new Map<string, SafetensorsEntry>();
  const metadata: Record<string, string> = {};
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(isRecord(info) ? info : {})) metadata[key] = String(value);
    } else {
      entries.set(name, readEntry(name, info, dataStart, fail));
    }
  }
  checkLayout([...entries.values()], dataStart, source.sizeBytes, fail);
  return { source, entries, metadata };
}

type Fail = (what: string, advice?: string) => AppError;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fail('the header is not valid JSON');
  }
  if (!isRecord(header)) throw fail('the header is not a JSON object');
  return header;
}

function readEntry(name: string, info: unknown, dataStart: number, fail: Fail): SafetensorsEntry {
  if (!isRecord(info)) throw fail(`tensor ${name} has no description`);
  const { dtype, shape, data_offsets: offsets } = info;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw fail(`tensor ${name} has the unknown dtype ${String(dtype)}`);
  }
  const knownDtype = dtype as SafetensorsDtype;
  if (!Array.isArray(shape)) throw fail(`tensor ${name} has no shape`);
  let count = 1;
  for (const dim of shape as unknown[]) {
    if (typeof dim === 'number' && dim < 0) throw fail(`tensor ${name} has a negative dimension`);
    if (!Number.isSafeInteger(dim)) throw fail(`tensor ${name} has a dimension that is no integer`);
    count *= dim as number;
  }
  const [begin, end] = (Array.isArray(offsets) ? offsets : []) as unknown[];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) throw fail(`tensor ${name} has no offsets`);
  const first = begin as number;
  const sizeBytes = (end as number) - first;
  if (first < 0 || sizeBytes < 0) throw fail(`tensor ${name} has offsets out of order: ${first}..${end}`);
  const needed = count * DTYPE_BYTES[knownDtype];
  if (needed !== sizeBytes) {
    throw fail(
      `tensor ${name}: shape [${shape.join(', ')}] of ${dtype} needs ${needed} bytes, offsets give ${sizeBytes}`,
    );
  }
  return { name, dtype: knownDtype, dims: shape as number[], offset: dataStart + first, sizeBytes };
}

/** The tensors must cover the data section exactly, each byte once. */
function checkLayout(entries: SafetensorsEntry[], dataStart: number, fileBytes: number, fail: Fail): void {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let position = dataStart;
  let previous = '';
  for (const { name, offset, sizeBytes } of sorted) {
    if (offset + sizeBytes > fileBytes) {
      throw fail(
        `the file ends before the data its header announces: ${name} ends at byte ${offset + sizeBytes}, the file has ${fileBytes}`,
        INCOMPLETE,
      );
    }
    if (offset < position) throw fail(`tensors ${previous} and ${name} overlap in the data section`);
    if (offset > position) {
      throw fail(
        `bytes ${position - dataStart}..${offset - dataStart} of the data section belong to no tensor`,
      );
    }
    position = offset + sizeBytes;
    if (sizeBytes > 0) previous = name;
  }
  if (position < fileBytes) {
    throw fail(
      `bytes ${position - dataStart}..${fileBytes - dataStart} of the data section belong to no tensor`,
    );
  }
}

function entryOf(file: SafetensorsFile, name: string): SafetensorsEntry {
  const entry = file.entries.get(name);
  if (!entry) {
    throw new AppError(
      'bad-file',
      `${file.source.name}: tensor ${name} is missing.`,
      'Use a complete checkpoint.',
    );
  }
  return entry;
}

/** A float tensor widened to float32, checked to be finite. Row-major as stored. */
export async function readFloats(
  file: SafetensorsFile,
  name: string,
  target?: FloatTarget,
): Promise<Float32Array> {
  const { dtype, dims, offset, sizeBytes } = entryOf(file, name);
  if (!['F32', 'F16', 'BF16'].includes(dtype)) {
    throw new AppError(
      'unsupported-model',
      `${file.source.name}: ${name} is stored as ${dtype}; F32, F16 and BF16 are supported.`,
      'Convert the checkpoint to one of these, or use a GGUF.',
    );
  }
  const elementCount = dims.reduce((product, dim) => product * dim, 1);
  const read = () => file.source.read(offset, sizeBytes);
  return makeFloats(
    { type: typeNamed(dtype), elementCount, read, tensor: name, file: file.source.name },
    target,
  );
}

/** The stored bytes of a tensor of any dtype, as a copy whose start is aligned for typed arrays. */
export async function readBytes(file: SafetensorsFile, name: string): Promise<Uint8Array> {
  const entry = entryOf(file, name);
  return Uint8Array.from(await file.source.read(entry.offset, entry.sizeBytes));
}
