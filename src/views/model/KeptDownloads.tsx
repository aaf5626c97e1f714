/** What was downloaded and kept in this browser: whole or begun, how large; opened, gone on with, or removed one by one. */
import { useEffect } from 'react';
import { Button } from 'react-aria-components';
import {
  askToPersist,
  openRemoteModel,
  refreshDownloads,
  removeBundledFiles,
  removeKeptDownload,
} from '@/actions/downloads.ts';
import type { KeptDownload } from '@/downloads/kept.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { useDownloads } from '@/state/downloads.ts';
import { fileSizeWords } from '@/state/look-words.ts';
import '../shared/item-list.css';
import './model.css';

export function KeptDownloads({ onOpen }: { onOpen?: () => void }) {
  const kept = useDownloads((state) => state.kept);
  const bundledBytes = useDownloads((state) => state.bundledBytes);
  const notice = useDownloads((state) => state.notice);
  const problem = useDownloads((state) => state.problem);
  useEffect(() => void refreshDownloads(), []);
  const used = (kept ?? []).reduce((sum, { storedBytes }) => sum + storedBytes, bundledBytes);
  return (
    <div className="kept-downloads">
      <p className="hint">{used === 0 ? 'Nothing is kept yet.' : `${fileSizeWords(used)} in all.`}</p>
      <ul className="item-list" aria-label="Kept downloads">
        {bundledBytes > 0 && (
          <li>
            <p className="item-name">The bundled model</p>
            <p className="hint">{fileSizeWords(bundledBytes)}, checked against the manifest</p>
            <div className="button-row">
              <Button
                className="quiet-button"
                aria-label="Remove the bundled model’s files"
                onPress={() => void removeBundledFiles()}
              >
                Remove
              </Button>
            </div>
          </li>
        )}
        {kept?.map((one) => (
          <li key={one.keys.join()}>
            <p className="item-name">{one.label}</p>
            <p className="hint">{stateWords(one)}</p>
            <div className="button-row">
              {!isAdapter(one) && (
                <Button
                  className="quiet-button"
                  aria-label={`${one.isComplete ? 'Open' : 'Go on with'} ${one.label}`}
                  onPress={() => {
                    onOpen?.();
                    void openRemoteModel(one.source);
                  }}
                >
                  {one.isComplete ? 'Open' : 'Go on'}
                </Button>
              )}
              <Button
                className="quiet-button"
                aria-label={`Remove ${one.label}`}
                onPress={() => void removeKeptDownload(one)}
              >
                Remove
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <ProblemLine problem={problem} />
      <p role="status" className="hint">
        {notice}
      </p>
      {used > 0 && (
        <Button className="quiet-button" onPress={() => void askToPersist()}>
          Ask the browser not to clear these files
        </Button>
      )}
    </div>
  );
}

const isAdapter = ({ files }: KeptDownload): boolean => files.includes('adapter_config.json');

function stateWords(one: KeptDownload): string {
  const date = one.savedAt.slice(0, 10);
  if (!one.isComplete) {
    return `${fileSizeWords(one.storedBytes)} of ${fileSizeWords(one.totalBytes)}, not complete, ${date}`;
  }
  const checked = one.isVerified ? 'sha256 checked' : 'complete, no hash was given to check';
  return `${fileSizeWords(one.storedBytes)}, ${checked}, ${date}`;
}
