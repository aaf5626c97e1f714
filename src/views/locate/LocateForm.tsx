/** Settings of the Locate section, each with its description; how much the searches cost stands beside their buttons. */
import { Button } from 'react-aria-components';
import { formatAlpha, formatRange } from '@/elements/number-words.ts';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Slider } from '@/elements/Slider.tsx';
import { ALPHA_MAX, ALPHA_MIN, ALPHA_STEP, snapAlpha } from '@/state/config.ts';
import {
  DEFAULT_LOCATE_SETTINGS,
  LOCATE_DESCRIPTIONS,
  type LocateSettings,
} from '@/state/locate-settings.ts';
import { setLocateSettings, useLocateSettings } from '@/state/select-locate.ts';
import { setConfig, useApp } from '@/state/store.ts';

const DIRECTIONS = [
  { value: 'both', label: 'both ways' },
  { value: 'raise', label: 'alpha above 1' },
  { value: 'lower', label: 'alpha below 1' },
] as const;
const COUNTING = [
  { value: 'score', label: 'first token' },
  { value: 'exact', label: 'decoded answers' },
] as const;
const PATHS = [
  { value: 'raise', label: 'above 1' },
  { value: 'lower', label: 'below 1' },
  { value: 'none', label: 'none' },
] as const;

// Made once: controls that are given the same things again are not drawn again.
const setDirections = (directions: LocateSettings['directions']) => setLocateSettings({ directions });
const setCounting = (counting: LocateSettings['counting']) => setLocateSettings({ counting });
const setPath = (path: LocateSettings['path']) => setLocateSettings({ path });

export function LocateForm() {
  const { settings, problems } = useLocateSettings();
  const [first, last] = useApp((state) => state.config.range);
  const promptCount = useApp((state) => state.config.promptCount);
  const isDefault = useApp((state) => state.config.search === '');
  const { start } = settings;
  return (
    <form
      className="locate-form"
      aria-label="Settings of the searches"
      onSubmit={(event) => event.preventDefault()}
    >
      {problems.length > 0 && <p role="alert">{problems.join(' ')}</p>}
      <SegmentedControl
        label={LOCATE_DESCRIPTIONS.directions.label}
        showLabel
        value={settings.directions}
        options={DIRECTIONS}
        onChange={setDirections}
      />
      <p className="hint">{LOCATE_DESCRIPTIONS.directions.description}</p>
      <SegmentedControl
        label={LOCATE_DESCRIPTIONS.counting.label}
        showLabel
        value={settings.counting}
        options={COUNTING}
        onChange={setCounting}
      />
      <p className="hint">{LOCATE_DESCRIPTIONS.counting.description}</p>
      <p className="locate-start">
        Start: {start ? formatRange({ first: start[0], last: start[1] }) : 'from the gap'}{' '}
        {start ? (
          <Button className="quiet-button" onPress={() => setLocateSettings({ start: null })}>
            From the gap
          </Button>
        ) : (
          <Button className="quiet-button" onPress={() => setLocateSettings({ start: [first, last] })}>
            From {formatRange({ first, last })}, as on the strip
          </Button>
        )}
      </p>
      <p className="hint">{LOCATE_DESCRIPTIONS.start.description}</p>
      <Slider
        label={LOCATE_DESCRIPTIONS.alpha.label}
        value={settings.alpha}
        min={ALPHA_MIN}
        max={ALPHA_MAX}
        step={ALPHA_STEP}
        origin={1}
        marks={[{ value: 1, label: '1' }]}
        format={formatAlpha}
        onChange={(value) => setLocateSettings({ alpha: awayFromOne(value, settings.alpha) })}
      />
      <p className="hint">{LOCATE_DESCRIPTIONS.alpha.description}</p>
      <SegmentedControl
        label={LOCATE_DESCRIPTIONS.path.label}
        showLabel
        value={settings.path}
        options={PATHS}
        onChange={setPath}
      />
      <p className="hint">
        {promptCount} over-rejection prompts, matrices and template as on the bench. The bench’s own counts go
        first; a search that was interrupted goes on where it was.
      </p>
      {!isDefault && (
        <Button className="quiet-button" onPress={() => setConfig({ search: '' })}>
          Back to the defaults (alpha {formatAlpha(DEFAULT_LOCATE_SETTINGS.alpha)}, start from the gap)
        </Button>
      )}
    </form>
  );
}

/** At 1 nothing is scaled: the handle steps over it. */
function awayFromOne(value: number, before: number): number {
  const alpha = snapAlpha(value);
  if (alpha !== 1) return alpha;
  return snapAlpha(before < 1 ? 1 + ALPHA_STEP : 1 - ALPHA_STEP);
}
