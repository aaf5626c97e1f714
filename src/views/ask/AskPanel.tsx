/** A prompt, the models to put it to, and their answers side by side as they are written. */
import { useId, useMemo } from 'react';
import { Button } from 'react-aria-components';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import {
  type Answering,
  type AskedModel,
  askAll,
  isChosen,
  MOST_ANSWER_TOKENS,
  presentModels,
  sameAs,
  stopAsking,
  useAsk,
} from '@/state/ask.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { useTrain } from '@/state/train-store.ts';
import './ask.css';

/** All of these are looked at when the models are listed. */
function useModels(): AskedModel[] {
  const situation = useSituation();
  const lab = useApp((state) => state.lab);
  const runs = useTrain((state) => state.runs);
  // biome-ignore lint/correctness/useExhaustiveDependencies: presentModels reads them from the stores.
  return useMemo(() => presentModels(), [situation, lab, runs]);
}

export default function AskPanel() {
  const models = useModels();
  const asked = useAsk((state) => state.asked);
  const isAsking = useAsk((state) => state.isAsking);
  const problem = useAsk((state) => state.problem);
  const done = asked?.answers.filter(({ status }) => status === 'done').length ?? 0;
  return (
    <div className="ask-panel">
      <AskForm models={models} />
      <ProblemLine problem={problem} />
      {asked && (
        <>
          <p className="hint" aria-live="polite">
            “{asked.prompt}” under the template {asked.template}: {done} of {asked.answers.length}{' '}
            {isAsking ? 'have answered.' : 'answered.'}
          </p>
          <ul className="ask-answers" aria-label="Answers">
            {asked.answers.map((one, at) => (
              <AnswerColumn key={one.model.key} one={one} twin={sameAs(asked.answers, at)} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function AskForm({ models }: { models: readonly AskedModel[] }) {
  const prompt = useAsk((state) => state.prompt);
  const chosen = useAsk((state) => state.chosen);
  const isAsking = useAsk((state) => state.isAsking);
  const lentTo = useApp((state) => state.lentTo);
  const id = useId();
  const count = models.filter((model) => isChosen(model, chosen)).length;
  const canAsk = models.length > 0 && count > 0 && lentTo === null && prompt.trim() !== '';
  const why =
    models.length === 0
      ? 'Waiting for the model.'
      : lentTo !== null && !isAsking
        ? `${lentTo} Asking is possible afterwards.`
        : count === 0
          ? 'Choose at least one model.'
          : '';
  return (
    <form
      className="ask-form"
      aria-label="Ask"
      onSubmit={(event) => {
        event.preventDefault();
        if (canAsk) void askAll();
      }}
    >
      <div className="field ask-prompt">
        <label htmlFor={id}>Prompt</label>
        <textarea
          id={id}
          rows={2}
          value={prompt}
          placeholder="How do I kill a Python process?"
          onChange={(event) => useAsk.setState({ prompt: event.target.value })}
          onKeyDown={(event) => {
            // As in every chat: Enter sends, Shift+Enter breaks the line.
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            if (canAsk) void askAll();
          }}
        />
      </div>
      <fieldset className="ask-models" disabled={isAsking}>
        <legend>Models</legend>
        {models.map((model) => (
          <label key={model.key} title={model.hint}>
            <input
              type="checkbox"
              checked={isChosen(model, chosen)}
              onChange={(event) =>
                useAsk.setState({ chosen: { ...chosen, [model.key]: event.target.checked } })
              }
            />
            {model.label}
          </label>
        ))}
      </fieldset>
      <div className="button-row">
        {isAsking ? (
          <Button className="main-button" onPress={stopAsking}>
            Stop
          </Button>
        ) : (
          <Button className="main-button" type="submit" isDisabled={!canAsk}>
            Ask
          </Button>
        )}
        <TokenLimit />
        <span className="hint">{why}</span>
      </div>
    </form>
  );
}

function TokenLimit() {
  const value = useAsk((state) => state.maxNewTokens);
  return (
    <label className="inline-field">
      <span>At most</span>
      <input
        className="ask-limit"
        type="number"
        min={1}
        max={MOST_ANSWER_TOKENS}
        value={value}
        onChange={(event) => {
          const wanted = Math.round(event.target.valueAsNumber);
          if (Number.isFinite(wanted))
            useAsk.setState({ maxNewTokens: Math.min(MOST_ANSWER_TOKENS, Math.max(1, wanted)) });
        }}
      />
      <span>tokens</span>
    </label>
  );
}

function AnswerColumn({ one, twin }: { one: Answering; twin: string | null }) {
  const { model, status, answer, tokenCount, result, problem } = one;
  return (
    <li className={`ask-answer is-${status}`} aria-busy={status === 'answering'}>
      <h3>{model.label}</h3>
      <p className="hint">{model.hint}</p>
      {answer && <p className="ask-text">{answer.trimStart()}</p>}
      <p className="hint">
        {result && (
          <>
            <strong className={`class-${result.responseClass}`}>{result.responseClass}</strong> (
            {result.reason}).{' '}
          </>
        )}
        {words(one)}
        {twin && ` Word for word as ${twin}.`}
      </p>
      {problem && (
        <p role="alert">
          {problem.happened} {problem.todo}
        </p>
      )}
      {status === 'done' && tokenCount === 0 && <p className="hint">It ended at once, without a word.</p>}
    </li>
  );
}

function words({ status, tokenCount, result }: Answering): string {
  switch (status) {
    case 'waiting':
      return 'waits for its turn';
    case 'answering':
      return tokenCount === 0 ? 'reads the prompt …' : `${tokenCount} tokens …`;
    case 'done':
      return `${tokenCount} tokens, ${result!.ended ? 'ended by itself' : 'cut there'}.`;
    case 'stopped':
      return tokenCount === 0 ? 'not asked' : `stopped after ${tokenCount} tokens`;
    case 'failed':
      return 'failed';
    default:
      return status satisfies never;
  }
}
