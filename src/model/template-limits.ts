/**
 * Limits for chat templates, which are programs from a file: steps, time, and sizes of what they make. The library has none,
 * so its interpreter is watched at every step; a template that goes beyond is ended with a sentence. Not here: what a
 * template is given (tokenizer-library.ts).
 */
import { Interpreter, Template } from '@huggingface/jinja';
import { AppError } from './app-error.ts';

/** The largest published templates take some thousands. */
const MOST_STEPS = 200_000;
const LONGEST_MS = 2000;
/** Characters of any text, entries of any list. */
const LONGEST_TEXT = 1_000_000;
const LONGEST_LIST = 100_000;
/** No count in a template is larger; as a width or a number of repetitions it would be. */
const LARGEST_NUMBER = 1e9;
/** Of the template itself. */
const LONGEST_TEMPLATE = 500_000;

interface Watch {
  steps: number;
  endMs: number;
}

type Evaluate = Interpreter['evaluate'];
/** What the library's values have in common. */
interface RuntimeValue {
  type: string;
  value: unknown;
}

const watches = new WeakMap<Interpreter, Watch>();
let isWatched = false;

/** A template under these limits. @throws AppError, or the library's error for what is no template */
export function limitedTemplate(source: string): Template {
  if (source.length > LONGEST_TEMPLATE) throw endless(`a template of ${source.length} characters`);
  watchInterpreter();
  return new Template(source);
}

/** Once. This copy of the library is ours alone: nothing else renders with it. */
function watchInterpreter(): void {
  if (isWatched) return;
  isWatched = true;
  const evaluate: Evaluate = Interpreter.prototype.evaluate;
  Interpreter.prototype.evaluate = function (this: Interpreter, ...given: Parameters<Evaluate>) {
    const [statement, environment] = given;
    let watch = watches.get(this);
    if (!watch) {
      watch = { steps: 0, endMs: performance.now() + LONGEST_MS };
      watches.set(this, watch);
      limitRange(environment.lookupVariable('range') as unknown as RuntimeValue);
    }
    watch.steps += 1;
    if (watch.steps > MOST_STEPS) throw endless(`more than ${MOST_STEPS} steps`);
    if (watch.steps % 256 === 0 && performance.now() > watch.endMs) throw endless(`${LONGEST_MS / 1000} s`);
    const value = evaluate.call(this, statement, environment);
    checkSize(value as unknown as RuntimeValue);
    return value;
  };
}

function checkSize({ type, value }: RuntimeValue): void {
  const size =
    typeof value === 'string'
      ? value.length / LONGEST_TEXT
      : Array.isArray(value)
        ? value.length / LONGEST_LIST
        : 0;
  if (size > 1)
    throw endless(`a ${type.replace('Value', '').toLowerCase()} of ${(value as unknown[]).length}`);
  if (typeof value === 'number' && Math.abs(value) > LARGEST_NUMBER) throw endless(`a number of ${value}`);
}

/** The library makes the whole list at once, in one step. */
function limitRange(range: RuntimeValue): void {
  if (typeof range.value !== 'function') return;
  const make = range.value as (args: RuntimeValue[], scope: unknown) => unknown;
  range.value = (args: RuntimeValue[], scope: unknown) => {
    const numbers = args.map(({ value }) => value).filter((value) => typeof value === 'number');
    const [first = 0, second, step = 1] = numbers;
    const span = Math.abs(second === undefined ? first : second - first) / (Math.abs(step) || 1);
    if (!(span <= LONGEST_LIST)) throw endless(`a range of ${span}`);
    return make(args, scope);
  };
}

function endless(what: string): AppError {
  return new AppError(
    'unsupported-model',
    `The model's chat template was stopped: it needs ${what}.`,
    'Choose another template, or the tokenizer_config.json that was published with the model.',
  );
}
