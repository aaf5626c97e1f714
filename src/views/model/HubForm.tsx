/** A repository of a hub: looked at before anything is downloaded, then loaded as a model, or as an adapter for the open one. */
import { type FormEvent, useState } from 'react';
import { Button } from 'react-aria-components';
import { addRemoteAdapter, openRemoteModel } from '@/actions/downloads.ts';
import { Toggle } from '@/elements/Toggle.tsx';
import { HUB_ENDPOINT } from '@/model/hub-files.ts';
import { holdHubToken, holdsHubToken, type RemoteModelSource } from '@/state/hub-access.ts';
import { SeenModel, useLook } from './SeenModel.tsx';

interface HubFormProps {
  /** Chosen from the list; empty = none. */
  repo: string;
  onClose: () => void;
}

export function HubForm({ repo: chosen, onClose }: HubFormProps) {
  const [repo, setRepo] = useState(chosen);
  const [revision, setRevision] = useState('main');
  const [file, setFile] = useState('');
  const [endpoint, setEndpoint] = useState(HUB_ENDPOINT);
  const [token, setToken] = useState('');
  const [isAdapter, setAdapter] = useState(false);
  const { seen, look } = useLook();
  const isHeld = holdsHubToken(endpoint);

  const source = (): RemoteModelSource => {
    // Held before the first request and never put into the source.
    if (token.trim()) holdHubToken(endpoint, token);
    return {
      kind: 'hub',
      repo: repo.trim(),
      revision: revision.trim() || 'main',
      ...(file.trim() ? { file: file.trim() } : {}),
      endpoint: endpoint.trim() || HUB_ENDPOINT,
    };
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    void (isAdapter ? addRemoteAdapter(source()) : openRemoteModel(source()));
  };
  return (
    <form onSubmit={submit}>
      <h3>From a hub</h3>
      <p className="hint">
        This sends requests to the address below and to where it stores its files; nothing else on this page
        leaves your computer. What is downloaded is kept in this browser until you remove it.
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
      <label className="field">
        Access token, for gated repositories
        <input
          type="password"
          autoComplete="off"
          placeholder={isHeld ? 'one is held in this tab’s memory' : 'hf_…'}
          value={token}
          onChange={(e) => setToken(e.target.value)}
        />
        <span className="hint">
          Held in this tab’s memory only, sent to the endpoint alone, never written down.
        </span>
      </label>
      <Toggle label="It is an adapter for the open model (PEFT)" isOn={isAdapter} onChange={setAdapter} />
      <SeenModel seen={seen} />
      <div className="dialog-actions">
        <Button type="submit" className="main-button">
          Load
        </Button>
        <Button
          className="quiet-button"
          isDisabled={isAdapter || !/^[^\s/]+\/[^\s/]+$/.test(repo.trim())}
          onPress={() => look(source())}
        >
          Look before downloading
        </Button>
        {isHeld && (
          <Button
            className="quiet-button"
            onPress={() => {
              holdHubToken(endpoint, '');
              setToken('');
            }}
          >
            Forget the token
          </Button>
        )}
        <Button className="quiet-button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
