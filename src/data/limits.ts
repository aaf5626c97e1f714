/** How much a prompt file may hold. Far above every published set, far below what would stall the page. */

/** Longer prompts would not fit the context of the small models this tool is for. */
export const MAX_PROMPT_CHARS = 4000;
export const MAX_ROWS = 100_000;
export const MAX_COLUMNS = 200;
/** Characters of the whole file. */
export const MAX_FILE_CHARS = 64 * 1024 * 1024;
/** Rows shown before import. */
export const SAMPLE_ROWS = 5;
