/** The dialogs, loaded when the first one is asked for: one frame, four contents. */
import type { ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { type DialogRequest, openDialog, useApp } from '@/state/store.ts';
import { RulesDialog } from '@/views/answers/RulesDialog.tsx';
import { HelpDialog } from '@/views/bench/HelpDialog.tsx';
import { ModelDialog } from '@/views/model/ModelDialog.tsx';
import { ImportDialog } from '@/views/prompts/ImportDialog.tsx';

const close = () => openDialog(null);

export default function Dialogs() {
  const dialog = useApp((state) => state.dialog);
  if (!dialog) return null;
  return (
    <ModalOverlay className="dialog-veil" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="dialog">
        <Dialog>{content(dialog)}</Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function content(dialog: DialogRequest): ReactNode {
  switch (dialog.kind) {
    case 'help':
      return frame('What this page shows', <HelpDialog onClose={close} />);
    case 'model':
      return frame('Open a model or an adapter', <ModelDialog onClose={close} />);
    case 'rules':
      return frame('What counts as a refusal', <RulesDialog onClose={close} />);
    case 'import':
      return frame(
        'Use your own prompts',
        <ImportDialog file={dialog.file} pool={dialog.pool} onClose={close} />,
      );
    default:
      return dialog satisfies never;
  }
}

function frame(title: string, body: ReactNode): ReactNode {
  return (
    <>
      <Heading slot="title" level={2}>
        {title}
      </Heading>
      {body}
    </>
  );
}
