import { beforeAll, describe, expect, test } from 'vitest';
import tinyTokens from '../../tests/fixtures/gguf/tiny_tokens.json';
import prompts from '../../tests/fixtures/smollm2/prompts.json';
import tokens from '../../tests/fixtures/smollm2/tokens.json';
import { ALPACA_PREFIX, ALPACA_SUFFIX } from './codec.ts';
import type { LoadedModel } from './loaded-model.ts';
import { diskFile } from './node-files.ts';
import { openModel } from './open-model.ts';
import type { TemplateName } from './text-codec.ts';

const root = new URL('../../', import.meta.url).pathname;

describe('the bundled model, tokenizer from its GGUF', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await openModel(
      diskFile(`${root}public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf`),
    );
  });

  test('60 texts have the ids of the reference, and back', () => {
    expect(tokens.strings).toHaveLength(60);
    for (const { text, ids, decoded } of tokens.strings) {
      expect([...model.text.encode(text)], text).toEqual(ids);
      expect(model.text.decode(ids)).toBe(decoded);
    }
  });

  test('12 chats are rendered as the reference renders them', () => {
    expect(tokens.chats).toHaveLength(12);
    for (const { messages, add_generation_prompt, text, ids } of tokens.chats) {
      const rendered = model.text.renderChat(messages, add_generation_prompt);
      expect(rendered).toBe(text);
      expect([...model.text.encode(rendered)]).toEqual(ids);
    }
  });

  test('prompts have the reference text and ids under both templates, and the span holds the question', () => {
    expect(`${ALPACA_PREFIX}{instruction}${ALPACA_SUFFIX}`).toBe(prompts.alpaca_template);
    expect(prompts.prompts).toHaveLength(48);
    for (const { prompt, template, text, ids } of prompts.prompts) {
      const rendered = model.text.render(prompt, template as TemplateName);
      expect(rendered.text).toBe(text);
      expect([...rendered.ids]).toEqual(ids);
      expect(rendered.tokens.join('')).toBe(text);
      expect(
        rendered.tokens
          .slice(...rendered.questionSpan)
          .join('')
          .trim(),
      ).toBe(prompt);
    }
  });

  test('the span is found by offsets where words repeat and tokens split characters', () => {
    for (const question of ['assistant', '🙂👩🏽‍🚀 ไทย', ' user', 'Response:', 'a']) {
      for (const template of ['chat', 'alpaca', 'none'] as const) {
        const { ids, questionSpan } = model.text.render(question, template);
        const [start, end] = questionSpan;
        expect(model.text.decode(ids.slice(start, end)), `${template}: ${question}`).toContain(question);
        expect(model.text.decode(ids.slice(start + 1, end)), `${template}: ${question}`).not.toContain(
          question,
        );
        expect(model.text.decode(ids.slice(start, end - 1)), `${template}: ${question}`).not.toContain(
          question,
        );
      }
    }
    const { questionSpan } = model.text.render('', 'chat');
    expect(questionSpan[0]).toBe(questionSpan[1]);
  });

  test('answers stop at the end of a turn', () => {
    expect(model.text.stopIds.map((id) => model.text.decode([id]))).toEqual(
      expect.arrayContaining(['<|im_end|>', '<|endoftext|>']),
    );
    expect(model.templates).toEqual(['chat', 'alpaca', 'none']);
    expect(model.warnings).toEqual([]);
  });
});

test.each(['f16', 'q8_0'])('tiny_llama_%s.gguf has the ids of its tokenizer', async (type) => {
  const { text } = await openModel(diskFile(`${root}tests/fixtures/gguf/tiny_llama_${type}.gguf`));
  expect(tinyTokens).toHaveLength(16);
  for (const { text: input, ids } of tinyTokens) {
    expect([...text.encode(input)], input).toEqual(ids);
    expect(text.decode(ids)).toBe(input);
  }
});
