/** Chooses a prompt of any pool for an attention picture. A native list: hundreds of entries, and phones know how. */
import { memo } from 'react';
import type { PromptItem } from '@/protocol/experiments.ts';
import { POOL_IDS, POOL_LABELS } from '@/state/pools.ts';
import { useApp } from '@/state/store.ts';

interface AttentionPromptSelectProps {
  label: string;
  chosen: PromptItem | undefined;
  onChange: (id: string) => void;
}

export const AttentionPromptSelect = memo(function AttentionPromptSelect(props: AttentionPromptSelectProps) {
  const { label, chosen, onChange } = props;
  const pools = useApp((state) => state.pools);
  const revealed = useApp((state) => state.config.revealHarmful);
  if (!pools) return null;
  return (
    <label className="inline-field">
      {label}
      <select value={chosen?.id ?? ''} onChange={(event) => onChange(event.target.value)}>
        {POOL_IDS.map((id) => (
          <optgroup key={id} label={POOL_LABELS[id].label}>
            {pools[id].items.map((item) => (
              <option key={item.id} value={item.id}>
                {/* The entries of a native list cannot be blurred: until asked for, harmful ones go by their number. */}
                {POOL_LABELS[id].sensitive && !revealed ? `malicious ${item.id}` : item.text.slice(0, 70)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
});
