/** The run file as JSON Schema, for people who read or write such files with other tools. Derived, never edited. */
import * as z from 'zod/mini';
import { runFileSchema } from './run-file.ts';

/** Of the file as it lies on disk: arrays of numbers as base64. */
export function runFileJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(runFileSchema, { io: 'input', reused: 'ref' });
  return JSON.parse(
    JSON.stringify({
      title: 'Stratascope run file',
      description: 'Results with everything needed to repeat them.',
      ...schema,
    }),
  );
}
