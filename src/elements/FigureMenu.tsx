/** The menu of a figure: its table twin, and the files it can be saved as. */
import { memo } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { FigureFormat } from '@/figures/export.ts';
import './elements.css';

export type FigureAction = 'table' | FigureFormat;

export interface FigureMenuProps {
  title: string;
  isTableShown: boolean;
  /** Nothing to show or save yet. */
  isDisabled: boolean;
  /** Files need an origin. */
  canSave: boolean;
  onAction: (action: FigureAction) => void;
}

const FILES: readonly { id: FigureFormat; label: string; hint: string }[] = [
  { id: 'csv', label: 'Save CSV', hint: 'all numbers' },
  { id: 'npz', label: 'Save NPZ', hint: 'all numbers, for NumPy' },
  { id: 'svg', label: 'Save SVG', hint: 'to edit' },
  { id: 'pdf', label: 'Save PDF', hint: 'for papers' },
  { id: 'png', label: 'Save PNG', hint: 'for slides, 2x' },
];

export const FigureMenu = memo(function FigureMenu(props: FigureMenuProps) {
  const { title, isTableShown, isDisabled, canSave, onAction } = props;
  return (
    <MenuTrigger>
      <Button className="icon-button" aria-label={`${title}: table and files`} isDisabled={isDisabled}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 1.5V10M4.5 6.5L8 10L11.5 6.5M2 10.5V14H14V10.5" stroke="currentColor" fill="none" />
        </svg>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={`${title}: table and files`}
          disabledKeys={canSave ? [] : FILES.map((f) => f.id)}
          onAction={(key) => onAction(key as FigureAction)}
        >
          <MenuItem id="table" className="menu-item">
            {isTableShown ? 'Hide the table' : 'Show as table'}
          </MenuItem>
          {FILES.map((file) => (
            <MenuItem key={file.id} id={file.id} className="menu-item" textValue={file.label}>
              {file.label} <span className="hint">{file.hint}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
});
