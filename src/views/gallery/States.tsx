/** Empty, loading and failed: the designed states of a picture, side by side for eyes. */
import { AngleGap, type LayerPictureProps, SimilarityCurves } from '../index.ts';
import { SYNTHETIC, syntheticSimilarity } from './synthetic.ts';

const aligned = syntheticSimilarity(0.22, 3);

export function States({ layers }: { layers: LayerPictureProps }) {
  return (
    <>
      <h2 style={{ fontSize: 'var(--text-m)' }}>Designed states</h2>
      <SimilarityCurves
        {...layers}
        status={{ state: 'empty', hint: 'Load a model to see how alike prompts are at each layer.' }}
        truth={null}
        provenance={null}
        measure="raw"
        current={null}
        currentLabel="aligned"
      />
      <AngleGap
        {...layers}
        status={{ state: 'loading', work: { fraction: null, text: 'reading 200 prompts, 3 s left' } }}
        truth={null}
        provenance={null}
        measure="raw"
        current={null}
        currentLabel="aligned"
        definition="of-means"
      />
      <AngleGap
        {...layers}
        truth="exact"
        provenance={SYNTHETIC}
        status={{
          state: 'failed',
          happened: 'The worker ran out of memory.',
          todo: 'Choose fewer prompts, then try again.',
          onRetry: () => {},
        }}
        measure="raw"
        current={aligned}
        currentLabel="aligned"
        definition="of-means"
        proposal={{ kind: 'none', rule: 'This picture singles out no range: the gap never leaves 0.' }}
      />
    </>
  );
}
