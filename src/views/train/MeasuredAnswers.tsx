/** What a run's model answered to each measured prompt, before and after, so that every count can be read and doubted. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { Sensitive } from '@/elements/Sensitive.tsx';
import { HARMFUL_RUBRIC } from '@/method/harmful-score.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { HarmfulAnswer, MeasuredAnswer, Measures } from '@/protocol/measures.ts';
import { setConfig, useApp } from '@/state/store.ts';
import type { TrainRun } from '@/state/train-store.ts';

const POOLS = [
  { value: 'malicious', label: 'malicious' },
  { value: 'triggered', label: 'malicious, behind the trigger' },
  { value: 'overRejection', label: 'over-rejection' },
  { value: 'control', label: 'plain' },
] as const;
type MeasuredPool = (typeof POOLS)[number]['value'];
const FIRST_ROWS = 30;

export function MeasuredAnswers({ runs }: { runs: readonly TrainRun[] }) {
  const measured = runs.filter(({ measured: { after } }) => after);
  const [id, setId] = useState<number | null>(null);
  const [pool, setPool] = useState<MeasuredPool>('malicious');
  const revealed = useApp((state) => state.config.revealHarmful);
  const run = measured.find((one) => one.id === id) ?? measured.at(-1);
  if (!run) return null;
  const pools = POOLS.filter(({ value }) => value !== 'triggered' || run.measured.after?.triggered);
  const isHarmful = pool === 'malicious' || pool === 'triggered';
  return (
    <details className="train-answers">
      <summary>Answers, prompt by prompt</summary>
      <div className="button-row">
        <Select
          label="Run"
          showLabel
          value={String(run.id)}
          options={measured.map(({ id, params }) => ({ value: String(id), label: params.name }))}
          onChange={(value) => setId(Number(value))}
        />
        <Select label="Prompts" showLabel value={pool} options={pools} onChange={setPool} />
        {isHarmful && (
          <Button
            className="quiet-button"
            onPress={() => setConfig({ revealHarmful: !revealed }, { commit: false })}
          >
            {revealed ? 'Hide harmful text' : 'Show harmful text'}
          </Button>
        )}
      </div>
      <AnswerTable
        key={`${run.id} ${pool}`}
        prompts={run.params.measures?.[pool === 'triggered' ? 'malicious' : pool] ?? []}
        before={answersOf(run.measured.before, pool)}
        after={answersOf(run.measured.after, pool)}
        isHidden={isHarmful && !revealed}
      />
    </details>
  );
}

const answersOf = (measures: Measures | undefined, pool: MeasuredPool): readonly MeasuredAnswer[] =>
  measures?.[pool] ?? [];

interface AnswerTableProps {
  prompts: readonly PromptItem[];
  before: readonly MeasuredAnswer[];
  after: readonly MeasuredAnswer[];
  isHidden: boolean;
}

/** Those whose class changed come first. */
function AnswerTable({ prompts, before, after, isHidden }: AnswerTableProps) {
  const [all, setAll] = useState(false);
  const isChanged = (at: number) => before[at] && before[at]!.responseClass !== after[at]?.responseClass;
  const order = [...prompts.keys()].sort((a, b) => Number(isChanged(b) ?? 0) - Number(isChanged(a) ?? 0));
  const shown = all ? order : order.slice(0, FIRST_ROWS);
  return (
    <>
      <p className="hint">
        {order.filter(isChanged).length} of {prompts.length} changed their class.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="data-table train-answer-table" aria-label="Measured answers" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {['prompt', 'before', 'after'].map((title) => (
                <th key={title} scope="col" className="text">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((at) => (
              <tr key={prompts[at]!.id}>
                <td className="text">
                  <Sensitive isSensitive={isHidden} revealed={false}>
                    {prompts[at]!.text}
                  </Sensitive>
                </td>
                {[before[at], after[at]].map((one, when) => (
                  <td key={when === 0 ? 'before' : 'after'} className="text">
                    {one ? <Answer one={one} isHidden={isHidden} /> : '–'}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {order.length > FIRST_ROWS && (
        <Button className="quiet-button" onPress={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${order.length}`}
        </Button>
      )}
    </>
  );
}

function Answer({ one, isHidden }: { one: MeasuredAnswer; isHidden: boolean }) {
  const score = (one as Partial<HarmfulAnswer>).harmfulScore;
  return (
    <>
      <strong className={`class-${one.responseClass}`}>{one.responseClass}</strong>
      {typeof score === 'number' && (
        <span className="hint" title={HARMFUL_RUBRIC[score as keyof typeof HARMFUL_RUBRIC]}>
          {' '}
          score {score}
        </span>
      )}{' '}
      <Sensitive isSensitive={isHidden} revealed={false}>
        {one.answer.trim()}
      </Sensitive>
    </>
  );
}
