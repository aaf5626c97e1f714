/** Where the columns of prompts that stand side by side are. Pure geometry, in pixels of the picture. */

export interface BesideColumns {
  /** Left edge of each prompt's first column. */
  starts: number[];
  /** Width of a column, the same for all prompts: equal widths are compared by eye. */
  step: number;
  /** Every how many columns a token is named. */
  labelEvery: number;
  /** The token under pixel x; null beside and between the prompts. */
  at: (x: number) => { picture: number; row: number } | null;
}

/** Between two prompts, and right of the last one, where turned words reach beyond their column. */
const GAP_PX = 28;
const WIDEST_PX = 26;
/** Turned words need this much of the axis each. */
const WORD_PX = 12;

/** @param counts shown tokens of each prompt */
export function besideColumns(
  counts: readonly number[],
  width: number,
  left: number,
  stage: number,
): BesideColumns {
  const gap = Math.round(GAP_PX * stage);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const room = width - left - counts.length * gap;
  const widest = Math.round(WIDEST_PX * stage);
  // Whole pixels, so that no two columns differ; a screen too narrow for one each has nothing to show anyway.
  const step = Math.max(1, Math.min(widest, Math.floor(room / Math.max(1, total))));
  const starts: number[] = [];
  let x = left;
  for (const count of counts) {
    starts.push(x);
    x += count * step + gap;
  }
  return {
    starts,
    step,
    labelEvery: Math.ceil((WORD_PX * stage) / step),
    at: (pixel) => {
      for (const [picture, start] of starts.entries()) {
        const row = Math.floor((pixel - start) / step);
        if (row >= 0 && row < counts[picture]!) return { picture, row };
      }
      return null;
    },
  };
}
