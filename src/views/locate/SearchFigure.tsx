/** The progressive search in the form of table 1, with its steps in words; each range can be put on the bench. */
import { Button } from 'react-aria-components';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatRange } from '@/elements/number-words.ts';
import type { LocateResult, SearchTrace, Sweep } from '@/protocol/localise.ts';
import type { Search } from '@/state/select-locate.ts';
import type { LayerRange } from '../props.ts';
import { SearchButton } from './SearchButton.tsx';
import { DIRECTION_WORDS, searchRows, searchTable, testWords, tryWords } from './search-table.ts';

interface SearchFigureProps {
  search: Search<'locate'>;
  isPossible: boolean;
  onPick: (range: LayerRange) => void;
}

const CAPTION =
  'From the start, alpha moves away from 1 until the counts spread; then the last layer moves, then the first (section 3.4, table 1). The way is drawn on the grid below: bound by bound, a search can stop in a wrong place.';

export function SearchFigure({ search, isPossible, onPick }: SearchFigureProps) {
  const result = search.entry?.value ?? null;
  return (
    <FigureFrame
      {...search.figure}
      name="progressive-search"
      title="Progressive search"
      caption={CAPTION}
      captionText={CAPTION}
      stats={result ? statsOf(result) : undefined}
      data={result && result.searches.length > 0 ? () => searchTable(result) : null}
      controls={<SearchButton search={search} label="Search" isPossible={isPossible} runsLeft={null} />}
      emptyHeight={80}
    >
      {result &&
        (() => (
          <div className="search">
            <p data-export="text">
              Start: {formatRange(result.start)}. {result.start.reason}
            </p>
            {result.searches.map((trace) => (
              <Trace key={trace.direction} trace={trace} onPick={onPick} />
            ))}
          </div>
        ))}
    </FigureFrame>
  );
}

function statsOf({ baseline, counts }: LocateResult): string {
  const by = counts.some(({ outcomes, total }) => outcomes?.length === total)
    ? 'decoded answers'
    : 'first-token score';
  const before = baseline.total > 0 ? `; ${baseline.refused} refused at alpha 1` : '';
  return `N = ${counts[0]?.total ?? baseline.total} prompts, ${by}${before}; ${counts.length} ranges counted; exact McNemar between neighbours and against the chosen bound, each pair alone`;
}

function Trace({ trace, onPick }: { trace: SearchTrace; onPick: (range: LayerRange) => void }) {
  const { tries, chosen, sweeps, final } = searchRows(trace);
  return (
    <section className="search-trace" aria-label={DIRECTION_WORDS[trace.direction]}>
      <h3 data-export="text">
        {DIRECTION_WORDS[trace.direction]}
        {chosen && `: ${chosen.alpha}`}
      </h3>
      {tries.length > 0 && (
        <ul className="search-tries">
          {tries.map((step) => (
            <li key={step.alpha} data-export="text">
              {tryWords(step)}
            </li>
          ))}
        </ul>
      )}
      {chosen && (
        <p className="hint" data-export="text">
          {chosen.reason}
        </p>
      )}
      {sweeps.map(({ sweep, reason }) => (
        <SweepLine key={sweep.bound} sweep={sweep} reason={reason} onPick={onPick} />
      ))}
      {final && (
        <p>
          <strong data-export="text">
            Found: {formatRange(final)}, {final.refused} of {final.total}.
          </strong>{' '}
          <span data-export="text">{final.reason}</span>{' '}
          <Button className="quiet-button" onPress={() => onPick(final)}>
            Put it on the bench
          </Button>
        </p>
      )}
    </section>
  );
}

function SweepLine(props: { sweep: Sweep; reason: string; onPick: (range: LayerRange) => void }) {
  const { sweep, reason, onPick } = props;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="search-sweep" aria-label={`${sweep.bound} bound`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="row" data-export="text">
                {sweep.bound} bound
              </th>
              {sweep.points.map(({ first, last }) => (
                <th key={`${first}-${last}`} scope="col" data-export="text">
                  <Button className="quiet-button" onPress={() => onPick({ first, last })}>
                    [{first},{last}]
                  </Button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row" data-export="text">
                refused
              </th>
              {sweep.points.map((point, at) => (
                <td
                  key={`${point.first}-${point.last}`}
                  data-export="text"
                  className={at === sweep.chosen ? 'is-chosen' : undefined}
                >
                  {point.refused}
                </td>
              ))}
            </tr>
            <tr className="hint">
              <th scope="row" data-export="text">
                against the chosen
              </th>
              {sweep.points.map((point, at) => (
                <td key={`${point.first}-${point.last}`} data-export="text">
                  {testWords(sweep, at)}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </section>
      <p data-export="text">{reason}</p>
    </>
  );
}
