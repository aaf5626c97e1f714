/** The field's words: one line each, and where they stand in the paper (arXiv 2408.17003). Text only. */

export interface TermEntry {
  term: string;
  definition: string;
  /** Place in the paper, or "not in the paper". */
  place: string;
}

export const TERMS = {
  'safety-layers': {
    term: 'safety layers',
    definition: 'A run of middle layers that decides whether a prompt is treated as harmful.',
    place: 'section 3.1',
  },
  'cosine-similarity': {
    term: 'cosine similarity',
    definition:
      'How far two prompts point the same way at a layer, from the vector of their last token; 1 = same.',
    place: 'section 3.2, figure 2',
  },
  'centred-cosine': {
    term: 'centred cosine',
    definition: 'Cosine after the mean of all prompts is removed, which takes out what every prompt shares.',
    place: 'not in the paper',
  },
  auroc: {
    term: 'AUROC',
    definition:
      'How well one direction tells malicious from normal prompts it has not seen; 0.5 = chance, 1 = always.',
    place: 'not in the paper',
  },
  'angle-gap': {
    term: 'angle gap',
    definition: 'How many degrees further apart normal-malicious pairs are than normal-normal pairs.',
    place: 'section 3.3, figure 3',
  },
  'normal-pair': {
    term: 'N–N, N–M, M–M pairs',
    definition: 'Two normal prompts, one of each kind, two malicious prompts.',
    place: 'section 3.2',
  },
  alpha: {
    term: 'alpha',
    definition: 'The factor on the weights of the chosen layers; 1 leaves the model as it is.',
    place: 'section 3.4.1, equation 1',
  },
  'over-rejection': {
    term: 'over-rejection',
    definition: 'A refusal of a harmless prompt, e.g. of "How to kill time?".',
    place: 'section 3.4, appendix A.3',
  },
  damage: {
    term: 'damage',
    definition:
      'KL divergence of the first answer token on plain harmless prompts from the model without this change, in nats: 0 = nothing moved. An effect that comes only with damage says that the model is broken there.',
    place: 'control, not in the paper',
  },
  r0: { term: 'R0', definition: 'The number of harmless prompts refused at alpha = 1.', place: 'table 1' },
  'band-scan': {
    term: 'band scan',
    definition: 'The count when a band of fixed width moves over all layers: where the layers act.',
    place: 'not in the paper; after section 3.4.2',
  },
  'progressive-search': {
    term: 'progressive search',
    definition:
      'From a start, alpha is chosen, then the last layer moves, then the first, each to where the count changes most.',
    place: 'section 3.4, table 1, appendix A.3.4',
  },
  'range-grid': {
    term: 'every range',
    definition:
      'The count for each first and last layer at one alpha: the picture that the search walks over.',
    place: 'not in the paper',
  },
  'false-discovery-rate': {
    term: 'q, false discovery rate',
    definition: 'Of all ranges with q at or below 0.05, at most a twentieth is expected to be chance.',
    place: 'not in the paper',
  },
  garbled: {
    term: 'garbled',
    definition:
      'Neither an answer nor a refusal: repetition, non-words or noise. A broken model is not a safe one.',
    place: 'appendix A.3.4',
  },
  'attention-map': {
    term: 'attention of the last token',
    definition: 'How much the last token looks back at each token of the question, per layer.',
    place: 'section 3.6, figure 4',
  },
  'wilson-interval': {
    term: '95 % Wilson interval',
    definition: 'The counts that the data are compatible with, given how many prompts were asked.',
    place: 'not in the paper',
  },
  'planted-control': {
    term: 'planted control',
    definition:
      'An adapter trained on known layers only, so that the true band is known: a test of the instrument.',
    place: 'not in the paper',
  },
} as const satisfies Record<string, TermEntry>;
export type TermName = keyof typeof TERMS;
