/** Starts, stops and takes up one search; says how long it may take where that can be told. */
import { Button } from 'react-aria-components';
import type { SearchKind } from '@/state/locate-requests.ts';
import { durationWords } from '@/state/progress-words.ts';
import type { Search } from '@/state/select-locate.ts';
import { useApp } from '@/state/store.ts';

interface SearchButtonProps {
  search: Search<SearchKind>;
  label: string;
  isPossible: boolean;
  /** Layer runs per prompt that are still to come; with the speed of the last count they are a time. */
  runsLeft: number | null;
}

export function SearchButton({ search, label, isPossible, runsLeft }: SearchButtonProps) {
  const isReady = useApp((state) => state.lab.state === 'ready' && state.lentTo === null);
  const seconds = useSeconds(runsLeft);
  if (search.state === 'running') {
    return (
      <Button className="quiet-button" onPress={search.stop}>
        Stop
      </Button>
    );
  }
  if (search.state === 'done') return null;
  const isBegun = search.state !== 'idle';
  const words = isBegun ? 'Go on' : search.entry ? 'Compute here' : label;
  return (
    <>
      {seconds !== null && isPossible && (
        <span className="hint">
          {isBegun ? 'about' : 'takes about'} {durationWords(seconds)}
        </span>
      )}
      <Button className="quiet-button" isDisabled={!isReady || !isPossible} onPress={search.start}>
        {words}
      </Button>
    </>
  );
}

/** From the last score count of this tab: its layers were those from the range's first on. */
function useSeconds(runsLeft: number | null): number | null {
  const speed = useApp((state) => state.speed);
  const first = useApp((state) => state.config.range[0]);
  const layerCount = useApp((state) => (state.lab.state === 'ready' ? state.lab.card.spec.layerCount : null));
  if (runsLeft === null || speed === null || layerCount === null) return null;
  return (runsLeft * speed) / Math.max(1, layerCount - first);
}
