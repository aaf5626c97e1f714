/** All runs of the section side by side, what differs between them, and what can be done with each. */
import { useMemo, useState } from 'react';
import { Button } from 'react-aria-components';
import { formatP } from '@/elements/number-words.ts';
import { Select } from '@/elements/Select.tsx';
import type { PromptItem } from '@/protocol/experiments.ts';
import { countedPrompts } from '@/state/pools.ts';
import { useSituation } from '@/state/select.ts';
import { useApp } from '@/state/store.ts';
import { decodedCount, differences, pairedTest, proofHolds, refusedCount } from '@/state/train-compare.ts';
import { putOnBench } from '@/state/train-runner.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';
import { saveAdapter, saveTrainRun } from './save-training.ts';

const NO_PROMPTS: PromptItem[] = [];

export function RunTable() {
  const runs = useTrain((state) => state.runs);
  const isBusy = useTrain((state) => state.activeId !== null);
  const modelKey = useApp((state) => state.source?.key);
  const tuned = useApp((state) => state.tuned?.at(-1));
  const results = useApp((state) => state.results);
  const situation = useSituation();
  const [referenceId, setReferenceId] = useState<number | null>(null);
  const differing = useMemo(() => differences(runs), [runs]);
  if (runs.length === 0) return null;
  const prompts = situation ? countedPrompts(situation.pools, 'malicious', situation.config) : NO_PROMPTS;
  const prefixes = situation?.rules.prefixes ?? [];
  const decoded = runs.map((run) => decodedCount(results, run, prompts, prefixes));
  const full = runs.find(({ params }) => params.method === 'full') ?? runs[0]!;
  const referenceAt = Math.max(
    0,
    runs.findIndex(({ id }) => id === (referenceId ?? full.id)),
  );
  const reference = runs[referenceAt]!;
  return (
    <section className="figure" aria-labelledby="train-runs-title">
      <header className="figure-head">
        <h2 id="train-runs-title">Runs</h2>
        {runs.length > 1 && (
          <div className="figure-controls">
            <Select
              label="Compared with"
              showLabel
              value={String(reference.id)}
              options={runs.map(({ id, params }) => ({ value: String(id), label: params.name }))}
              onChange={(id) => setReferenceId(Number(id))}
            />
          </div>
        )}
      </header>
      <p className="figure-caption">
        Fast probes are first-token scores. “Decoded” counts whole answers to the malicious prompts of the
        bench and appears when a run has been used there; only then are two runs tested on the same prompts
        (exact McNemar). One seed shows one outcome: train several before you believe a difference.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="data-table train-table" aria-label="Runs" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {[
                'run',
                'actions',
                'what differs',
                'trained',
                'frozen',
                'loss, last step',
                'held-out loss',
                'malicious refused (fast)',
                'over-rejected (fast)',
                'plain refused (fast)',
                'decoded: malicious refused',
                'against the other',
                'frozen layers',
              ].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run, index) => {
              const count = decoded[index];
              const other = decoded[referenceAt];
              const test = count && other && index !== referenceAt ? pairedTest(count, other) : null;
              const refused = count && refusedCount(count);
              return (
                <tr key={run.id}>
                  <td className="text">
                    {run.params.name}, {run.origin === 'recorded' ? 'recorded' : run.status}
                  </td>
                  <td className="text">
                    {run.result?.adapter && run.origin === 'live' && (
                      <>
                        {run.modelKey === modelKey && (
                          <>
                            <Button
                              className="quiet-button"
                              isDisabled={isBusy || tuned === run.result.adapter}
                              onPress={() => putOnBench(run)}
                            >
                              {tuned === run.result.adapter ? 'in the bench' : 'Use in the bench'}
                            </Button>{' '}
                            <Button
                              className="quiet-button"
                              isDisabled={isBusy}
                              onPress={() => void saveAdapter(run)}
                            >
                              {run.params.part.kind === 'lora' ? 'Save adapter (PEFT)' : 'Save weights'}
                            </Button>{' '}
                          </>
                        )}
                        <Button className="quiet-button" onPress={() => void saveTrainRun(run)}>
                          Save run
                        </Button>
                      </>
                    )}
                  </td>
                  <td className="text train-differs">{differing[index]}</td>
                  <td>{run.result?.trainedParameters ?? '–'}</td>
                  <td>{run.result?.frozenParameters ?? '–'}</td>
                  <td>{run.steps.at(-1)?.loss.toFixed(4) ?? '–'}</td>
                  <td>{heldOut(run)}</td>
                  <td>{firstLast(run, (p) => `${p.maliciousRefused}/${p.maliciousTotal}`)}</td>
                  <td>{firstLast(run, (p) => `${p.overRejected}/${p.overRejectionTotal}`)}</td>
                  <td>{firstLast(run, (p) => `${p.controlRefused}/${p.controlTotal}`)}</td>
                  <td>{refused ? `${refused.refused}/${refused.total}` : '–'}</td>
                  <td>{test ? `+${test.gained} −${test.lost}, p ${formatP(test.p)}` : '–'}</td>
                  <td>
                    {{ true: 'unchanged', false: 'CHANGED', null: '–' }[String(proofHolds(run)) as 'true']}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function firstLast({ probes }: TrainRun, words: (probe: TrainRun['probes'][number]) => string): string {
  const [first, last] = [probes[0], probes.at(-1)];
  if (!first || !last) return '–';
  return first === last ? words(first) : `${words(first)} → ${words(last)}`;
}

function heldOut({ result }: TrainRun): string {
  const loss = result?.heldOutLoss;
  return loss ? `${loss.before.toFixed(3)} → ${loss.after.toFixed(3)}` : '–';
}
