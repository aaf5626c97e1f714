/** Makes float32 values in memory that it is given, on whichever thread it lives. Not here: messages, and who asks. */
import { areFinite } from './float-formats.ts';
import { checkStep } from './float-target.ts';
import { typeNamed } from './ggml-types.ts';

export class FloatMaker {
  /** @returns whether all values are finite */
  widen(typeName: string, bytes: Uint8Array, out: Float32Array): boolean {
    const type = typeNamed(typeName);
    type.toFloats(bytes, out);
    return areFinite(out, checkStep(type));
  }
}
