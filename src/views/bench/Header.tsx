/** The top line: which model, which variant, which template, how it is shown, shared and saved. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import { saveRun } from '@/actions/save-run.ts';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Select } from '@/elements/Select.tsx';
import { shorten } from '@/elements/shorten.ts';
import { Toggle } from '@/elements/Toggle.tsx';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { type ModelVariant, SETTINGS } from '@/state/config.ts';
import { isPlanted, PLANTED_VARIANTS, type PlantedVariant, plantedLayers } from '@/state/planted.ts';
import { BUNDLED_KEY } from '@/state/situation.ts';
import { openDialog, setConfig, useApp } from '@/state/store.ts';

/** What the header offers first; which planted band is a second choice. */
type Choice = Exclude<ModelVariant, PlantedVariant> | 'planted';

const CHOICES: ReadonlyArray<{ value: Choice; label: string; hint: string }> = [
  { value: 'base', label: 'base', hint: 'The weights alone: answers harmful requests.' },
  {
    value: 'aligned',
    label: 'aligned',
    hint: 'With the safety adapter: refuses them, and some harmless ones.',
  },
  {
    value: 'planted',
    label: 'planted',
    hint: 'Positive control: an adapter in six layers alone, so the true band is known.',
  },
];

/** The one whose recorded runs and tables the documents tell of. */
const FIRST_PLANTED: PlantedVariant = 'planted-8-13';
const BANDS = PLANTED_VARIANTS.map((value) => ({ value, label: plantedLayers(value) }));

/** With an adapter of one's own, "aligned" means that one; the planted controls are the bundled model's. */
function choicesOf(
  modelKey: string,
  ownAdapter: string | null,
  tuned: readonly string[] | null,
): typeof CHOICES {
  const own = withOwnAdapter(modelKey, ownAdapter);
  return tuned
    ? [
        ...own,
        { value: 'tuned', label: 'tuned', hint: `With the adapter that was trained here: ${tuned.at(-1)}.` },
      ]
    : own;
}
function withOwnAdapter(modelKey: string, ownAdapter: string | null): typeof CHOICES {
  const offered = ownAdapter && modelKey !== BUNDLED_KEY ? CHOICES.slice(0, 2) : CHOICES;
  if (!ownAdapter) return offered;
  return offered.map((one) =>
    one.value === 'aligned'
      ? { ...one, label: shorten(ownAdapter, 18), hint: `With the adapter ${ownAdapter}.` }
      : one,
  );
}

const TEMPLATE_HINTS = {
  chat: 'the model’s own chat template',
  alpaca: 'the paper’s',
  none: 'the bare prompt',
} as const;

export function Header() {
  const model = useApp((state) => state.config.model);
  const template = useApp((state) => state.config.template);
  const stage = useApp((state) => state.config.stage);
  const source = useApp((state) => state.source);
  const ownAdapter = useApp((state) => state.ownAdapter);
  const tuned = useApp((state) => state.tuned);
  const canUndo = useApp((state) => state.commits > 0);
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  const templates = card?.templates ?? TEMPLATE_NAMES;
  return (
    <header className="bench-header">
      <h1>Stratascope</h1>
      <span className="model-name">{card?.name ?? source?.name ?? 'no model'}</span>
      {(source === null || source.key === BUNDLED_KEY || source.source === null || ownAdapter || tuned) && (
        <SegmentedControl
          label={SETTINGS.model.label}
          value={isPlanted(model) ? 'planted' : model}
          options={choicesOf(source?.key ?? BUNDLED_KEY, ownAdapter, tuned)}
          onChange={(choice) => setConfig({ model: choice === 'planted' ? FIRST_PLANTED : choice })}
        />
      )}
      {isPlanted(model) && (
        <Select
          label="Planted in layers"
          value={model}
          options={BANDS}
          onChange={(model) => setConfig({ model })}
        />
      )}
      <Select
        label={SETTINGS.template.label}
        showLabel
        value={template}
        options={TEMPLATE_NAMES.filter((name) => templates.includes(name)).map((value) => ({
          value,
          label: value,
          hint: TEMPLATE_HINTS[value],
        }))}
        onChange={(template) => setConfig({ template })}
      />
      <span className="header-tools">
        <Button className="quiet-button" onPress={() => document.getElementById('train')?.scrollIntoView()}>
          Train
        </Button>
        <Toggle label="Stage" isOn={stage} onChange={(stage) => setConfig({ stage })} />
        <Button className="quiet-button" isDisabled={!canUndo} onPress={() => history.back()}>
          Undo
        </Button>
        <ShareButton />
        <Button className="quiet-button" onPress={() => void saveRun()}>
          Save run
        </Button>
        <Button className="quiet-button" onPress={() => openDialog({ kind: 'help' })}>
          Help
        </Button>
      </span>
    </header>
  );
}

/** The address bar holds the whole state; this only puts it where it can be pasted. */
function ShareButton() {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied('yes');
    } catch {
      setCopied('failed');
    }
    setTimeout(() => setCopied('no'), 2000);
  };
  return (
    <Button className="quiet-button" onPress={() => void copy()}>
      <span aria-live="polite">
        {copied === 'yes' ? 'Link copied' : copied === 'failed' ? 'Copy the address bar' : 'Share'}
      </span>
    </Button>
  );
}
