/**
 * rows Wᵀ with W as the file quantised it (model/packed-matrix.ts): MatMulNBits with float32 activations for the codes, and for
 * types with a minimum the sums of each block of a row times the blocks' offsets, a product of 1/16 or 1/32 of the size.
 * W = scale · (code - zero) + offset, so nothing is approximated; only the order of adding differs from the dequantised product.
 */
import type { PackedForm } from '@/model/packed-matrix.ts';
import type { GraphBuilder, Value } from '@/onnx/graph.ts';

/** Inputs of a quantised matrix, by the ends of their names. */
export const PACKED_INPUTS = { codes: '.codes', scales: '.scales', offsets: '.offsets' } as const;

/** Equal forms have equal keys; that of a float32 matrix (null) is empty. */
export function formKey(form: PackedForm | null): string {
  return form ? `${form.bits}/${form.blockSize}${form.hasOffsets ? '+' : ''}` : '';
}

/**
 * rows [N, in] -> [N, out]. Declares <name>.codes uint8 [out, blocks, bytes of a block], <name>.scales [out * blocks] and, with
 * offsets, <name>.offsets [out, blocks].
 */
export function quantisedLinear(
  graph: GraphBuilder,
  rows: Value,
  name: string,
  [out, input]: readonly [number, number],
  { bits, blockSize, hasOffsets }: PackedForm,
): Value {
  const blocks = input / blockSize;
  const codes = graph.input(`${name}${PACKED_INPUTS.codes}`, 'uint8', [out, blocks, (blockSize * bits) / 8]);
  const scales = graph.input(`${name}${PACKED_INPUTS.scales}`, 'float32', [out * blocks]);
  const product = graph.op(
    'MatMulNBits',
    [rows, codes, scales],
    { K: input, N: out, bits, block_size: blockSize },
    'com.microsoft',
  );
  if (!hasOffsets) return product;
  const offsets = graph.input(`${name}${PACKED_INPUTS.offsets}`, 'float32', [out, blocks]);
  const byBlock = graph.op('Reshape', [rows, graph.ints([-1, blocks, blockSize])]);
  const sums = graph.op('ReduceSum', [byBlock, graph.ints([2])], { keepdims: 0 });
  return graph.op('Gemm', [sums, offsets, product], { transB: 1 });
}
