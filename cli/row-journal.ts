/**
 * What a long run has finished so far, one line each, beside the file that it will become: a kill costs the cell that was
 * running and no other. Belongs to one request, by key; a journal of another request is not touched.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '@/model/app-error.ts';
import { sha256OfText } from '@/model/sha256.ts';

export class RowJournal<Head, Row> {
  readonly #file: string;
  readonly #lines: Set<string>;

  private constructor(
    output: string,
    private readonly key: string,
    /** What was found out before the first row, e.g. a calibration; null = nothing yet. */
    public head: Head | null,
    readonly rows: Row[],
  ) {
    this.#file = journalOf(output);
    this.#lines = new Set(rows.map((row) => JSON.stringify(row)));
  }

  /**
   * @param request everything that the rows depend on
   * @throws AppError 'bad-input' where the journal of another request lies there
   */
  static open<Head, Row>(output: string, request: unknown): RowJournal<Head, Row> {
    const key = sha256OfText(JSON.stringify(request));
    const file = journalOf(output);
    if (!existsSync(file)) return new RowJournal<Head, Row>(output, key, null, []);
    const [first, ...rest] = wholeLines(readFileSync(file, 'utf8')) as [
      { key: string; head: Head } | undefined,
      ...Row[],
    ];
    if (first && first.key !== key) {
      // No row is lost: begin anew.
      if (rest.length === 0) return new RowJournal<Head, Row>(output, key, null, []);
      throw new AppError(
        'bad-input',
        `${path.basename(file)} holds an unfinished run that was asked for differently.`,
        'Finish it with the same options, choose another --output, or delete that file.',
      );
    }
    const journal = new RowJournal<Head, Row>(output, key, first?.head ?? null, rest);
    if (first) journal.#writeHead();
    return journal;
  }

  begin(head: Head): void {
    this.head = head;
    this.#writeHead();
  }

  /** A row that is there already is not written again. */
  add(row: Row): void {
    if (this.#lines.size === 0 && this.head === null) this.#writeHead();
    const line = JSON.stringify(row);
    if (this.#lines.has(line)) return;
    this.rows.push(row);
    this.#append(line);
  }

  /** Also drops what a kill cut off. */
  #writeHead(): void {
    writeFileSync(this.#file, `${JSON.stringify({ key: this.key, head: this.head })}\n`);
    for (const row of this.rows) this.#append(JSON.stringify(row));
  }

  #append(line: string): void {
    this.#lines.add(line);
    appendFileSync(this.#file, `${line}\n`);
  }

  /** Once the file itself is written. */
  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

const journalOf = (output: string): string => `${output}.rows.jsonl`;

/** A line that a kill cut short is as if it had not been written, and so is what would follow it. */
function wholeLines(text: string): unknown[] {
  const lines: unknown[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      lines.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  return lines;
}
