/** The prompt pools with their counts, and the way to use one's own file in a pool's place. */
import { Button } from 'react-aria-components';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import { POOL_LABELS, type Pool, type PoolId } from '@/state/pools.ts';
import { openDialog, setConfig, useApp } from '@/state/store.ts';
import './prompts.css';

const PLAIN: PoolId[] = ['normal', 'malicious'];
const MATCHED: PoolId[] = ['matched-normal', 'matched-malicious'];
const COUNTED: PoolId[] = ['over-rejection', 'control'];

export function PoolList() {
  const pools = useApp((state) => state.pools);
  const matched = useApp((state) => state.config.pools === 'form-matched');
  const revealed = useApp((state) => state.config.revealHarmful);
  if (!pools) return <p className="hint">Loading the prompts …</p>;
  const ids = [...(matched ? MATCHED : PLAIN), ...COUNTED];
  return (
    <section aria-labelledby="prompts-title">
      <h2 id="prompts-title">Prompts</h2>
      <ul className="pool-list">
        {ids.map((id) => (
          <PoolLine key={id} pool={pools[id]} />
        ))}
      </ul>
      <SegmentedControl
        label="Pools compared"
        value={matched ? 'form-matched' : 'plain'}
        options={[
          { value: 'plain', label: 'plain', hint: 'All normal against all malicious prompts.' },
          {
            value: 'form-matched',
            label: 'form-matched',
            hint: 'Pairs of the same length and form: tells content from form.',
          },
        ]}
        onChange={(pools) => setConfig({ pools })}
      />
      <div className="pool-actions">
        <Toggle
          label="Show harmful text"
          isOn={revealed}
          onChange={(revealHarmful) => setConfig({ revealHarmful }, { commit: false })}
        />
        <Button
          className="quiet-button"
          onPress={() => openDialog({ kind: 'import', file: null, pool: 'over-rejection' })}
        >
          Use your own file …
        </Button>
      </div>
    </section>
  );
}

function PoolLine({ pool }: { pool: Pool }) {
  const { label, description } = POOL_LABELS[pool.id];
  return (
    <li title={description}>
      <span className={`pool-mark pool-${pool.id}`} aria-hidden="true" />
      <span>
        {label}
        {pool.origin !== 'shipped' && <span className="hint"> {pool.origin}</span>}
      </span>
      <span className="pool-count">{pool.items.length}</span>
    </li>
  );
}
