/** What the browser tells of itself and the machine, as it tells it. */
import { isClampedMemory, type MachineFacts } from '@/machine/machine-facts.ts';
import { fileSizeWords } from '@/state/look-words.ts';
import { memoryWords } from '@/state/progress-words.ts';

const unknown = 'not told';

export function Facts({ facts }: { facts: MachineFacts }) {
  const { storage, graphics, memoryGib, cores } = facts;
  const memory =
    memoryGib === null
      ? unknown
      : `${memoryWords(memoryGib * 2 ** 30)}${isClampedMemory(memoryGib) ? ' or more' : ''}`;
  const rows: Array<[string, string]> = [
    ['Browser', facts.browser],
    ['Processor cores', cores === null ? unknown : String(cores)],
    ['Threads for WebAssembly', facts.isIsolated ? 'yes' : 'one only'],
    ['Memory', memory],
    ['Graphics adapter', graphics?.name ?? (facts.hasWebGpu ? 'none answers' : 'no WebGPU')],
    ['Storage for this page', storage.quotaBytes === null ? unknown : fileSizeWords(storage.quotaBytes)],
    ['… of it used', storage.usedBytes === null ? unknown : fileSizeWords(storage.usedBytes)],
    ['… kept for good', storage.isPersistent ? 'yes' : 'no promise'],
  ];
  return (
    <section aria-labelledby="machine-facts">
      <h3 id="machine-facts">What the browser tells</h3>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {graphics && (
        <details className="model-part">
          <summary>Limits and features of the adapter</summary>
          <dl className="facts">
            {Object.entries(graphics.limits).map(([name, value]) => (
              <div key={name} className="fact">
                <dt>{name}</dt>
                <dd>{/Size$/.test(name) && value >= 2 ** 20 ? memoryWords(value) : value}</dd>
              </div>
            ))}
          </dl>
          <p className="hint">{graphics.features.join(', ') || 'no optional features'}</p>
        </details>
      )}
    </section>
  );
}
