/** Loss, fast probes and the proof of freezing, over all runs that are shown. */
import { useState } from 'react';
import { formatPercent } from '@/elements/number-words.ts';
import { Select } from '@/elements/Select.tsx';
import type { FigureStatus, Truth } from '@/elements/status.ts';
import { wilsonInterval } from '@/method/statistics.ts';
import { lossTable, type ProbePool, probeCount, probeTable, provenanceOf } from '@/state/train-compare.ts';
import { type TrainRun, useTrain } from '@/state/train-store.ts';
import { steadyDomain } from '@/views/shared/value-axis.ts';
import { LayersFigure } from './LayersFigure.tsx';
import { ProofFigure } from './ProofFigure.tsx';
import { lineOf } from './run-lines.ts';
import { StepFigure } from './StepFigure.tsx';
import { useComparedRuns } from './use-runs.ts';

const LOSS =
  'Mean loss of the labels of each batch, in nats per token. Batches differ, so single steps go up and down.';
const PROBES =
  'Share refused by the first answer token alone, on a few prompts, with 95 % Wilson intervals: a fast score, not decoded answers. A model that says nothing sensible is not counted as safe by the decoded count.';
const POOLS: ReadonlyArray<{ value: ProbePool; label: string }> = [
  { value: 'malicious', label: 'malicious' },
  { value: 'over-rejection', label: 'over-rejection' },
  { value: 'control', label: 'plain' },
];

export function RunFigures() {
  const all = useTrain((state) => state.runs);
  const runs = useComparedRuns();
  const activeId = useTrain((state) => state.activeId);
  const [pool, setPool] = useState<ProbePool>('malicious');
  const [proofId, setProofId] = useState<number | null>(null);
  const withSteps = runs.filter(({ steps }) => steps.length > 0);
  const withProbes = runs.filter(({ probes }) => probes.length > 0);
  const proven = runs.filter(({ result }) => result !== null);
  const lastStep = Math.max(1, ...runs.map(({ params }) => params.optimiser.steps));
  const place = (run: TrainRun) => lineOf(all.indexOf(run));
  const status = (some: readonly TrainRun[], hint: string): FigureStatus => {
    const active = runs.find(({ id }) => id === activeId);
    if (!active) return some.length > 0 ? { state: 'ready' } : { state: 'empty', hint };
    const fraction = active.steps.length / active.params.optimiser.steps;
    const work = {
      fraction,
      text: active.doing ?? `step ${active.steps.at(-1)?.step ?? 0} of ${active.params.optimiser.steps}`,
    };
    return { state: some.length > 0 ? 'partial' : 'loading', work };
  };
  const truth = (some: readonly TrainRun[], live: Truth): Truth | null =>
    some.length === 0 ? null : some.some(({ origin }) => origin === 'recorded') ? 'recorded' : live;
  const losses = withSteps.flatMap(({ steps }) => steps.map(({ loss }) => loss));
  const label = ({ params, origin }: TrainRun) =>
    `${params.name}${origin === 'recorded' ? ' (recorded)' : ''}`;
  const shownProof = proven.find(({ id }) => id === proofId) ?? proven.at(-1) ?? null;
  return (
    <>
      <StepFigure
        name="train-loss"
        title="Loss"
        caption={LOSS}
        captionText={LOSS}
        status={status(withSteps, 'Press Train: the curve grows with every step.')}
        truth={truth(withSteps, 'exact')}
        provenance={provenanceOf(withSteps)}
        data={withSteps.length > 0 ? () => lossTable(withSteps) : null}
        series={withSteps.map((run) => ({
          key: String(run.id),
          label: label(run),
          ...place(run),
          points: run.steps.map(({ step, loss }) => ({ step, value: loss })),
        }))}
        domain={steadyDomain(losses, [0, 1], 0.5)}
        lastStep={lastStep}
        format={(value) => value.toFixed(2)}
      />
      <StepFigure
        name="train-probes"
        title="Refusals while training"
        caption={PROBES}
        captionText={PROBES}
        status={status(withProbes, 'A fast look every few steps, once a run trains.')}
        truth={truth(withProbes, 'fast')}
        provenance={provenanceOf(withProbes)}
        data={withProbes.length > 0 ? () => probeTable(withProbes) : null}
        controls={<Select label="Prompts" showLabel value={pool} options={POOLS} onChange={setPool} />}
        series={withProbes.map((run) => ({
          key: String(run.id),
          label: label(run),
          ...place(run),
          points: run.probes.map((probe) => {
            const { refused, total } = probeCount(probe, pool);
            return { step: probe.step, value: refused / total, ...wilsonInterval(refused, total) };
          }),
        }))}
        domain={[0, 1]}
        lastStep={lastStep}
        format={(value) => formatPercent(value, 1)}
      />
      {proven.length > 1 && (
        <div className="option">
          <Select
            label="Proof and layers of"
            showLabel
            value={String(shownProof!.id)}
            options={proven.map((run) => ({ value: String(run.id), label: label(run) }))}
            onChange={(id) => setProofId(Number(id))}
          />
        </div>
      )}
      <ProofFigure run={shownProof} />
      <LayersFigure run={shownProof} />
    </>
  );
}
