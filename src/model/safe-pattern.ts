/**
 * Whether a regular expression from a file can be run at all: one that repeats what is repeated inside, or one of several
 * ways, may take longer than the universe on forty letters, and nothing can interrupt it. Reads the expression's text only;
 * what it refuses beyond that no tokenizer or adapter of the supported families has.
 */

/** Longer than any published tokenizer's, which have some hundred. */
const LONGEST = 4000;
/** Repetitions without an end in one branch: time grows with the text's length to this power. */
const MOST_REPEATS = 5;

interface Part {
  /** Something in it is repeated, or there is a choice. */
  isOpen: boolean;
}

export function isSafePattern(source: string): boolean {
  if (source.length > LONGEST) return false;
  try {
    return new Reader(source).isSafe();
  } catch (error) {
    if (error instanceof Unsafe) return false;
    throw error;
  }
}

class Unsafe extends Error {}

class Reader {
  #at = 0;
  constructor(private readonly source: string) {}

  isSafe(): boolean {
    this.#choice();
    // A bracket that closes nothing: no expression.
    return this.#at === this.source.length;
  }

  /** Branches up to the end of the group. */
  #choice(): Part {
    let isOpen = this.#branch();
    while (this.source[this.#at] === '|') {
      this.#at += 1;
      this.#branch();
      isOpen = true;
    }
    return { isOpen };
  }

  /** True where something in it is repeated. */
  #branch(): boolean {
    let repeats = 0;
    let isOpen = false;
    while (this.#at < this.source.length && !'|)'.includes(this.source[this.#at]!)) {
      const part = this.#atom();
      const most = this.#repetition();
      if (most > 1 && part.isOpen) throw new Unsafe();
      if (most > 1) repeats += 1;
      if (repeats > MOST_REPEATS) throw new Unsafe();
      isOpen ||= most > 1 || part.isOpen;
    }
    return isOpen;
  }

  #atom(): Part {
    const start = this.source[this.#at]!;
    this.#at += 1;
    if (start === '\\') {
      // What was matched before is matched again: beyond what can be told from the text.
      if (/[1-9k]/.test(this.source[this.#at] ?? '')) throw new Unsafe();
      this.#at += 1;
      if (this.source[this.#at] === '{' && /[pPux]/.test(this.source[this.#at - 1]!)) this.#skipTo('}');
    } else if (start === '[') {
      this.#characterClass();
    } else if (start === '(') {
      // (?:  (?i:  (?=  (?!  (?<=  (?<name>
      const head = /^\?(?:[a-z-]*:|<?[=!]|<\w+>|>)/i.exec(this.source.slice(this.#at, this.#at + 40));
      this.#at += head?.[0].length ?? 0;
      const part = this.#choice();
      if (this.source[this.#at] !== ')') throw new Unsafe();
      this.#at += 1;
      return part;
    }
    return { isOpen: false };
  }

  #characterClass(): void {
    let depth = 1;
    while (depth > 0) {
      const letter = this.source[this.#at];
      if (letter === undefined) throw new Unsafe();
      if (letter === '\\') this.#at += 1;
      else if (letter === '[') depth += 1;
      else if (letter === ']') depth -= 1;
      this.#at += 1;
    }
  }

  #skipTo(end: string): void {
    const found = this.source.indexOf(end, this.#at);
    if (found < 0) throw new Unsafe();
    this.#at = found + 1;
  }

  /** How often the atom before may come: 1 without a sign, Infinity for * and +. */
  #repetition(): number {
    const rest = this.source.slice(this.#at, this.#at + 24);
    const sign = /^(?:[*+?]|\{(\d+)(,(\d*))?\})[?+]?/.exec(rest);
    if (!sign) return 1;
    this.#at += sign[0].length;
    if (sign[0].startsWith('?')) return 1;
    if (!sign[0].startsWith('{')) return Number.POSITIVE_INFINITY;
    const [, least, isRange, most] = sign;
    return isRange === undefined ? Number(least) : most ? Number(most) : Number.POSITIVE_INFINITY;
  }
}
