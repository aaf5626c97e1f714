/** Which matrices alpha multiplies, how many prompts are counted, how refusals are told: with a way back for each. */
import { Button, ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { MATRIX_PRESET_KEYS, MATRIX_PRESETS, type MatrixPresetKey } from '@/method/scaling.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';
import { matricesOf, normaliseMatrices, SETTINGS, type SettingKey } from '@/state/config.ts';
import { openDialog, resetConfig, setConfig, useApp } from '@/state/store.ts';
import { sameValue } from '@/state/url.ts';

const COUNTS = [16, 32, 64, 128, 200] as const;

export function ScaleOptions() {
  const matrices = useApp((state) => state.config.matrices);
  const promptCount = useApp((state) => state.config.promptCount);
  const bandWidth = useApp((state) => state.config.bandWidth);
  const picked = matricesOf(matrices);
  // Closed, it says what is chosen.
  const counts = [...new Set([...COUNTS, promptCount])].sort((a, b) => a - b);
  return (
    <details className="scale-options">
      <summary>
        {typeof matrices === 'string' ? MATRIX_PRESETS[matrices].name : matrices.join(' ')}, {promptCount}{' '}
        prompts, bands of {bandWidth}
      </summary>
      <div className="option">
        <Select<MatrixPresetKey | 'own'>
          label={SETTINGS.matrices.label}
          showLabel
          value={typeof matrices === 'string' ? matrices : 'own'}
          options={[
            ...MATRIX_PRESET_KEYS.map((key) => ({ value: key, label: MATRIX_PRESETS[key].name })),
            ...(typeof matrices === 'string' ? [] : [{ value: 'own' as const, label: 'own choice' }]),
          ]}
          onChange={(value) => value !== 'own' && setConfig({ matrices: value })}
        />
        <Reset setting="matrices" />
      </div>
      <ToggleButtonGroup
        className="matrix-buttons"
        aria-label="Single matrices"
        selectionMode="multiple"
        disallowEmptySelection
        selectedKeys={picked}
        onSelectionChange={(keys) => setConfig({ matrices: normaliseMatrices([...keys] as MatrixName[]) })}
      >
        {MATRIX_NAMES.map((name) => (
          <ToggleButton key={name} id={name} className="matrix-button">
            {name}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      <p className="hint">{describe(matrices)}</p>
      <div className="option">
        <Select
          label="Prompts counted"
          showLabel
          value={String(promptCount)}
          options={counts.map((count) => ({ value: String(count), label: String(count) }))}
          onChange={(value) => setConfig({ promptCount: Number(value) })}
        />
        <Reset setting="promptCount" />
      </div>
      <div className="option">
        <Select
          label={SETTINGS.bandWidth.label}
          showLabel
          value={String(bandWidth)}
          options={Array.from({ length: 12 }, (_, index) => ({
            value: String(index + 1),
            label: `${index + 1} layers`,
          }))}
          onChange={(value) => setConfig({ bandWidth: Number(value) })}
        />
        <Reset setting="bandWidth" />
      </div>
      <div className="option">
        <Button className="quiet-button" onPress={() => openDialog({ kind: 'rules' })}>
          Refusal rules …
        </Button>
        <Button className="quiet-button" onPress={() => resetConfig()}>
          Reset everything
        </Button>
      </div>
    </details>
  );
}

function describe(matrices: ReturnType<typeof useApp.getState>['config']['matrices']): string {
  return typeof matrices === 'string' ? MATRIX_PRESETS[matrices].description : `Only ${matrices.join(', ')}.`;
}

function Reset({ setting }: { setting: SettingKey }) {
  const value = useApp((state) => state.config[setting]);
  if (sameValue(value, SETTINGS[setting].default)) return null;
  return (
    <Button
      className="icon-button"
      aria-label={`Reset ${SETTINGS[setting].label}`}
      onPress={() => resetConfig([setting])}
    >
      ↺
    </Button>
  );
}
