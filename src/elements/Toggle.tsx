/** On or off. */
import { Switch } from 'react-aria-components';
import './elements.css';

export interface ToggleProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean;
}

export function Toggle({ label, isOn, onChange, isDisabled }: ToggleProps) {
  return (
    <Switch className="toggle" isSelected={isOn} onChange={onChange} isDisabled={isDisabled}>
      <span className="toggle-track" aria-hidden="true">
        <span className="toggle-knob" />
      </span>
      {label}
    </Switch>
  );
}
