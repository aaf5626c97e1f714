/** Every picture in every state, rendered to markup without a browser: what must be said is said, what must be hidden is. */
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { BigNumber } from '@/elements/BigNumber.tsx';
import {
  MALICIOUS,
  NORMAL,
  SYNTHETIC,
  syntheticAttention,
  syntheticBands,
  syntheticMatrix,
  syntheticSimilarity,
} from './gallery/synthetic.ts';
import {
  AlphaTrail,
  AngleGap,
  AttentionMap,
  BandScan,
  ClassBars,
  CosineMap,
  type FigureProps,
  LayerStrip,
  SimilarityCurves,
} from './index.ts';

const nothing = () => {};
const similarity = syntheticSimilarity(0.2, 1);
const layers = { layerCount: 30, range: { first: 8, last: 13 }, hoverLayer: null, onHoverLayer: nothing };
const ready: FigureProps = { status: { state: 'ready' }, truth: 'exact', provenance: SYNTHETIC };
const none = { truth: null, provenance: null };

type Render = (figure: FigureProps, hasData: boolean) => string;
const attention = syntheticAttention('m', ['How', ' to', ' secretword', '?'], 1);
const PICTURES: Record<string, Render> = {
  similarity: (f, d) =>
    renderToStaticMarkup(
      <SimilarityCurves
        {...layers}
        {...f}
        measure="raw"
        current={d ? similarity : null}
        currentLabel="aligned"
      />,
    ),
  gap: (f, d) =>
    renderToStaticMarkup(
      <AngleGap
        {...layers}
        {...f}
        measure="raw"
        current={d ? similarity : null}
        currentLabel="aligned"
        definition="of-means"
      />,
    ),
  map: (f, d) =>
    renderToStaticMarkup(
      <CosineMap
        {...layers}
        {...f}
        measure="raw"
        current={d ? similarity : null}
        selectedLayer={null}
        onSelectLayer={nothing}
        matrix={d ? syntheticMatrix(3) : null}
        matrixStatus={f.status}
        normal={NORMAL}
        malicious={MALICIOUS}
        revealed={false}
      />,
    ),
  attention: (f, d) =>
    renderToStaticMarkup(
      <AttentionMap
        {...layers}
        {...f}
        pictures={d ? [attention] : []}
        sensitiveIds={new Set(['m'])}
        revealed={false}
        head="mean"
        onHeadChange={nothing}
        scaling="raw"
        onScalingChange={nothing}
        questionOnly
        onQuestionOnlyChange={nothing}
      />,
    ),
  bands: (f, d) =>
    renderToStaticMarkup(
      <BandScan
        {...layers}
        {...f}
        bandWidth={6}
        alpha={1.1}
        points={d ? syntheticBands(6) : []}
        baseline={null}
      />,
    ),
  trail: (f, d) =>
    renderToStaticMarkup(
      <AlphaTrail
        {...f}
        points={d ? [{ alpha: 1.1, refused: 40, total: 64, truth: 'fast' }] : []}
        currentAlpha={1.1}
        alphaDomain={[0.5, 1.5]}
        range={layers.range}
        baseline={null}
        onPick={nothing}
      />,
    ),
  classes: (f, d) =>
    renderToStaticMarkup(
      <ClassBars
        {...f}
        pools={[
          {
            role: 'malicious',
            label: 'malicious',
            counts: { refused: d ? 3 : 0, answered: 1, garbled: 0 },
            total: d ? 10 : 0,
            truth: 'exact',
          },
        ]}
      />,
    ),
};

describe.each(Object.entries(PICTURES))('%s', (_, render) => {
  it('empty says what to do and draws no data', () => {
    const html = render({ ...none, status: { state: 'empty', hint: 'Load a model.' } }, false);
    expect(html).toContain('Load a model.');
    expect(html).not.toContain('class="hit"');
  });
  it('loading says how far it is', () => {
    const html = render(
      { ...none, status: { state: 'loading', work: { fraction: 0.3, text: '30 of 100' } } },
      false,
    );
    expect(html).toContain('30 of 100');
    expect(html).toContain('role="progressbar"');
    expect(html).toContain('aria-busy="true"');
  });
  it('failed is an alert that says what happened, what to do, and keeps the picture', () => {
    const status = { state: 'failed', happened: 'The worker ended.', todo: 'Start it again.' } as const;
    const html = render({ ...ready, status }, true);
    expect(html).toContain('role="alert"');
    for (const words of ['The worker ended.', 'Start it again.', 'last picture is kept'])
      expect(html).toContain(words);
    expect(html).toContain('data-export="svg"');
  });
  it('ready carries origin and N', () => {
    const html = render(ready, true);
    expect(html).toContain('SYNTHETIC');
    expect(html).toMatch(/N = |heads/);
  });
});

it('hidden attention text is blurred everywhere it stands and is in no label', () => {
  const html = PICTURES.attention!(ready, true);
  expect(html).toMatch(/class="blurred"/);
  expect(html).toMatch(/data-sensitive="" aria-hidden="true">\w/);
  const labels = [...html.matchAll(/aria-(?:label|valuetext)="([^"]*)"/g)].map((m) => m[1]);
  expect(labels.join(' ')).not.toContain('secretword');
});

it('the strip speaks its range', () => {
  const html = renderToStaticMarkup(
    <LayerStrip {...layers} onChange={nothing} planted={{ first: 8, last: 13 }} />,
  );
  expect(html).toContain('aria-valuetext="layers 8 to 13"');
  expect(html).toContain('planted: layers 8 to 13');
});

it('the band scan gives its test in place of the count that is not corrected for many bands', () => {
  const scan = (finding: string | null, limit: string | null = null) =>
    renderToStaticMarkup(
      <BandScan
        {...layers}
        status={{ state: 'ready' }}
        truth="exact"
        provenance={null}
        bandWidth={6}
        alpha={1.1}
        points={syntheticBands(6)}
        baseline={{ refused: 27, total: 64, low: 20, high: 35 }}
        finding={finding}
        limit={limit}
      />,
    );
  expect(scan(null)).toContain('no correction for looking at many bands');
  expect(scan('No band stands out.')).toContain('No band stands out.');
  expect(scan('No band stands out.')).not.toContain('no correction');
  expect(scan('No band stands out.', 'A rough guide.')).toContain('. No band stands out. A rough guide.');
  expect(scan(null, 'A rough guide.')).toContain('A rough guide.');
});

it('two prompts side by side share one layer axis, read out layer by layer; hidden words are not read out', () => {
  const plain = syntheticAttention('n', ['Where', ' is', ' Lyon'], 2);
  const html = renderToStaticMarkup(
    <AttentionMap
      {...layers}
      {...ready}
      pictures={[attention, plain]}
      sensitiveIds={new Set(['m'])}
      revealed={false}
      head="mean"
      onHeadChange={nothing}
      scaling="raw"
      onScalingChange={nothing}
      layout="beside"
      onLayoutChange={nothing}
      questionOnly
      onQuestionOnlyChange={nothing}
    />,
  );
  expect(html.match(/role="slider"/g)).toHaveLength(1);
  expect(html).toContain('rows are layers, columns are tokens');
  const words = /aria-valuetext="([^"]*)"/.exec(html)![1]!;
  expect(words).toMatch(/^layer 8: prompt 1: token 0 .*; prompt 2: /);
  expect(words).toContain('Lyon');
  expect(words).not.toContain('secretword');
});

it('the attention picture has room for the controls that choose its prompts', () => {
  const html = renderToStaticMarkup(
    <AttentionMap
      {...layers}
      status={{ state: 'empty', hint: 'Waiting for the model.' }}
      truth={null}
      provenance={null}
      pictures={[]}
      sensitiveIds={new Set()}
      revealed={false}
      head="mean"
      onHeadChange={nothing}
      scaling="raw"
      onScalingChange={nothing}
      questionOnly
      onQuestionOnlyChange={nothing}
      pickers={<b>two prompts</b>}
    />,
  );
  expect(html).toContain('two prompts');
  expect(html).toContain('Waiting for the model.');
});

describe('the big number', () => {
  it('shows the value it was given and nothing else as a number', () => {
    const html = renderToStaticMarkup(<BigNumber value={40} of={64} label="refused" truth="exact" />);
    expect(html.replace(/<[^>]*>/g, ' ').match(/\d+/g)).toEqual(['40', '64']);
  });
  it('says what it waits for while nothing was counted', () => {
    const html = renderToStaticMarkup(
      <BigNumber value={null} label="refused" truth={null} waitingFor="Waiting for the model." />,
    );
    expect(html).toContain('Waiting for the model.');
    expect(html).not.toContain('class="number"');
  });
  it.each(['recorded', 'fast', 'exact'] as const)('says in a word and in a form that it is %s', (truth) => {
    const html = renderToStaticMarkup(<BigNumber value={1} label="refused" truth={truth} />);
    expect(html).toContain(`number truth-${truth}`);
    expect(html).toContain({ recorded: 'recorded', fast: 'fast score', exact: 'exact' }[truth]);
  });
});
