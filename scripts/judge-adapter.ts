/**
 * `npx tsx scripts/judge-adapter.ts given.json new.json [--write]`: may the new safety adapter take the place of the given one?
 * Two run files, otherwise alike; the rule and what the files must hold: adapter-verdict.ts. Prints the verdict as Markdown,
 * with --write puts it into docs/results.md; exit code 1 says no.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseRunFile } from '@/protocol/run-file.ts';
import { figuresOf, verdictOn, verdictText, withVerdict } from './adapter-verdict.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const [givenFile, newFile] = positionals;
if (!givenFile || !newFile) {
  console.error('Two run files are needed: that of the given adapter, then that of the new one.');
  process.exit(2);
}
const read = (file: string) => figuresOf(parseRunFile(readFileSync(file, 'utf8'), file).run, file);
const [given, fresh] = [read(givenFile), read(newFile)];
const text = verdictText(given, fresh);
console.log(text);
if (values.write) {
  const document = fileURLToPath(new URL('../docs/results.md', import.meta.url));
  writeFileSync(document, withVerdict(readFileSync(document, 'utf8'), text));
}
process.exitCode = verdictOn(given, fresh).replaces ? 0 : 1;
