/** Which model is open, on what it runs, how near it is to the reference, and the way to open one's own. */
import { Button } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { SETTINGS } from '@/state/config.ts';
import { openDialog, setConfig, useApp } from '@/state/store.ts';
import { OwnAdapters } from './OwnAdapters.tsx';
import './model.css';

export function ModelPanel() {
  const isLoading = useApp((state) => state.lab.state === 'loading');
  const backend = useApp((state) => state.config.backend);
  const weights = useApp((state) => state.config.weights);
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  return (
    <section aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      {card ? (
        <dl className="facts">
          <dt>Layers</dt>
          <dd>
            {card.spec.layerCount} of width {card.spec.hiddenSize}
          </dd>
          <dt>Heads</dt>
          <dd>{card.spec.headCount}</dd>
          <dt>Hash</dt>
          <dd title={card.sha256 ?? undefined}>{card.sha256 ? card.sha256.slice(0, 12) : 'not computed'}</dd>
          <dt>Loaded in</dt>
          <dd>{(card.loadMs / 1000).toFixed(1)} s</dd>
        </dl>
      ) : (
        <p className="hint">
          {isLoading ? 'The model is loading behind the recorded picture.' : 'No model is open.'}
        </p>
      )}
      <OwnAdapters />
      <div className="model-actions">
        <Select
          label={SETTINGS.backend.label}
          showLabel
          value={backend}
          options={[
            { value: 'auto', label: 'automatic', hint: 'WebGPU where a real adapter is there' },
            { value: 'webgpu', label: 'WebGPU' },
            { value: 'wasm', label: 'WebAssembly' },
          ]}
          onChange={(value) => setConfig({ backend: value })}
        />
        <Select
          label={SETTINGS.weights.label}
          showLabel
          value={weights}
          options={[
            { value: 'auto', label: 'automatic', hint: 'as stored on WebGPU, float32 elsewhere' },
            { value: 'stored', label: 'as stored', hint: 'quantised matrices stay quantised' },
            { value: 'float32', label: 'float32' },
            { value: 'streamed', label: 'read as needed', hint: 'slower, for models larger than memory' },
          ]}
          onChange={(value) => setConfig({ weights: value })}
        />
        <Button className="quiet-button" onPress={() => openDialog({ kind: 'model' })}>
          Open another model or adapter …
        </Button>
      </div>
    </section>
  );
}
