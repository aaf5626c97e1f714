/** The methods that name layers, each from its request to the band it names. Compared with the truth: yardstick-results.ts. */
import { bestFirst, directionOf } from '@/method/grid.ts';
import { summariseBandScan } from '@/method/localisation.ts';
import { proposeRange } from '@/method/range-proposal.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { SEARCH_DEFAULTS } from '@/method/search-defaults.ts';
import type { LayerBand } from '@/method/yardstick.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ControlParams } from '@/protocol/controls.ts';
import type {
  ExperimentMap,
  KeptKind,
  ModelContext,
  PromptItem,
  RefusalCalibration,
} from '@/protocol/experiments.ts';
import type { SearchDirection } from '@/protocol/localise.ts';

export interface YardstickPools extends Record<string, PromptItem[]> {
  normal: PromptItem[];
  malicious: PromptItem[];
  counted: PromptItem[];
  /** Malicious prompts that are counted: fewer than those that are read. */
  asked: PromptItem[];
  harmless: PromptItem[];
}

export interface MethodRequest extends ModelContext {
  pools: YardstickPools;
  calibration: RefusalCalibration;
  layerCount: number;
  /** Of the planted band: given to methods that cannot find a width. */
  width: number;
  ask: <K extends KeptKind>(
    kind: K,
    label: string,
    params: ExperimentMap[K]['params'],
  ) => Promise<ExperimentMap[K]['result']>;
}

export interface Found {
  /** null = the method names no layers. */
  found: LayerBand | null;
  /** Whether the width was told to it. */
  isWidthGiven: boolean;
  note: string;
}

interface Method {
  name: string;
  /** What it looks at. */
  what: string;
  run(request: MethodRequest): Promise<Found>;
}

const gap = (measure: 'raw' | 'centred'): Method => ({
  name: measure === 'raw' ? 'angle gap' : 'angle gap, mean removed',
  what: 'the rule of section 3.3 on the aligned model',
  run: async ({ ask, pools, template, setting }) => {
    const result = await ask('similarity', 'curves', {
      template,
      setting,
      normal: pools.normal,
      malicious: pools.malicious,
      pairs: { kind: 'all' },
      bootstrap: { replicates: 1000, seed: 1 },
      lastPoint: 'before-final-norm',
    });
    const proposal = proposeRange(result[measure].gap);
    const isRange = proposal.kind === 'range';
    const found = isRange ? { first: proposal.first, last: proposal.last } : null;
    return { found, isWidthGiven: false, note: isRange ? '' : 'proposes no range' };
  },
});

function control(request: MethodRequest, name: string, label: string, options: ControlParams['options']) {
  const { template, setting, pools, calibration } = request;
  const counts = name !== 'probes';
  return request.ask('control', label, {
    template,
    setting,
    name,
    options,
    range: null,
    calibration: counts ? calibration : null,
    seed: 1,
    normal: counts ? [] : pools.normal,
    malicious: counts ? pools.asked : pools.malicious,
    matchedNormal: [],
    matchedMalicious: [],
    counted: counts ? pools.counted : [],
    harmless: counts ? pools.harmless : [],
  });
}

const probe: Method = {
  name: 'linear probe',
  what: 'layers where the aligned model separates the pools better than the base, intervals apart',
  run: async (request) => {
    const { rows } = await control(request, 'probes', 'probes', {});
    const at = (series: string, layer: number) =>
      rows.find((row) => row.series === `linear, ${series}` && row.x === layer)!;
    const layers = Array.from({ length: request.layerCount }, (_, layer) => layer).filter(
      (layer) => (at('aligned', layer).low ?? 0) > (at('base', layer).high ?? 1),
    );
    const found = layers.length > 0 ? { first: layers[0]!, last: layers.at(-1)! } : null;
    return { found, isWidthGiven: false, note: found ? '' : 'no layer stands apart from the base' };
  },
};

/** The middle of the bands that share the extreme: with ties there is no better guess. */
const middleOf = (bands: readonly LayerBand[]): LayerBand =>
  [...bands].sort((a, b) => a.first - b.first)[Math.floor((bands.length - 1) / 2)]!;

const scan = (alpha: number): Method => ({
  name: `band scan, alpha ${alpha}`,
  what: 'the band of the given width that changes over-rejection most, in the direction the paper expects',
  run: async ({ ask, pools, template, setting, calibration, width }) => {
    const asked = { template, setting, prompts: pools.counted, calibration, width, alpha };
    const result = await ask('bandScan', `band scan, alpha ${alpha}`, {
      ...asked,
      matrices: [...MATRIX_NAMES],
    });
    const summary = summariseBandScan(result, alpha)!;
    const extreme = summary.safetyLike ?? (alpha > 1 ? summary.largest : summary.smallest);
    const ties = extreme.bands.length > 1 ? `${extreme.bands.length} bands tie; the middle one` : '';
    const chance = summary.safetyLike ? '' : 'within chance';
    const note = [ties, chance].filter(Boolean).join('; ');
    return { found: middleOf(extreme.bands), isWidthGiven: true, note };
  },
});

const search = (direction: SearchDirection): Method => ({
  name: `progressive search, alpha ${direction === 'raise' ? 'above' : 'below'} 1`,
  what: 'the search of section 3.4 from the gap',
  run: async ({ ask, pools, template, setting, calibration, layerCount }) => {
    const { searches } = await ask('locate', 'progressive search', {
      ...SEARCH_DEFAULTS,
      template,
      setting,
      prompts: pools.counted,
      calibration,
      matrices: [...MATRIX_NAMES],
      rules: DEFAULT_REFUSAL_RULES,
      counting: 'score',
      maxNewTokens: 16,
      guardPrompts: 16,
      gap: { normal: pools.normal, malicious: pools.malicious },
      fallback: [Math.floor(layerCount / 3), Math.floor(layerCount / 2)],
      directions: ['raise', 'lower'],
    });
    const steps = searches.find((one) => one.direction === direction)?.steps ?? [];
    const end = steps.find((step) => step.kind === 'final');
    if (end?.kind !== 'final') return { found: null, isWidthGiven: false, note: 'no alpha was fit' };
    return { found: { first: end.first, last: end.last }, isWidthGiven: false, note: `alpha ${end.alpha}` };
  },
});

const grid = (alpha: number): Method => ({
  name: `grid, alpha ${alpha}`,
  what: 'the best of all ranges',
  run: async ({ ask, pools, template, setting, calibration }) => {
    const { cells } = await ask('grid', `grid, alpha ${alpha}`, {
      template,
      setting,
      prompts: pools.counted,
      calibration,
      matrices: [...MATRIX_NAMES],
      rules: DEFAULT_REFUSAL_RULES,
      alpha,
      coarseStep: 3,
      decodeBest: 0,
      maxNewTokens: 16,
    });
    const [best] = bestFirst(cells, directionOf(alpha));
    const ties = cells.filter(({ refused }) => refused === best!.refused).length;
    const note = `${best!.refused} of ${best!.scores.length} refused${ties > 1 ? `, as in ${ties - 1} other ranges` : ''}`;
    return { found: { first: best!.first, last: best!.last }, isWidthGiven: false, note };
  },
});

/** The band of the given width whose count lies lowest; among equal counts the one that moves harmless prompts most. */
async function lowest(
  request: MethodRequest,
  name: string,
  label: string,
  options: ControlParams['options'],
): Promise<Found> {
  const { rows } = await control(request, name, label, { width: request.width, ...options });
  const bands = rows.filter((row) => row.measure === 'refused' && row.last !== undefined);
  const kl = (band: string) => rows.find((row) => row.measure === 'kl' && row.label === band)?.value ?? 0;
  const best = bands.reduce((top, row) =>
    row.value < top.value || (row.value === top.value && kl(row.label) > kl(top.label)) ? row : top,
  );
  return {
    found: { first: best.x, last: best.last! },
    isWidthGiven: true,
    note: `${best.value} of ${request.pools.asked.length} refused`,
  };
}

const transplant: Method = {
  name: 'transplant',
  what: 'the band of the given width without whose alignment most malicious prompts are answered',
  run: (request) => lowest(request, 'transplant', 'transplant', { way: 'without' }),
};

const skip: Method = {
  name: 'leaving layers out',
  what: 'the band of the given width without which most malicious prompts are answered (LED)',
  run: (request) => lowest(request, 'layer-skip', 'layers left out', {}),
};

export const METHODS: readonly Method[] = [
  gap('raw'),
  gap('centred'),
  probe,
  scan(1.1),
  scan(0.9),
  search('raise'),
  search('lower'),
  grid(1.1),
  grid(0.9),
  skip,
  transplant,
];
