/** Writes docs/run-file.schema.json from the schema in the code: `npm run schema`. */
import { writeFileSync } from 'node:fs';
import { runFileJsonSchema } from '../src/protocol/run-file-json-schema.ts';

const target = new URL('../docs/run-file.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(runFileJsonSchema(), null, 2)}\n`);
