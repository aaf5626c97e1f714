/** Any thrown thing in words for a person: what happened, what to do next. */
import { AppError } from '@/model/app-error.ts';

export interface ProblemWords {
  happened: string;
  todo: string;
}

export function wordsFor(error: unknown): ProblemWords {
  if (error instanceof AppError) return { happened: error.message, todo: error.advice };
  const detail = error instanceof Error ? error.message : String(error);
  return {
    happened: `Something went wrong that Stratascope did not foresee (${detail.slice(0, 200)}).`,
    todo: 'Try again; if it happens again, please report it with this sentence.',
  };
}
