/** The models of the list, each with what it takes and whether this machine has that; choosing one fills the form below. */
import { Button } from 'react-aria-components';
import { VERDICT_WORDS } from '@/state/look-words.ts';
import { useListedModels } from '../shared/use-listed-models.ts';
import '../shared/item-list.css';
import './model.css';

export function ListedModels({ onChoose }: { onChoose: (repo: string) => void }) {
  const models = useListedModels();
  if (!models) return <p className="hint">Reading what this machine has …</p>;
  return (
    <>
      <p className="hint">
        Sizes are computed from the published dimensions; weights as published have 16 bits, in memory 32. “In
        the paper” marks the pairs that Li et al. examined.
      </p>
      <ul className="item-list listed-models" aria-label="Models to choose from">
        {models.map(({ repo, base, licence, isGated, isInPaper, sizes, verdict, obstacle }) => (
          <li key={repo}>
            <p className="item-name">
              {repo} {isInPaper && <span className="hint">in the paper</span>}
            </p>
            <p className="hint">
              {sizes}; {licence}
              {isGated && ', needs an access token'};{' '}
              {base ? `base: ${base}` : 'its base model was not published'}
            </p>
            <div className="button-row">
              <Button className="quiet-button" aria-label={`Choose ${repo}`} onPress={() => onChoose(repo)}>
                Choose
              </Button>
              {base && (
                <Button className="quiet-button" aria-label={`Choose ${base}`} onPress={() => onChoose(base)}>
                  Choose its base
                </Button>
              )}
              <span className={verdict === 'fits' ? 'hint' : 'hint item-warning'}>
                {obstacle ?? (verdict && `${VERDICT_WORDS[verdict]} here`)}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
