/** On or off. */
import { memo } from 'react';
import { Switch } from 'react-aria-components';
import './elements.css';

export interface ToggleProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean;
}

/** As SegmentedControl: drawn again only when it is given something else. */
export const Toggle = memo(function Toggle({ label, isOn, onChange, isDisabled }: ToggleProps) {
  return (
    <Switch className="toggle" isSelected={isOn} onChange={onChange} isDisabled={isDisabled}>
      <span className="toggle-track" aria-hidden="true">
        <span className="toggle-knob" />
      </span>
      {label}
    </Switch>
  );
});
