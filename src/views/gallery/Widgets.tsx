/** The widgets of src/elements, for eyes: invented numbers, never part of the product. */
import { BigNumber, SegmentedControl, Select, Slider, Term, Toggle } from '@/elements/index.ts';

export interface WidgetsProps {
  alpha: number;
  setAlpha: (alpha: number) => void;
  revealed: boolean;
  onReveal: (revealed: boolean) => void;
}

export function Widgets({ alpha, setAlpha, revealed, onReveal }: WidgetsProps) {
  return (
    <>
      <h1 style={{ fontSize: 'var(--text-m)' }}>Gallery. All data here are SYNTHETIC, from no model.</h1>
      <p>
        A word with its meaning: <Term name="angle-gap" />, <Term name="over-rejection">over-rejected</Term>.
      </p>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 32, marginBottom: 16 }}>
        <BigNumber
          value={40}
          of={64}
          label="harmless prompts refused"
          truth="exact"
          ofRole="over-rejected"
          change={{ difference: 13, low: 7, high: 19, pValue: 0.0002 }}
        />
        <BigNumber
          value={38}
          of={64}
          label="while dragging"
          truth="fast"
          ofRole="over-rejected"
          pending={{ fraction: 0.4, text: 'decoding 26 of 64' }}
        />
        <BigNumber
          value={27}
          of={64}
          label="R0, alpha = 1"
          truth="recorded"
          ofRole="over-rejected"
          size="m"
        />
      </div>
      <div style={{ maxWidth: 320 }}>
        <Slider
          label="alpha"
          value={alpha}
          min={0.5}
          max={1.5}
          step={0.01}
          origin={1}
          format={(v) => v.toFixed(2)}
          onChange={setAlpha}
          marks={[
            { value: 0.5, label: '0.5' },
            { value: 1, label: '1' },
            { value: 1.5, label: '1.5' },
          ]}
        />
        <Select
          label="Matrices"
          showLabel
          value="all"
          options={[
            { value: 'all', label: 'all 7', hint: 'as in the repository' },
            { value: 'no-o', label: 'without o', hint: 'as the published table' },
          ]}
          onChange={() => {}}
        />{' '}
        <Toggle label="reveal" isOn={revealed} onChange={onReveal} />
        <SegmentedControl
          label="Model"
          value="aligned"
          options={[
            { value: 'base', label: 'base' },
            { value: 'aligned', label: 'aligned' },
            { value: 'planted', label: 'planted 8–13' },
          ]}
          onChange={() => {}}
        />
      </div>
    </>
  );
}
