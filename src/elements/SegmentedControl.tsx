/** A few exclusive choices, all visible: a radio group that looks like words with an underline. */
import { memo, type ReactElement } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import './elements.css';

export interface SegmentedControlProps<Value extends string> {
  label: string;
  /** The label is for assistive technology only, unless true. */
  showLabel?: boolean;
  value: Value;
  options: readonly { value: Value; label: string; hint?: string }[];
  onChange: (value: Value) => void;
  isDisabled?: boolean;
}

/** Drawn again only when it is given something else: options and handlers that never change are best made once. */
export const SegmentedControl = memo(function SegmentedControl<Value extends string>(
  props: SegmentedControlProps<Value>,
) {
  return (
    <RadioGroup
      className="segmented"
      orientation="horizontal"
      aria-label={props.showLabel ? undefined : props.label}
      value={props.value}
      isDisabled={props.isDisabled}
      onChange={(value) => props.onChange(value as Value)}
    >
      {props.showLabel && <Label>{props.label}</Label>}
      {props.options.map((option) => (
        <Radio key={option.value} value={option.value} className="segment">
          <span title={option.hint} data-text={option.label}>
            {option.label}
          </span>
        </Radio>
      ))}
    </RadioGroup>
  );
}) as <Value extends string>(props: SegmentedControlProps<Value>) => ReactElement;
