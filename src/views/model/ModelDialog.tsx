/** Opens a model of one's own: a file or folder from disk, a repository of a hub, or the bundled one again. */
import { type FormEvent, useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import { openFiles } from '@/actions/open-files.ts';
import { bundledSource, loadPools } from '@/actions/shipped.ts';
import { getSession } from '@/state/session-instance.ts';

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

export function ModelDialog({ onClose }: { onClose: () => void }) {
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
        A GGUF file, or a folder with config.json, tokenizer.json and .safetensors files, of the Llama family.
        An adapter for the open model: adapter_config.json and adapter_model.safetensors, as PEFT writes them;
        it then stands in the model switch. Files stay on this computer; you can also drop them anywhere on
        the page.
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
      <HubForm onClose={onClose} />
    </>
  );
}

function HubForm({ onClose }: { onClose: () => void }) {
  const [repo, setRepo] = useState('');
  const [revision, setRevision] = useState('main');
  const [file, setFile] = useState('');
  const [endpoint, setEndpoint] = useState(DEFAULT_ENDPOINT);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    const source = {
      kind: 'hub' as const,
      repo: repo.trim(),
      revision: revision.trim() || 'main',
      ...(file.trim() ? { file: file.trim() } : {}),
      endpoint: endpoint.trim() || DEFAULT_ENDPOINT,
    };
    const key = `hub:${source.endpoint}/${source.repo}@${source.revision}/${file.trim()}`;
    void getSession().open({ key, name: source.repo, source });
  };
  return (
    <form onSubmit={submit}>
      <h3>From a hub</h3>
      <p className="hint">
        This sends a request to the address below; nothing else on this page leaves your computer.
      </p>
      <label className="field">
        Repository
        <input
          required
          pattern="[^\s\/]+\/[^\s\/]+"
          placeholder="owner/name"
          value={repo}
          onChange={(e) => setRepo(e.target.value)}
        />
      </label>
      <label className="field">
        GGUF file, if the repository holds several
        <input placeholder="model.Q4_0.gguf" value={file} onChange={(e) => setFile(e.target.value)} />
      </label>
      <label className="field">
        Revision
        <input value={revision} onChange={(e) => setRevision(e.target.value)} />
      </label>
      <label className="field">
        Endpoint
        <input type="url" required value={endpoint} onChange={(e) => setEndpoint(e.target.value)} />
      </label>
      <div className="dialog-actions">
        <Button type="submit" className="main-button">
          Load
        </Button>
        <Button className="quiet-button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
