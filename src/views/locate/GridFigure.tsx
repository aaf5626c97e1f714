/** Every range of layers at one alpha: the triangle with its marginals, the search's path on top, what it says in words. */
import { useMemo, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatAlpha } from '@/elements/number-words.ts';
import { useStage } from '@/elements/use-box.ts';
import type { GridSummary } from '@/method/grid.ts';
import { branchedGridRuns, gridCellCount } from '@/method/grid-order.ts';
import { MOST_PROMPTS, promptsNeeded } from '@/method/power.ts';
import type { GridResult, SearchTrace } from '@/protocol/localise.ts';
import type { Search } from '@/state/select-locate.ts';
import type { LayerRange } from '../props.ts';
import { ChangeLegend } from './ChangeLegend.tsx';
import { cellWords, changeDomain, gridTable } from './cells.ts';
import { GridPlot } from './GridPlot.tsx';
import { SearchButton } from './SearchButton.tsx';
import { workWords } from './work-words.ts';

interface GridFigureProps {
  search: Search<'grid'>;
  isPossible: boolean;
  alpha: number;
  summary: GridSummary | null;
  /** The search whose path is drawn. */
  trace: SearchTrace | undefined;
  planted: LayerRange | null;
  range: LayerRange;
  onPick: (range: LayerRange) => void;
}

export function GridFigure(props: GridFigureProps) {
  const { search, alpha, summary, range, onPick } = props;
  const [lit, setLit] = useState<LayerRange | null>(null);
  const stage = useStage();
  const result = search.entry?.value ?? null;
  const index = useMemo(() => indexOf(result), [result]);
  const isRunning = search.state === 'running';
  // Not with every move of the pointer: the number of prompts that a difference takes is a tenth of a second's work.
  const stats = useMemo(
    () => (result && summary ? statsOf(result, summary, isRunning) : undefined),
    [result, summary, isRunning],
  );
  const caption = `Harmless prompts refused with layers first to last scaled by ${formatAlpha(alpha)}: last layer to the right, first layer downwards. Bars: means over the ranges that begin at a layer (right), end at it, or hold it (below). Dots: decoded; line: the search. Pick a cell to put its range on the bench.`;
  const words = (at: LayerRange) => {
    const place = index.get(`${at.first}-${at.last}`);
    const cell = place === undefined ? undefined : result?.cells[place];
    const q = place === undefined ? undefined : summary?.q[place];
    const exact = result?.exact.find(({ first, last }) => first === at.first && last === at.last);
    return cellWords(at, cell, { alpha, total: result?.baseline.total ?? 0, q, exact });
  };
  const domain = result ? changeDomain(result.cells, result.baseline.total) : 1;
  return (
    <FigureFrame
      {...search.figure}
      name="range-grid"
      title="Every range"
      caption={caption}
      captionText={caption}
      stats={stats}
      data={result && summary && (() => gridTable(result, summary.q))}
      controls={
        <SearchButton
          search={search}
          label="Score every range"
          isPossible={props.isPossible}
          runsLeft={runsLeft(result)}
        />
      }
      legend={<ChangeLegend domain={domain} hasSizes />}
      reading={result ? words(lit ?? range) : ''}
      emptyHeight={Math.round(220 * stage)}
    >
      {result &&
        summary &&
        ((width) => (
          <GridPlot
            {...props}
            result={result}
            summary={summary}
            domain={domain}
            width={width}
            stage={stage}
            lit={lit}
            onLight={setLit}
            words={words}
            description={`${caption} ${summary.sentence}`}
            onPick={onPick}
          />
        ))}
    </FigureFrame>
  );
}

function indexOf(result: GridResult | null): Map<string, number> {
  return new Map(result?.cells.map(({ first, last }, at) => [`${first}-${last}`, at]));
}

/** Of a layer's runs per prompt, those of the cells that are missing; 30 layers until a model says otherwise. */
function runsLeft(result: GridResult | null): number {
  const layerCount = result?.layerCount ?? 30;
  if (result?.complete) return branchedGridRuns(layerCount);
  const done = (result?.cells.length ?? 0) / gridCellCount(layerCount);
  return branchedGridRuns(layerCount) * (1 - done);
}

function statsOf(result: GridResult, summary: GridSummary, isRunning: boolean): string {
  const { baseline, cells, layerCount, work } = result;
  const parts = [
    `N = ${baseline.total} prompts, first-token score; exact McNemar against alpha 1, false discovery rate over ${cells.length} ranges`,
    ...(cells.length < gridCellCount(layerCount) ? [`of ${gridCellCount(layerCount)} ranges`] : []),
  ];
  const { runnerUp } = summary;
  const needed = !isRunning && runnerUp ? promptsNeeded({ ...runnerUp.test, total: baseline.total }) : null;
  const power =
    !isRunning && runnerUp && runnerUp.test.gained !== runnerUp.test.lost
      ? ` To tell it from the next best with power 0.8 would take ${needed ?? `more than ${MOST_PROMPTS}`} prompts.`
      : '';
  return `${parts.join(' ')}. ${summary.sentence}${power} ${workWords(work)}`;
}
