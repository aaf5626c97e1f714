/** What a schema says about a fault, in English. zod/mini, which the page uses, says "Invalid input" to everything. */
import { en } from 'zod/locales';

/** Second argument of `safeParse` and `safeDecode` where a person reads the issues. */
export const inWords = { error: en().localeError };
