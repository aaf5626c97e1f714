/** How the curves are computed: settings that are set once and then forgotten. */
import { Select } from '@/elements/Select.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import { SETTINGS } from '@/state/config.ts';
import { setConfig, useApp } from '@/state/store.ts';

/** The paper draws 500 pairs of each kind (section 3.2). */
const PAPER_DRAWS = 500;

export function CurveOptions() {
  const pairs = useApp((state) => state.config.pairs);
  const lastPoint = useApp((state) => state.config.lastPoint);
  const showBase = useApp((state) => state.config.showBase);
  const seed = useApp((state) => state.config.seed);
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
              label: 'random draws',
              hint: `the paper’s: ${PAPER_DRAWS} of each kind`,
            },
          ]}
          onChange={(kind) =>
            setConfig({ pairs: kind === 'all' ? { kind } : { kind, draws: PAPER_DRAWS, seed } })
          }
        />
        {pairs.kind === 'draws' && (
          <NumberField
            label="Draws per kind"
            value={pairs.draws}
            accepts={(draws) => SETTINGS.pairs.schema.safeParse({ ...pairs, draws }).success}
            onChange={(draws) => setConfig({ pairs: { ...pairs, draws } })}
          />
        )}
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
        <NumberField
          label={SETTINGS.seed.label}
          value={seed}
          accepts={(to) => SETTINGS.seed.schema.safeParse(to).success}
          onChange={(to) =>
            setConfig({ seed: to, ...(pairs.kind === 'draws' ? { pairs: { ...pairs, seed: to } } : {}) })
          }
        />
      </div>
    </section>
  );
}

interface NumberFieldProps {
  label: string;
  value: number;
  /** Whether the number may be taken. */
  accepts: (value: number) => boolean;
  onChange: (value: number) => void;
}

/** Takes effect when it is left or Enter is pressed: every number on the way would start work of its own. */
function NumberField({ label, value, accepts, onChange }: NumberFieldProps) {
  return (
    <label className="inline-field">
      {label}
      <input
        key={value}
        type="number"
        min={0}
        step={1}
        defaultValue={value}
        onBlur={(event) => {
          const typed = event.currentTarget.valueAsNumber;
          if (accepts(typed)) {
            if (typed !== value) onChange(typed);
          } else event.currentTarget.value = String(value);
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </label>
  );
}
