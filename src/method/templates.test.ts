/** The template is the one the reference prompts were rendered with. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ALPACA_TEMPLATE, ALPACA_TEMPLATE_AS_PUBLISHED, INSTRUCTION_SLOT } from './templates.ts';

it('equals the reference template, and holds the question once', () => {
  const file = new URL('../../tests/fixtures/smollm2/prompts.json', import.meta.url);
  const { alpaca_template } = JSON.parse(readFileSync(file, 'utf8')) as { alpaca_template: string };
  expect(ALPACA_TEMPLATE).toBe(alpaca_template);
  expect(ALPACA_TEMPLATE.split(INSTRUCTION_SLOT)).toHaveLength(2);
  expect(ALPACA_TEMPLATE_AS_PUBLISHED.endsWith('### Response:\n')).toBe(true);
});
