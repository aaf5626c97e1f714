/** Errors that runtimes throw in their own words and that a person can do something about, as AppErrors. */
import { AppError } from '@/model/app-error.ts';

/** What JavaScript engines, WebAssembly and ONNX Runtime say when an allocation fails. */
const OUT_OF_MEMORY =
  /out of memory|\boom\b|allocation failed|failed to allocate|bad_alloc|invalid array (buffer )?length/i;

export function asKnownProblem(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  if (!OUT_OF_MEMORY.test(error.message)) return error;
  return new AppError(
    'out-of-memory',
    `There was not enough memory (${error.message}).`,
    'Close other programs and tabs, or choose a smaller model.',
    { cause: error },
  );
}
