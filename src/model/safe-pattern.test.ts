import { describe, expect, test } from 'vitest';
import { isSafePattern } from './safe-pattern.ts';

describe('patterns of files', () => {
  test.each([
    // GPT-2, Llama 3, Qwen 2, GPT-4o, as their tokenizers have them.
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    // As PEFT's patterns are written.
    'q_proj',
    'layers.0.self_attn.q_proj',
    '^model\\.layers\\.\\d+\\.(self_attn|mlp)\\.\\w+$',
    '[a\\]b]+(?<name>x{2,3})?',
  ])('%s is run', (pattern) => {
    expect(isSafePattern(pattern)).toBe(true);
  });

  test.each([
    '(a+)+$',
    '(a*)*b',
    '(.*)+x',
    '(\\w|\\w\\w)+z',
    '(?:a|a)*$',
    '((a{2,})b)+',
    '(?=(a+)+b)',
    '(a+){2,}',
    '.*.*.*.*.*.*=',
    '(a)\\1+',
    '(unclosed',
    '[unclosed',
    'closed)',
    'x'.repeat(5000),
  ])('%s is not', (pattern) => {
    expect(isSafePattern(pattern)).toBe(false);
  });
});
