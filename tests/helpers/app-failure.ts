/** What a promise fails with, where it has to fail in a person's words. */
import { expect } from 'vitest';
import { AppError } from '@/model/app-error.ts';

export async function failure(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}
