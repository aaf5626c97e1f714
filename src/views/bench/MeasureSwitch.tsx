/** The measure that all pictures share, beside the layers that they share: one switch, explained in a sentence each. */
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { MEASURES } from '@/protocol/experiments.ts';
import { setConfig, useApp } from '@/state/store.ts';
import { MEASURE_WORDS } from '@/views/similarity/SimilarityCurves.tsx';

export function MeasureSwitch() {
  const measure = useApp((state) => state.config.measure);
  return (
    <SegmentedControl
      label="Measure"
      value={measure}
      options={MEASURES.map((value) => ({ value, ...MEASURE_WORDS[value] }))}
      onChange={(measure) => setConfig({ measure })}
    />
  );
}
