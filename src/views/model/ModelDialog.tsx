/** Opens a model of one's own: from disk, from the list, a hub or an address; what was downloaded before; or the bundled one again. */
import { useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import { openFiles } from '@/actions/open-files.ts';
import { bundledSource, loadPools } from '@/actions/shipped.ts';
import { getSession } from '@/state/session-instance.ts';
import { AddressForm } from './AddressForm.tsx';
import { HubForm } from './HubForm.tsx';
import { KeptDownloads } from './KeptDownloads.tsx';
import { ListedModels } from './ListedModels.tsx';

export function ModelDialog({ onClose }: { onClose: () => void }) {
  const [chosen, setChosen] = useState('');
  const choose = (files: FileList | null) => {
    if (!files || files.length === 0) return;
    onClose();
    void openFiles([...files]);
  };
  const bundled = () => {
    onClose();
    void loadPools().then(() => getSession().open(bundledSource()));
  };
  return (
    <>
      <p>
        A GGUF file, or a folder with config.json, tokenizer.json and .safetensors files. An adapter for the
        open model: adapter_config.json and adapter_model.safetensors, as PEFT writes them; it then stands in
        the model switch. Files stay on this computer; you can also drop them anywhere on the page.
      </p>
      <div className="dialog-actions">
        <FileTrigger allowsMultiple onSelect={choose}>
          <Button className="main-button">Choose files …</Button>
        </FileTrigger>
        <FileTrigger acceptDirectory onSelect={choose}>
          <Button className="quiet-button">Choose a folder …</Button>
        </FileTrigger>
        <Button className="quiet-button" onPress={bundled}>
          The bundled model
        </Button>
      </div>
      <details className="model-part">
        <summary>Models to choose from</summary>
        <ListedModels onChoose={setChosen} />
      </details>
      {/* A model that is chosen fills the form anew. */}
      <HubForm key={chosen} repo={chosen} onClose={onClose} />
      <details className="model-part">
        <summary>From an address</summary>
        <AddressForm onClose={onClose} />
      </details>
      <details className="model-part">
        <summary>Kept in this browser</summary>
        <KeptDownloads onOpen={onClose} />
      </details>
    </>
  );
}
