/** How the progressive search is set where nobody says otherwise. Apart from the search, which the page does not run itself. */
import type { SearchSettings } from '@/protocol/localise.ts';

/** Paper's values where it gives any; see SearchSettings. */
export const SEARCH_DEFAULTS: SearchSettings = {
  alphaStep: 0.05,
  alphaLimit: 0.5,
  spreadShare: 15 / 721,
  garbledShare: 0.1,
  halfWindow: 2,
  extend: true,
};
