/**
 * From settings to the parameters of a run, and what can be said about it beforehand: which layers freeze, how many
 * parameters train, how much memory it takes. Pure; nothing here asks the lab.
 */
import type { BackendInfo } from '@/engine/engine.ts';
import { attackRows } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO, frozenBandWarning, frozenLayers } from '@/method/attacks.ts';
import { MATRIX_PRESETS } from '@/method/scaling.ts';
import { AppError } from '@/model/app-error.ts';
import { MODEL_ENDS, type ModelSpec } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { MeasureParams } from '@/protocol/measures.ts';
import type {
  FinetuneRow,
  ProbeParams,
  TrainablePartParams,
  TrainingMemory,
  TrainParams,
} from '@/protocol/training.ts';
import { checkMemory, estimateMemory } from '@/training/memory-estimate.ts';
import { parameterCounts } from '@/training/trained-part.ts';
import { spread } from './pools.ts';
import { type ProblemWords, wordsFor } from './problems.ts';
import type { TrainSettings } from './train-settings.ts';
import type { TrainState } from './train-store.ts';
import { type RowLengths, rowLengths, type TokenCounts, tokensKey } from './train-tokens.ts';

export type TrainData = Pick<TrainState, 'bundled' | 'safetyRows' | 'own'>;

export interface RequestParts {
  settings: TrainSettings;
  data: TrainData;
  band: readonly [first: number, last: number];
  template: TemplateName;
  /** Of the model that is attacked. */
  adapters: readonly string[];
  name: string;
  probe: ProbeParams | null;
  measures: MeasureParams | null;
}

/** @throws AppError where rows are missing */
export function rowsFor(
  settings: TrainSettings,
  { bundled, own }: TrainData,
): { rows: FinetuneRow[]; heldOut: FinetuneRow[] } {
  const { data, p, seed, heldOut: heldOutCount } = settings;
  if (data === 'own') {
    if (!own) throw new AppError('bad-input', 'No file is chosen.', 'Choose one, or another data set.');
    const keep = Math.max(1, own.rows.length - heldOutCount);
    return { rows: own.rows.slice(0, keep), heldOut: heldOutCount > 0 ? own.rows.slice(keep) : [] };
  }
  if (!bundled) throw new AppError('bad-input', 'The data are still loading.', 'Wait a moment.');
  const needed = Math.round(p * bundled.train.length);
  if (data === 'harmful' && needed > bundled.harmful.length) {
    const most = Math.floor((100 * bundled.harmful.length) / bundled.train.length) / 100;
    throw new AppError(
      'bad-input',
      `A share of ${p} of ${bundled.train.length} rows is ${needed} harmful rows, and there are ${bundled.harmful.length}.`,
      `Use at most ${most}.`,
    );
  }
  return {
    rows: attackRows(data, bundled.train, { seed, harmful: bundled.harmful, harmfulShare: p }),
    heldOut: spread(bundled.heldOut, heldOutCount),
  };
}

export function partOf({
  part,
  rank,
  loraAlpha,
  matrices,
  dropout,
}: Pick<TrainSettings, 'part' | 'rank' | 'loraAlpha' | 'matrices' | 'dropout'>): TrainablePartParams {
  switch (part) {
    case 'lora': {
      const chosen = [...MATRIX_PRESETS[matrices].matrices];
      return { kind: 'lora', rank, loraAlpha, matrices: chosen, ...(dropout > 0 ? { dropout } : {}) };
    }
    case 'full':
    case 'full-norms':
      return { kind: 'full', norms: part === 'full-norms' };
    case 'full-all':
      return { kind: 'full', norms: true, frozenNorms: true, ends: [...MODEL_ENDS] };
    default:
      return part satisfies never;
  }
}

export function trainParams(parts: RequestParts): TrainParams {
  const { settings, data, band, template, adapters, name, probe, measures } = parts;
  const { method, lossOn, seed, p } = settings;
  const { rows, heldOut } = rowsFor(settings, data);
  return {
    name,
    template,
    adapters: [...adapters],
    method,
    band: [band[0], band[1]],
    part: partOf(settings),
    data: { kind: settings.data, ...(settings.data === 'harmful' ? { harmfulShare: p } : {}), rows },
    safetyRows: ATTACK_METHOD_INFO[method].needsSafetyRows ? [...data.safetyRows] : [],
    heldOut,
    lossOn,
    optimiser: {
      learningRate: settings.learningRate,
      weightDecay: settings.decay,
      beta1: settings.beta1,
      beta2: settings.beta2,
      epsilon: settings.epsilon,
      warmupSteps: settings.warmup,
      finalShare: settings.finalShare,
      clipNorm: settings.clip === 0 ? null : settings.clip,
      batchSize: settings.batchSize,
      accumulation: settings.accumulation,
      steps: settings.steps,
      cutoffTokens: settings.cutoff,
    },
    seed,
    probe,
    measures,
    checkpointEvery: settings.keepEvery,
  };
}

export interface Forecast {
  trained: number;
  frozen: number;
  frozenLayers: boolean[];
  memory: TrainingMemory;
  rows: readonly FinetuneRow[];
  optimiser: TrainParams['optimiser'];
  /** By the model's tokenizer; null = not counted yet, and the memory is estimated from the length of the texts. */
  lengths: RowLengths | null;
  /** Why a control is weaker than its name. */
  warning: string | null;
  /** Why it cannot run; null where it can. */
  problem: ProblemWords | null;
}

type MemoryPlan = Parameters<typeof estimateMemory>[0]['plan'];

/** Characters of a token: about four in English; no tokenizer makes fewer tokens than one per eight. */
const TYPICAL = 4;
const MOST = 8;
const TEMPLATE_TOKENS = 40;

export function forecast(
  parts: RequestParts,
  spec: ModelSpec,
  backend: BackendInfo['kind'],
  counts: TokenCounts = new Map(),
): Forecast | ProblemWords {
  try {
    const params = trainParams(parts);
    const lengths = rowLengths(params.data.rows, params.template, counts, params.optimiser.cutoffTokens);
    const { method, band, seed, part } = params;
    const place = { band, layerCount: spec.layerCount, seed };
    const frozen = frozenLayers(method, place);
    const trains = frozen.map((one) => !one);
    const sizes = parameterCounts(spec, part, trains);
    const all = sizes.trained + sizes.frozen;
    // NFFT holds single weights: as many as the band has.
    const held =
      method === 'nfft' ? Math.round((all * (band[1] - band[0] + 1)) / spec.layerCount) : sizes.frozen;
    const estimate = (charactersPerToken: number) =>
      estimateMemory({
        spec,
        params,
        backend,
        plan: {
          options: { trains },
          rows: tokenised(params.data.rows, params, counts, charactersPerToken),
          safetyRows: tokenised(params.safetyRows, params, counts, charactersPerToken),
        },
      });
    return {
      trained: all - held,
      frozen: held,
      frozenLayers: frozen,
      memory: estimate(TYPICAL).memory,
      rows: params.data.rows,
      optimiser: params.optimiser,
      lengths,
      warning: frozenBandWarning(method, place),
      problem:
        methodProblem(params) ??
        hopelessProblem(lengths, params.optimiser.cutoffTokens) ??
        memoryProblem(estimate(MOST), backend),
    };
  } catch (error) {
    return wordsFor(error);
  }
}

/** As far as the memory estimate looks: lengths, counted where they are known. */
function tokenised(
  rows: readonly FinetuneRow[],
  { optimiser, lossOn, template }: TrainParams,
  counts: TokenCounts,
  charactersPerToken: number,
) {
  return rows.map((row) => {
    const known = counts.get(tokensKey(row, template));
    const prompt = known?.prompt ?? TEMPLATE_TOKENS + Math.ceil(row.instruction.length / charactersPerToken);
    const whole = known?.total ?? prompt + Math.ceil(row.output.length / charactersPerToken);
    const total = Math.min(optimiser.cutoffTokens, whole);
    const responseStart = lossOn === 'sequence' ? 1 : Math.min(prompt, total - 1);
    return { ids: { length: total }, responseStart } as unknown as MemoryPlan['rows'][number];
  });
}

/** As the lab would say it after the model is asked; here before. */
function hopelessProblem(lengths: RowLengths | null, cutoffTokens: number): ProblemWords | null {
  const [first, ...more] = lengths?.hopeless ?? [];
  if (!first) return null;
  const others = more.length === 0 ? '' : ` So have ${more.length} others.`;
  return {
    happened: `Row “${first.row.id}” has a prompt of ${first.prompt} tokens; cut at ${cutoffTokens}, nothing of its answer is left to learn.${others}`,
    todo: 'Raise the cut-off (under More settings), or leave such rows out.',
  };
}

function methodProblem({ method, part, safetyRows }: TrainParams): ProblemWords | null {
  const info = ATTACK_METHOD_INFO[method];
  if (part.kind === 'lora' && !info.worksWithLora) {
    return {
      happened: `${info.name} holds single weights, which LoRA does not train.`,
      todo: 'Choose “all weights of the layers”, or another method.',
    };
  }
  if (info.needsSafetyRows && safetyRows.length === 0) {
    return {
      happened: `${info.name} needs rows with refusals, which are not loaded.`,
      todo: 'Reload the page.',
    };
  }
  return null;
}

/** What this browser says it has, as the lab judges it (real-parts.ts): half of the device's memory. */
function memoryProblem(
  estimate: ReturnType<typeof estimateMemory>,
  backend: BackendInfo['kind'],
): ProblemWords | null {
  // Node 20, where the tests run, has no navigator.
  const deviceMemory = (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory;
  try {
    checkMemory(estimate, backend, deviceMemory === undefined ? null : (deviceMemory / 2) * 2 ** 30);
    return null;
  } catch (error) {
    return wordsFor(error);
  }
}
