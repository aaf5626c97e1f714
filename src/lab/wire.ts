/** What crosses between a page and its worker besides plain data: outcomes that keep an AppError's code and advice. */
import { AppError, type ErrorCode } from '@/model/app-error.ts';

/** Both kinds of lab say this when they are asked for anything after close. */
export function labClosedError(): AppError {
  return new AppError(
    'not-found',
    'No model is loaded: this lab was closed.',
    'Make a new one and load a model.',
  );
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; error: WireError };

export type WireError =
  | { kind: 'app'; code: ErrorCode; message: string; advice: string }
  | { kind: 'defect'; name: string; message: string; stack?: string };

export async function toOutcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  }
}

/** @throws AppError as it was thrown on the other side; a defect as an Error with that side's stack. */
export function fromOutcome<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const { error } = outcome;
  if (error.kind === 'app') throw new AppError(error.code, error.message, error.advice);
  const defect = new Error(error.message);
  defect.name = error.name;
  if (error.stack) defect.stack = error.stack;
  throw defect;
}

function toWire(error: unknown): WireError {
  if (error instanceof AppError) {
    return { kind: 'app', code: error.code, message: error.message, advice: error.advice };
  }
  if (error instanceof Error) {
    return { kind: 'defect', name: error.name, message: error.message, stack: error.stack };
  }
  return { kind: 'defect', name: 'Error', message: String(error) };
}
