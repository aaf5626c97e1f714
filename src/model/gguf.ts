/**
 * Reader of one GGUF file (versions 2 and 3, little-endian): metadata and tensor table with every bound checked
 * against the file's size before anything is allocated; tensors dequantised on demand.
 * Not here: what the metadata means for a model (gguf-spec.ts) or its tokenizer (gguf-tokenizer.ts).
 */
import { AppError } from './app-error.ts';
import type { ByteSource } from './byte-source.ts';
import { type FloatTarget, makeFloats } from './float-target.ts';
import { GGML_TYPES, type GgmlType, OTHER_TYPE_NAMES, SUPPORTED_TYPES } from './ggml-types.ts';
import { GgufCursor, type GgufValue, NeedMoreBytes } from './gguf-metadata.ts';
import { type PackedMatrix, packedForm, packMatrix } from './packed-matrix.ts';

export interface GgufTensor {
  name: string;
  type: GgmlType;
  /** Outermost first, so [out, in] for a matrix (the file has them the other way round). */
  dims: number[];
  elementCount: number;
  /** Absolute byte offset in the file. */
  offset: number;
  sizeBytes: number;
}

export interface GgufFile {
  source: ByteSource;
  version: number;
  alignment: number;
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: ReadonlyMap<string, GgufTensor>;
}

/** First read; a vocabulary of 50 thousand tokens with merges takes about 2 MB, and one round trip is cheaper than two. */
const FIRST_READ_BYTES = 4 << 20;
const MAGIC = 'GGUF';
/** magic, version, tensor count, metadata count */
const FIXED_HEADER_BYTES = 24;
/** Fewest bytes of a metadata entry: key length, value type, one byte. */
const FEWEST_ENTRY_BYTES = 13;
/** Fewest bytes of a tensor's description: name length, dimension count, one dimension, type, offset. */
const FEWEST_TENSOR_BYTES = 32;
const DEFAULT_ALIGNMENT = 32;
const DIMENSION_LIMIT = 4;

export async function openGguf(source: ByteSource): Promise<GgufFile> {
  let bytes = await source.read(0, Math.min(source.sizeBytes, FIRST_READ_BYTES));
  for (;;) {
    try {
      return parseHeader(bytes, source);
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
      const end = Math.min(source.sizeBytes, Math.max(error.endOffset, 2 * bytes.length));
      const longer = new Uint8Array(end);
      longer.set(bytes);
      longer.set(await source.read(bytes.length, end - bytes.length), bytes.length);
      bytes = longer;
    }
  }
}

function parseHeader(bytes: Uint8Array, source: ByteSource): GgufFile {
  const cursor = new GgufCursor(bytes, source.sizeBytes, source.name);
  if (source.sizeBytes < FIXED_HEADER_BYTES) {
    throw cursor.fail(`a GGUF file has at least ${FIXED_HEADER_BYTES} bytes, this one ${source.sizeBytes}`);
  }
  const magic = String.fromCharCode(...bytes.subarray(cursor.take(4), 4));
  if (magic !== MAGIC) {
    const shown = /^[\x20-\x7e]{4}$/.test(magic) ? magic : 'unreadable';
    throw new AppError(
      'bad-file',
      `${source.name}: not a GGUF file (magic ${shown}).`,
      'Choose a .gguf file.',
    );
  }
  const version = checkVersion(cursor.u32(), source.name);
  // The tensor count comes first in the file, but its smallest size is known only together with the metadata count.
  const tensorCount = cursor.count('tensor count', FEWEST_TENSOR_BYTES);
  const entryCount = cursor.count('metadata count', FEWEST_ENTRY_BYTES);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.string();
    metadata.set(key, cursor.value(cursor.u32()));
  }
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (
    typeof alignment !== 'number' ||
    !Number.isInteger(alignment) ||
    alignment <= 0 ||
    alignment % 8 !== 0
  ) {
    throw cursor.fail(`general.alignment is ${String(alignment)}, not a positive multiple of 8`);
  }
  const tensors = new Map<string, GgufTensor>();
  for (let i = 0; i < tensorCount; i++) {
    const tensor = readTensorInfo(cursor, source.name, alignment);
    if (tensors.has(tensor.name)) throw cursor.fail(`tensor ${tensor.name} is listed twice`);
    tensors.set(tensor.name, tensor);
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  for (const tensor of tensors.values()) {
    tensor.offset += dataStart;
    if (tensor.offset + tensor.sizeBytes > source.sizeBytes) {
      throw cursor.fail(
        `${tensor.name} ends beyond the end of the file (byte ${tensor.offset + tensor.sizeBytes} of ${source.sizeBytes})`,
      );
    }
  }
  return { source, version, alignment, metadata, tensors };
}

function checkVersion(version: number, file: string): number {
  if (version === 2 || version === 3) return version;
  const bigEndian = version !== 0 && (version & 0xffff) === 0;
  throw new AppError(
    'bad-file',
    bigEndian
      ? `${file}: big-endian GGUF files are not supported.`
      : `${file}: GGUF version ${version} is not supported (2 and 3 are).`,
    'Convert the model again with a current llama.cpp on an ordinary machine.',
  );
}

/** The offset of the result still counts from the start of the data section. */
function readTensorInfo(cursor: GgufCursor, file: string, alignment: number): GgufTensor {
  const name = cursor.string();
  const dimensionCount = cursor.u32();
  if (dimensionCount === 0 || dimensionCount > DIMENSION_LIMIT) {
    throw cursor.fail(`${name} has ${dimensionCount} dimensions (1..${DIMENSION_LIMIT} are possible)`);
  }
  const dims: number[] = [];
  let elementCount = 1;
  for (let i = 0; i < dimensionCount; i++) {
    const dim = Number(cursor.u64());
    elementCount *= dim;
    if (dim === 0 || !Number.isSafeInteger(elementCount))
      throw cursor.fail(`${name} has an impossible dimension ${dim}`);
    dims.unshift(dim);
  }
  const type = checkType(cursor.u32(), name, file);
  const rowLength = dims.at(-1)!;
  if (rowLength % type.blockSize !== 0) {
    throw cursor.fail(
      `${name}: its rows of ${rowLength} are no multiple of ${type.name}'s block of ${type.blockSize}`,
    );
  }
  const offset = Number(cursor.u64());
  const sizeBytes = (elementCount / type.blockSize) * type.blockBytes;
  if (!Number.isSafeInteger(offset + sizeBytes)) throw cursor.fail(`${name} ends beyond the end of the file`);
  if (offset % alignment !== 0)
    throw cursor.fail(`${name} starts at ${offset}, not at a multiple of ${alignment}`);
  return { name, type, dims, elementCount, offset, sizeBytes };
}

function checkType(number: number, tensor: string, file: string): GgmlType {
  const type = GGML_TYPES.get(number);
  if (type) return type;
  const name = OTHER_TYPE_NAMES[number];
  throw new AppError(
    name ? 'unsupported-model' : 'bad-file',
    name
      ? `${file}: ${tensor} uses the type ${name} (${number}), which is not supported.`
      : `${file}: ${tensor} uses the unknown type ${number}.`,
    `Use a file in one of ${SUPPORTED_TYPES}.`,
  );
}

/** A tensor as float32, row-major in its `dims`, checked to be finite. */
export async function readGgufFloats(
  file: GgufFile,
  name: string,
  target?: FloatTarget,
): Promise<Float32Array> {
  const { type, elementCount } = tensorOf(file, name);
  const read = () => readTensor(file, name);
  return makeFloats({ type, elementCount, read, tensor: name, file: file.source.name }, target);
}

/** A matrix as it is quantised in the file, or null where it is none of a quantised type; nothing is read then. */
export async function readGgufPacked(file: GgufFile, name: string): Promise<PackedMatrix | null> {
  const found = file.tensors.get(name);
  if (found && (found.dims.length !== 2 || !packedForm(found.type.name))) return null;
  const { dims, type } = tensorOf(file, name);
  const bytes = await readTensor(file, name);
  const [rows, columns] = dims as [number, number];
  return packMatrix(type.name, bytes, rows, columns, [name, file.source.name]);
}

function tensorOf(file: GgufFile, name: string): GgufTensor {
  const tensor = file.tensors.get(name);
  if (tensor) return tensor;
  throw new AppError(
    'bad-file',
    `${file.source.name}: tensor ${name} is missing.`,
    'Use a complete model file.',
  );
}

function readTensor(file: GgufFile, name: string): Promise<Uint8Array> {
  const { offset, sizeBytes } = tensorOf(file, name);
  return file.source.read(offset, sizeBytes);
}
