/** What can be set in one control, each with its description; made from its card. */
import { useId } from 'react';
import { Select } from '@/elements/Select.tsx';
import type { ControlCard, ControlOption } from '@/protocol/controls.ts';
import {
  type ControlSettings,
  decodeControlSettings,
  encodeControlSettings,
  withOption,
} from '@/state/control-settings.ts';
import { setConfig, useApp } from '@/state/store.ts';

export function ControlOptions({ card, settings }: { card: ControlCard; settings: ControlSettings }) {
  if (card.options.length === 0) return null;
  const own = settings.name === card.name ? settings.options : {};
  return (
    <div className="control-options">
      {card.options.map((option) => (
        <OptionField
          key={`${card.name} ${option.key}`}
          option={option}
          value={own[option.key] ?? String(option.default)}
          onChange={(value) => {
            const present = decodeControlSettings(useApp.getState().config.control);
            setConfig({ control: encodeControlSettings(withOption(card, present, option.key, value)) });
          }}
        />
      ))}
    </div>
  );
}

interface OptionFieldProps {
  option: ControlOption;
  value: string;
  onChange: (value: string) => void;
}

/** Takes effect when it is left or Enter is pressed. */
function OptionField({ option, value, onChange }: OptionFieldProps) {
  const id = useId();
  return (
    <div>
      {option.kind === 'choice' ? (
        <Select
          label={option.label}
          showLabel
          value={value}
          options={option.choices.map((choice) => ({ ...choice }))}
          onChange={onChange}
        />
      ) : (
        <label className="inline-field">
          {option.label}
          <input
            key={value}
            type={option.kind === 'numbers' ? 'text' : 'number'}
            min={option.min}
            max={option.max}
            step={option.kind === 'integer' ? 1 : 'any'}
            className={option.kind === 'numbers' ? 'is-wide' : undefined}
            defaultValue={value}
            aria-describedby={id}
            onBlur={(event) => {
              const typed = event.currentTarget.value.replaceAll(' ', '');
              if (!fits(option, typed)) event.currentTarget.value = value;
              else if (typed !== value) onChange(typed);
            }}
            onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
          />
        </label>
      )}
      <p className="hint" id={id}>
        {option.description}
      </p>
    </div>
  );
}

function fits(option: Exclude<ControlOption, { kind: 'choice' }>, typed: string): boolean {
  const numbers = typed.split(',').map((part) => (part === '' ? Number.NaN : Number(part)));
  if (option.kind !== 'numbers' && numbers.length !== 1) return false;
  if (option.kind === 'integer' && !Number.isInteger(numbers[0])) return false;
  return numbers.every((one) => one >= option.min && one <= option.max);
}
