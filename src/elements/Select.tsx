/** One choice of many, with an optional sentence for each. */
import { memo, type ReactElement } from 'react';
import {
  Select as AriaSelect,
  Button,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
  Text,
} from 'react-aria-components';
import './elements.css';

export interface SelectProps<Value extends string> {
  label: string;
  showLabel?: boolean;
  value: Value;
  options: readonly { value: Value; label: string; hint?: string }[];
  onChange: (value: Value) => void;
  isDisabled?: boolean;
}

/** As SegmentedControl: drawn again only when it is given something else. */
export const Select = memo(function Select<Value extends string>(props: SelectProps<Value>) {
  return (
    <AriaSelect
      className="select"
      aria-label={props.showLabel ? undefined : props.label}
      selectedKey={props.value}
      isDisabled={props.isDisabled}
      onSelectionChange={(key) => key !== null && props.onChange(String(key) as Value)}
    >
      {props.showLabel && <Label>{props.label}</Label>}
      <Button className="select-button">
        <SelectValue>{({ selectedText }) => selectedText}</SelectValue>
        <span aria-hidden="true">▾</span>
      </Button>
      <Popover className="popover">
        <ListBox className="menu">
          {props.options.map((option) => (
            <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="menu-item">
              <Text slot="label">{option.label}</Text>
              {option.hint && (
                <Text slot="description" className="hint">
                  {option.hint}
                </Text>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}) as <Value extends string>(props: SelectProps<Value>) => ReactElement;
