/** The Locate section: settings beside its three pictures, each bound to its search. Only the arrangement. */
import { useEffect } from 'react';
import { loadRecorded } from '@/actions/shipped.ts';
import { plantedBandOf } from '@/state/planted.ts';
import { useScoreLimit } from '@/state/score-limit.ts';
import { useGridSummary, useLocateSettings, useSearch } from '@/state/select-locate.ts';
import { setConfig, useApp } from '@/state/store.ts';
import { useLayerAxis } from '@/views/bench/LayerPictures.tsx';
import type { LayerRange } from '@/views/index.ts';
import { useWaitingHint } from '@/views/shared/use-waiting-hint.ts';
import { GridFigure } from './GridFigure.tsx';
import { LayerAlphaFigure } from './LayerAlphaFigure.tsx';
import { LocateForm } from './LocateForm.tsx';
import { SearchFigure } from './SearchFigure.tsx';
import './locate.css';

const pick = ({ first, last }: LayerRange) => setConfig({ range: [first, last] });

export default function LocatePanel() {
  useEffect(() => void loadRecorded('recorded/locate/'), []);
  const axis = useLayerAxis();
  const { settings } = useLocateSettings();
  const planted = useApp((state) => plantedBandOf(state.config.model));
  const limit = useScoreLimit();
  const waiting = useWaitingHint();
  // A search that is asked for waits its turn: work that is under way is no reason not to start it.
  const isOpen = useApp(({ lab, pools }) => lab.state === 'ready' && pools !== null);
  const reason = limit?.hasScore === false ? limit.sentence : isOpen ? '' : waiting;
  const hint = reason && `${reason} `;
  const hasScore = limit?.hasScore !== false;
  const locate = useSearch('locate', `${hint}Start the search to see its steps.`);
  const grid = useSearch('grid', `${hint}Start it to see every range.`);
  const single = useSearch('layerAlpha', `${hint}Start it to see every layer at every alpha.`);
  const summary = useGridSummary(grid.entry, settings.alpha);
  const shown = locate.entry?.value ?? null;
  const trace = shown?.searches.find(({ direction }) => direction === settings.path);
  return (
    <div className="section-columns locate-panel">
      <LocateForm />
      <div className="locate-pictures">
        <SearchFigure search={locate} isPossible={hasScore || settings.counting === 'exact'} onPick={pick} />
        <GridFigure
          search={grid}
          isPossible={hasScore}
          alpha={settings.alpha}
          summary={summary}
          trace={trace}
          planted={planted}
          range={axis.range}
          onPick={pick}
        />
        <LayerAlphaFigure search={single} isPossible={hasScore} axis={axis} onPick={pick} />
      </div>
    </div>
  );
}
