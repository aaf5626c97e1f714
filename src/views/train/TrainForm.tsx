/** Settings of a run, each with its description, the paper's value and a way back; and what follows from them beforehand. */
import { useId, useMemo, useState } from 'react';
import { Button } from 'react-aria-components';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { ATTACK_DATA_INFO } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import type { AttackData, AttackMethod, FinetuneRow, OptimiserParams } from '@/protocol/training.ts';
import { memoryWords } from '@/state/progress-words.ts';
import { setConfig, useApp } from '@/state/store.ts';
import {
  type ChoiceSetting,
  encodeTrainSettings,
  type NumberSetting,
  numberProblem,
  TRAIN_SETTINGS,
  type TrainSettingKey,
  type TrainSettings,
} from '@/state/train-settings.ts';
import { useRowTokens } from '@/state/train-tokens.ts';
import { OwnQuestions } from './OwnQuestions.tsx';
import { OwnRows } from './OwnRows.tsx';
import { useForecast, useTrainSettings } from './use-forecast.ts';

const MORE: readonly TrainSettingKey[] = [
  'accumulation',
  'warmup',
  'finalShare',
  'decay',
  'clip',
  'beta1',
  'beta2',
  'epsilon',
  'cutoff',
  'keepEvery',
];
const MEASURED: readonly TrainSettingKey[] = [
  'measurePrompts',
  'harmTokens',
  'heldOut',
  'rougeRows',
  'questions',
  'probeEvery',
  'probePrompts',
];
const LORA: readonly TrainSettingKey[] = ['rank', 'loraAlpha', 'matrices', 'dropout'];
const PLAIN: readonly TrainSettingKey[] = ['steps', 'learningRate', 'batchSize', 'lossOn', 'seed'];

export function TrainForm() {
  const { settings, problems } = useTrainSettings();
  const [first, last] = useApp((state) => state.config.range);
  const method = ATTACK_METHOD_INFO[settings.method];
  const data = ATTACK_DATA_INFO[settings.data];
  const set = (patch: Partial<TrainSettings>) =>
    setConfig({ training: encodeTrainSettings({ ...settings, ...patch }) });
  const fields = (keys: readonly TrainSettingKey[]) =>
    keys.map((key) => (
      <Field key={key} name={key} value={settings[key]} onChange={(value) => set({ [key]: value })} />
    ));
  return (
    <form
      className="train-form"
      aria-label="Settings of training"
      onSubmit={(event) => event.preventDefault()}
    >
      {problems.length > 0 && <p role="alert">{problems.join(' ')}</p>}
      <Field
        name="method"
        value={settings.method}
        labels={METHOD_NAMES}
        onChange={(value) => set({ method: value as AttackMethod })}
      />
      <p className="hint">
        {method.definition} {method.source}
      </p>
      <details className="hint">
        <summary>What the paper leaves open, and found</summary>
        <p>{method.openChoices}</p>
        <p>Paper: {method.paper}</p>
      </details>
      <p className="hint">
        Band: layers {first} to {last}, the range of the strip above.
      </p>
      <Field
        name="data"
        value={settings.data}
        labels={DATA_NAMES}
        onChange={(value) => set({ data: value as AttackData })}
      />
      <p className="hint">
        {data.definition} {data.source}
      </p>
      <details className="hint">
        <summary>What the paper leaves open</summary>
        <p>{data.openChoices}</p>
      </details>
      {settings.data === 'harmful' && fields(['p'])}
      {settings.data === 'own' && <OwnRows />}
      {fields(['part'])}
      {settings.part === 'lora' && fields(LORA)}
      {fields(PLAIN)}
      <details>
        <summary>What is measured</summary>
        {fields(MEASURED)}
        <OwnQuestions />
      </details>
      <details>
        <summary>More settings</summary>
        {fields(MORE)}
      </details>
      <Beforehand />
      <Button
        className="quiet-button"
        isDisabled={encodeTrainSettings(settings) === ''}
        onPress={() => setConfig({ training: '' })}
      >
        Reset all settings of training
      </Button>
    </form>
  );
}

const METHOD_NAMES = Object.fromEntries(
  Object.values(ATTACK_METHOD_INFO).map(({ key, name }) => [key, name]),
);
const DATA_NAMES = Object.fromEntries(Object.values(ATTACK_DATA_INFO).map(({ key, name }) => [key, name]));

function Beforehand() {
  const forecast = useForecast();
  const full = useMemo(() => new Intl.NumberFormat('en'), []);
  if (!forecast) return <p className="hint">Parameters and memory are said when the model is loaded.</p>;
  if ('happened' in forecast) {
    return (
      <p role="alert">
        {forecast.happened} {forecast.todo}
      </p>
    );
  }
  const { trained, frozen, memory, frozenLayers, warning, problem, rows, lengths } = forecast;
  const { optimiser } = forecast;
  return (
    <div className="train-forecast" aria-live="polite">
      <TokensAsked rows={rows} />
      <p>
        <strong>{full.format(trained)}</strong> parameters train, {full.format(frozen)} that full tuning would
        train stay frozen ({frozenLayers.filter(Boolean).length} of {frozenLayers.length} layers).
      </p>
      <p>
        {rows.length} rows
        {lengths &&
          ` of ${full.format(lengths.total)} tokens, the longest ${lengths.longest}${lengths.cut > 0 ? `; ${lengths.cut} are cut at ${optimiser.cutoffTokens}` : ''}`}
        : {passWords(optimiser, rows.length)}
      </p>
      <p className="hint">
        Needs about {memoryWords(memory.total)}, {memoryWords(memory.weights)} of it the model.
        {lengths ? '' : ' Estimated from the length of the texts; the exact figure comes with the run.'}
      </p>
      {warning && <p>{warning}</p>}
      <ProblemLine problem={problem} />
    </div>
  );
}

function passWords({ steps, batchSize, accumulation }: OptimiserParams, rowCount: number): string {
  const seen = steps * batchSize * accumulation;
  const asked = `${steps} steps of ${batchSize * accumulation} rows`;
  return seen < rowCount
    ? `${asked} see ${seen} of them.`
    : `${asked} go through them ${(seen / rowCount).toFixed(1)} times.`;
}

/** Nothing to see: the rows' lengths are counted, once each. */
function TokensAsked({ rows }: { rows: readonly FinetuneRow[] }) {
  useRowTokens(
    rows,
    useApp((state) => state.config.template),
  );
  return null;
}

interface FieldProps {
  name: TrainSettingKey;
  value: string | number;
  /** Words for the values of a choice. */
  labels?: Record<string, string>;
  onChange: (value: string | number) => void;
}

function Field({ name, value, labels, onChange }: FieldProps) {
  const setting: NumberSetting | ChoiceSetting = TRAIN_SETTINGS[name];
  const { paper, description, label } = setting;
  const id = useId();
  const worded = String(setting.default);
  const fallback =
    labels?.[worded] ??
    (setting.kind === 'choice' ? setting.options.find((one) => one.value === worded)?.label : worded);
  return (
    <div className="train-field">
      <label className="inline-field" htmlFor={id}>
        <span>{label}</span>
        {setting.kind === 'number' ? (
          <NumberInput key={value} id={id} setting={setting} value={Number(value)} onChange={onChange} />
        ) : (
          <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
            {setting.options.map((option) => (
              <option key={option.value} value={option.value}>
                {labels?.[option.value] ?? option.label}
              </option>
            ))}
          </select>
        )}
      </label>
      {value !== setting.default && (
        <Button
          className="icon-button"
          aria-label={`Reset ${label}`}
          onPress={() => onChange(setting.default)}
        >
          <span aria-hidden="true">↺</span>
        </Button>
      )}
      <span className="hint train-paper">
        {/* The chosen method or set says more than a description could. */}
        {labels ? null : `${description} `}Default {fallback}.
        {labels ? null : paper ? (
          <span title={paper.source}> Paper: {paperWords(setting)}.</span>
        ) : (
          ' Not in the paper.'
        )}
      </span>
    </div>
  );
}

function paperWords({ paper, ...setting }: NumberSetting | ChoiceSetting): string {
  const value = paper?.value ?? 'not used';
  const option = setting.kind === 'choice' && setting.options.find((one) => one.value === value);
  return option ? option.label : String(value);
}

/** Taken on Enter and on leaving: half a number is no setting. */
function NumberInput({
  id,
  setting,
  value,
  onChange,
}: {
  id: string;
  setting: NumberSetting;
  value: number;
  onChange: (value: number) => void;
}) {
  const [text, setText] = useState(String(value));
  const problem =
    text.trim() === '' ? `${setting.label} must be a number.` : numberProblem(setting, Number(text));
  const commit = () => {
    if (problem === null && Number(text) !== value) onChange(Number(text));
  };
  return (
    <>
      <input
        id={id}
        inputMode="decimal"
        value={text}
        aria-invalid={problem !== null}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
      {problem && <span role="alert">{problem}</span>}
    </>
  );
}
