/** A model by its address: one GGUF file, or the folder that holds config.json and the rest. */
import { type FormEvent, useState } from 'react';
import { Button } from 'react-aria-components';
import { openRemoteModel } from '@/actions/downloads.ts';
import { SeenModel, useLook } from './SeenModel.tsx';

export function AddressForm({ onClose }: { onClose: () => void }) {
  const [url, setUrl] = useState('');
  const { seen, look } = useLook();
  const source = () => ({ kind: 'url' as const, url: url.trim() });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    void openRemoteModel(source());
  };
  return (
    <form onSubmit={submit}>
      <label className="field">
        Address of a GGUF file, or of a folder with config.json
        <input
          type="url"
          required
          placeholder="https://…/model.gguf"
          value={url}
          onChange={(e) => setUrl(e.target.value)}
        />
      </label>
      <SeenModel seen={seen} />
      <div className="dialog-actions">
        <Button type="submit" className="main-button">
          Load from this address
        </Button>
        <Button
          className="quiet-button"
          isDisabled={!URL.canParse(url.trim())}
          onPress={() => look(source())}
        >
          Look at this address
        </Button>
      </div>
    </form>
  );
}
