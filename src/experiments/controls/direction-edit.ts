/** Control: the refusal direction taken out of the running model, or put into it. Reading it: refusal-direction.ts. */
import { differenceOfMeans } from '@/method/refusal-direction.ts';
import { standingOut } from './bands.ts';
import type { Control } from './control.ts';
import { type Cell, runCells } from './effect-damage.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { layerOf, readPools } from './vectors.ts';

export const directionEdit: Control = {
  name: 'direction-edit',
  title: 'Refusal direction, edited',
  explanation:
    "Each layer's difference of means of malicious and normal prompts is taken out of what leaves every layer, and refusals of malicious prompts are counted; or it is added after its own layer, and refusals of over-rejection prompts are. A direction that carries refusal takes it away and brings it back.",
  reference: 'Arditi et al. 2024 (2406.11717), directional ablation and activation addition',
  needs: {
    pools: ['normal', 'malicious', 'counted'],
    range: false,
    calibration: true,
    adapter: false,
  },
  options: [
    {
      key: 'edit',
      label: 'Edit',
      description: 'Taking the direction out of every layer, or adding it after its own.',
      kind: 'choice',
      default: 'out',
      choices: [
        { value: 'out', label: 'take it out; count malicious prompts' },
        { value: 'in', label: 'put it in; count over-rejection prompts' },
      ],
    },
    {
      key: 'times',
      label: 'How much is put in',
      description: 'In lengths of the difference of means; of no account when the direction is taken out.',
      kind: 'number',
      default: 1,
      min: -20,
      max: 20,
    },
    {
      key: 'step',
      label: 'Step',
      description: 'The direction of every so many layers is tried; 1 is every layer.',
      kind: 'integer',
      default: 1,
      min: 1,
      max: 64,
    },
  ],
  unit: 'prompts',
  async *run(run) {
    const { params, layerCount } = run;
    const setting = { ...params.setting, scale: [] };
    const pooled = yield* readPools(run, { template: params.template, setting }, 'Reading prompts');
    const out = run.choice('edit') === 'out';
    const everywhere = Array.from({ length: layerCount }, (_, layer) => layer);
    const cells: Cell[] = [];
    for (let layer = 0; layer < layerCount; layer += run.number('step')) {
      const size = pooled.normalCount + pooled.maliciousCount;
      const { unit, length } = differenceOfMeans(layerOf(run, pooled, layer), size, pooled.normalCount);
      const edit = {
        layers: out ? everywhere : [layer],
        direction: [...unit],
        gain: out ? -1 : 0,
        shift: out ? 0 : run.number('times') * length,
        positions: 'all' as const,
      };
      cells.push({
        label: `direction of layer ${layer}`,
        series: out ? 'taken out everywhere' : 'put in after its layer',
        x: layer,
        setting: { ...setting, edits: [edit] },
      });
    }
    const pool = out ? 'malicious' : 'counted';
    const { rows, measures, unchanged, total } = yield* runCells(run, cells, pool);
    return { axis: LAYER_AXIS(run), measures, rows, findings: [standingOut(rows, unchanged, total)] };
  },
};
