/** A word of the field with its one-line definition and its place in the paper: hover, focus or tap. */
import { type ReactNode, useState } from 'react';
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import { TERMS, type TermEntry, type TermName } from './terms.ts';
import './elements.css';

export interface TermProps {
  name: TermName;
  /** The word as it stands in the sentence; default: the term. */
  children?: ReactNode;
}

export function Term({ name, children }: TermProps) {
  const [isOpen, setOpen] = useState(false);
  const entry: TermEntry = TERMS[name];
  return (
    <TooltipTrigger delay={200} closeDelay={100} isOpen={isOpen} onOpenChange={setOpen}>
      <Button className="term" onPress={() => setOpen(true)}>
        {children ?? entry.term}
      </Button>
      <Tooltip className="tooltip" offset={6}>
        {entry.definition} <span className="hint">{entry.place}</span>
      </Tooltip>
    </TooltipTrigger>
  );
}
