/**
 * An error meant for a person: what happened, and what to do next. Anything else that is thrown is a defect.
 * Codes are stable: tests and the command line's exit codes refer to them.
 */
export type ErrorCode =
  | 'bad-file'
  | 'unsupported-model'
  | 'adapter-mismatch'
  | 'not-found'
  | 'hash-mismatch'
  | 'bad-input'
  | 'network'
  | 'no-backend'
  | 'device-lost'
  | 'out-of-memory'
  | 'worker-crashed'
  /** Nothing failed: two results that should agree do not. */
  | 'differs'
  | 'cancelled';

export class AppError extends Error {
  override readonly name = 'AppError';
  constructor(
    readonly code: ErrorCode,
    /** What happened, one sentence, naming the file, tensor or setting. */
    message: string,
    /** What to do next, one sentence. */
    readonly advice = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
