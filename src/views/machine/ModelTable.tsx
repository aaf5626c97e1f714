/** The listed models on this machine: memory, whether they fit, and how fast they would be at best, once that was measured. */
import type { ModelHere } from '@/actions/listed-models.ts';
import { DataTable } from '@/elements/DataTable.tsx';
import type { FigureData } from '@/figures/provenance.ts';
import { specOfListed } from '@/machine/model-list.ts';
import { estimateSpeed } from '@/machine/speed-estimate.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import { BACKEND_NAMES } from '@/state/backend-names.ts';
import { VERDICT_WORDS } from '@/state/look-words.ts';
import { useMachine } from '@/state/machine.ts';
import { useListedModels } from '../shared/use-listed-models.ts';

export function ModelTable() {
  const speeds = useMachine((state) => state.speeds);
  const models = useListedModels() ?? [];
  return (
    <section aria-labelledby="machine-models">
      <h3 id="machine-models">Models here</h3>
      <p className="hint">
        {speeds.length === 0
          ? 'Speeds appear when the machine was measured.'
          : 'Tokens a second are estimates from matrix products alone: norms, attention and copying are left out, so models are slower than this. Answers: eight at a time, together.'}
      </p>
      <DataTable data={tableOf(models, speeds)} caption="Listed models on this machine" />
    </section>
  );
}

function tableOf(models: readonly ModelHere[], speeds: readonly SpeedMeasure[]): FigureData {
  return {
    columns: [
      { key: 'model', label: 'Model' },
      { key: 'fits', label: 'Fits' },
      ...speeds.flatMap(({ backend }) => [
        { key: `${backend}.read`, label: `${BACKEND_NAMES[backend]}: prompt tokens/s, estimate`, digits: 0 },
        { key: `${backend}.write`, label: `${BACKEND_NAMES[backend]}: answer tokens/s, estimate`, digits: 1 },
      ]),
      { key: 'sizes', label: 'Takes' },
    ],
    rows: models.map((model) => [
      model.repo,
      model.obstacle ?? (model.verdict ? VERDICT_WORDS[model.verdict] : null),
      ...speeds.flatMap((speed) => {
        if (model.obstacle !== null) return [null, null];
        const { readPerSecond, writePerSecond } = estimateSpeed(specOfListed(model), speed);
        return [readPerSecond, writePerSecond];
      }),
      model.sizes,
    ]),
  };
}
