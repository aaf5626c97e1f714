/**
 * One typed prompt put to several models in turn: which models there are to ask, the answers as they grow. Asks the lab;
 * draws nothing, and keeps nothing beyond the latest prompt.
 */
import { create } from 'zustand';
import type { ModelSetting } from '@/engine/engine.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { AnswerResult } from '@/protocol/experiments.ts';
import { MODEL_VARIANTS } from './config.ts';
import { isPlanted, plantedLayers } from './planted.ts';
import { type ProblemWords, wordsFor } from './problems.ts';
import { adaptersAt, type Situation, scaleOf } from './requests.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { useApp } from './store.ts';
import { isInLab, type TrainRun, useTrain } from './train-store.ts';

export interface AskedModel {
  key: string;
  label: string;
  hint: string;
  setting: ModelSetting;
  /** Asked unless a person says otherwise. */
  usual: boolean;
}

/** Trained models asked without being chosen: more would make the wait long. */
const USUAL_RUNS = 3;
/** A model of this size says what it has to say in so many tokens; the paper counts after 16. */
const DEFAULT_ANSWER_TOKENS = 48;
export const MOST_ANSWER_TOKENS = 256;

function labelOf(variant: (typeof MODEL_VARIANTS)[number], ownAdapter: string | null | undefined): string {
  if (isPlanted(variant)) return `planted ${plantedLayers(variant)}`;
  return (variant === 'aligned' && ownAdapter) || variant;
}

/** @param offered names of the adapters that the open model has */
function modelsToAsk(
  situation: Situation,
  offered: readonly string[],
  runs: readonly TrainRun[],
): AskedModel[] {
  const { config, ownAdapter } = situation;
  const [first, last] = config.range;
  const variants = MODEL_VARIANTS.map((variant) => ({ variant, adapters: adaptersAt(situation, variant) }))
    .filter(({ adapters }) => adapters.every((name) => offered.includes(name)))
    .map(({ variant, adapters }) => ({
      key: variant,
      label: labelOf(variant, ownAdapter),
      hint: adapters.length === 0 ? 'the weights alone' : `with the adapter ${adapters.join(' and ')}`,
      setting: { adapters, scale: [] },
      usual: !isPlanted(variant),
    }));
  const tuned = runs.map(({ params, result }, index) => ({
    key: `run ${params.name}`,
    label: params.name,
    hint: 'trained here',
    setting: { adapters: [...params.adapters, result!.adapter!], scale: [] },
    usual: index >= runs.length - USUAL_RUNS,
  }));
  const scale = scaleOf(config);
  const current = config.model === 'tuned' ? (situation.tuned?.at(-1) ?? 'tuned') : config.model;
  const scaled = {
    key: 'scaled',
    label: `${current}, scaled`,
    hint: `layers ${first} to ${last} times ${config.alpha}`,
    setting: { adapters: adaptersAt(situation, config.model), scale },
    usual: true,
  };
  return [...variants, ...tuned, ...(scale.length > 0 ? [scaled] : [])];
}

export interface Answering {
  model: AskedModel;
  status: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  answer: string;
  tokenCount: number;
  result: AnswerResult | null;
  problem: ProblemWords | null;
}

export interface Asked {
  prompt: string;
  template: TemplateName;
  answers: readonly Answering[];
}

interface AskState {
  prompt: string;
  maxNewTokens: number;
  /** Models that a person chose or left out, by key. */
  chosen: Readonly<Record<string, boolean>>;
  asked: Asked | null;
  isAsking: boolean;
  /** Why nothing could be asked at all. */
  problem: ProblemWords | null;
}

export const INITIAL_ASK_STATE: AskState = {
  prompt: '',
  maxNewTokens: DEFAULT_ANSWER_TOKENS,
  chosen: {},
  asked: null,
  isAsking: false,
  problem: null,
};

export const useAsk = create<AskState>()(() => INITIAL_ASK_STATE);

/** What can be asked now; empty while no model is open. */
export function presentModels(): AskedModel[] {
  const app = useApp.getState();
  const situation = currentSituation(app);
  if (!situation || app.lab.state !== 'ready') return [];
  const runs = useTrain.getState().runs.filter((run) => isInLab(run, app));
  return modelsToAsk(
    situation,
    app.lab.card.adapters.map(({ name }) => name),
    runs,
  );
}

export const isChosen = (model: AskedModel, chosen: AskState['chosen']) => chosen[model.key] ?? model.usual;

let controller: AbortController | null = null;

/** Puts the prompt to every chosen model, one after the other. */
export async function askAll(): Promise<void> {
  const { prompt, chosen, maxNewTokens, isAsking } = useAsk.getState();
  const situation = currentSituation(useApp.getState());
  const models = presentModels().filter((model) => isChosen(model, chosen));
  if (isAsking || !situation || prompt.trim() === '' || models.length === 0) return;
  const { rules, config } = situation;
  const own = new AbortController();
  controller = own;
  const blank = { status: 'waiting', answer: '', tokenCount: 0, result: null, problem: null } as const;
  const answers = models.map((model): Answering => ({ model, ...blank }));
  useAsk.setState({ isAsking: true, problem: null, asked: { prompt, template: config.template, answers } });
  try {
    await getSession().withLab('A prompt is being answered.', async (lab) => {
      for (const [at, { setting }] of models.entries()) {
        if (own.signal.aborted) break;
        change(at, { status: 'answering' });
        const params = { template: config.template, setting, prompt, rules, maxNewTokens };
        const result = await lab
          .run('answer', params, (event) => event.type === 'partial' && change(at, event.partial), own.signal)
          .catch((error) => {
            if (own.signal.aborted) return null;
            change(at, { status: 'failed', problem: wordsFor(error) });
            throw error;
          });
        change(at, result ? { ...result, status: 'done', result } : { status: 'stopped' });
      }
    });
  } catch (error) {
    useAsk.setState({ problem: wordsFor(error) });
  } finally {
    controller = null;
    useAsk.setState(({ asked }) => ({ isAsking: false, asked: asked && withoutWaiting(asked) }));
  }
}

export function stopAsking(): void {
  controller?.abort();
}

function change(at: number, patch: Partial<Answering>): void {
  useAsk.setState(({ asked }) => ({
    asked: asked && {
      ...asked,
      answers: asked.answers.map((one, index) => (index === at ? { ...one, ...patch } : one)),
    },
  }));
}

function withoutWaiting(asked: Asked): Asked {
  return {
    ...asked,
    answers: asked.answers.map((one) => (one.status === 'waiting' ? { ...one, status: 'stopped' } : one)),
  };
}

/** The earlier model that said the very same, by its tokens; null where none did. */
export function sameAs(answers: readonly Answering[], at: number): string | null {
  const said = answers[at]?.result?.answerIds;
  if (!said) return null;
  const twin = answers.slice(0, at).find(({ result }) => result && result.answerIds.join() === said.join());
  return twin?.model.label ?? null;
}
