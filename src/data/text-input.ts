/**
 * From bytes to text that can be trusted: encoding, byte order marks, binary files. Nothing here knows rows or columns.
 */
import { AppError } from '@/model/app-error.ts';
import { MAX_FILE_CHARS } from './limits.ts';

const SAVE_AS_UTF8 = 'Save the file as UTF-8 (in a spreadsheet: "CSV UTF-8") and choose it again.';

/** Text of a file that a person chose. UTF-8 with or without a mark, UTF-16 with one; anything else is named. */
export function decodeFile(name: string, bytes: Uint8Array): string {
  const encoding = markedEncoding(bytes);
  if (encoding === 'utf-8' && bytes.subarray(0, 65_536).includes(0)) throw binaryFile(name);
  try {
    return checkText(name, new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('bad-file', `${name} is not ${encoding.toUpperCase()} text.`, SAVE_AS_UTF8, { cause });
  }
}

/** The same checks for text that came without its bytes. Returns it without a byte order mark. */
export function checkText(name: string, text: string): string {
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text.trim() === '') {
    throw new AppError('bad-file', `${name} is empty.`, 'Choose a file with one prompt per row.');
  }
  if (text.includes('\0')) throw binaryFile(name);
  if (text.length > MAX_FILE_CHARS) {
    throw new AppError(
      'bad-file',
      `${name} has ${text.length} characters; at most ${MAX_FILE_CHARS} can be read.`,
      'Cut the file down to the prompts that you want to compare.',
    );
  }
  return text;
}

/** Warnings about text that decodes but looks wrong. */
export function encodingWarnings(text: string): string[] {
  const warnings: string[] = [];
  if (text.includes('\ufffd')) {
    warnings.push(
      'Some characters were lost in an earlier conversion (shown as \ufffd); rows with them are rejected.',
    );
  }
  // What UTF-8 quotes and accents look like after being read as Windows-1252.
  if (/\u00e2\u20ac[\u2122\u0153\u009d\u02dc]|\u00c3[\u00a0-\u00bf]/.test(text)) {
    warnings.push(
      'Some characters look like UTF-8 that was read as Windows-1252 (for example "\u00e2\u20ac\u2122").',
    );
  }
  if (/<\|[a-z_]{2,30}\|>/.test(text)) {
    warnings.push(
      'Some rows contain control tokens such as <|im_end|>, which would change the chat template.',
    );
  }
  return warnings;
}

function markedEncoding(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function binaryFile(name: string): AppError {
  return new AppError(
    'bad-file',
    `${name} is a binary file, not text.`,
    'Export the prompts as CSV, JSONL or plain text; UTF-16 needs a byte order mark.',
  );
}
