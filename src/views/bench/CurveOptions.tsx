/** How the curves are computed and which prompts' attention is drawn: settings that are set once and then forgotten. */
import { useShallow } from 'zustand/react/shallow';
import { Select } from '@/elements/Select.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import { SETTINGS } from '@/state/config.ts';
import { attentionPrompts } from '@/state/pools.ts';
import { setConfig, useApp } from '@/state/store.ts';
import { AttentionPromptSelect } from './AttentionPromptSelect.tsx';

/** The paper draws 500 pairs of each kind (section 3.2). */
const PAPER_DRAWS = 500;

const chooseA = (attentionPromptA: string) => setConfig({ attentionPromptA });
const chooseB = (attentionPromptB: string) => setConfig({ attentionPromptB });

export function CurveOptions() {
  const pairs = useApp((state) => state.config.pairs);
  const lastPoint = useApp((state) => state.config.lastPoint);
  const showBase = useApp((state) => state.config.showBase);
  const seed = useApp((state) => state.config.seed);
  const [a, b] = useApp(useShallow(({ pools, config }) => (pools ? attentionPrompts(pools, config) : [])));
  return (
    <section aria-labelledby="curves-title">
      <h2 id="curves-title">Curves</h2>
      <div className="side-options">
        <Select
          label={SETTINGS.pairs.label}
          showLabel
          value={pairs.kind}
          options={[
            { value: 'all', label: 'all, exact' },
            {
              value: 'draws',
              label: pairs.kind === 'draws' ? `${pairs.draws} draws` : `${PAPER_DRAWS} draws`,
              hint: 'the paper’s',
            },
          ]}
          onChange={(kind) =>
            setConfig({ pairs: kind === 'all' ? { kind } : { kind, draws: PAPER_DRAWS, seed: seed } })
          }
        />
        <Select
          label={SETTINGS.lastPoint.label}
          showLabel
          value={lastPoint}
          options={[
            { value: 'before-final-norm', label: 'before norm', hint: 'comparable with the other layers' },
            { value: 'after-final-norm', label: 'after norm', hint: 'the published code’s' },
          ]}
          onChange={(lastPoint) => setConfig({ lastPoint })}
        />
        <Toggle
          label={SETTINGS.showBase.label}
          isOn={showBase}
          onChange={(showBase) => setConfig({ showBase })}
        />
        <SeedField />
        <AttentionPromptSelect label="Attention, first" chosen={a} onChange={chooseA} />
        <AttentionPromptSelect label="Attention, second" chosen={b} onChange={chooseB} />
      </div>
    </section>
  );
}

function SeedField() {
  const seed = useApp((state) => state.config.seed);
  return (
    <label className="inline-field">
      {SETTINGS.seed.label}
      <input
        key={seed}
        type="number"
        min={0}
        step={1}
        defaultValue={seed}
        onBlur={(event) => {
          const parsed = SETTINGS.seed.schema.safeParse(event.currentTarget.valueAsNumber);
          if (parsed.success && parsed.data !== seed) setConfig({ seed: parsed.data });
          else event.currentTarget.value = String(seed);
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </label>
  );
}
