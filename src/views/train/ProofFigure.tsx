/** What a run changed, layer by layer: norms of the updates, and an exact 0 marked where nothing changed. */
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { useStage } from '@/elements/use-box.ts';
import { proofHolds, proofTable, provenanceOf } from '@/state/train-compare.ts';
import type { TrainRun } from '@/state/train-store.ts';
import { cssColour } from '@/theme/palettes.ts';
import { useLayerAxis } from '@/views/bench/LayerPictures.tsx';
import { LayerPlot } from '@/views/shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '@/views/shared/layer-scale.ts';
import { ValueAxisMarks } from '@/views/shared/ValueAxisMarks.tsx';
import { valueAxis } from '@/views/shared/value-axis.ts';

const CAPTION =
  'Norm of what training added to each layer’s weights. A cross on the axis is an exact 0: the layer is what it was, and the table has its hash before and after.';

export function ProofFigure({ run }: { run: TrainRun | null }) {
  const shared = useLayerAxis();
  const stage = useStage();
  const proof = run?.result?.proof ?? [];
  const holds = run && proofHolds(run);
  const words = (layer: number) => {
    const one = proof[layer];
    if (!one) return '';
    return `${one.frozen ? 'frozen' : 'trained'}, update ${one.updateNorm === 0 ? 'exactly 0' : one.updateNorm.toPrecision(4)}`;
  };
  const { hoverLayer } = shared;
  const largest = Math.max(...proof.map(({ updateNorm }) => updateNorm), 0);
  return (
    <FigureFrame
      name="train-proof"
      title={run ? `Proof of freezing: ${run.params.name}` : 'Proof of freezing'}
      caption={CAPTION}
      captionText={CAPTION}
      stats={
        holds === null
          ? undefined
          : `${proof.filter(({ frozen }) => frozen).length} of ${proof.length} layers frozen; ${holds ? 'all of them unchanged, by hash and by norm' : 'NOT all of them unchanged: see the table'}`
      }
      status={
        proof.length > 0 ? { state: 'ready' } : { state: 'empty', hint: 'Appears when a run has ended.' }
      }
      truth={proof.length === 0 ? null : run?.origin === 'recorded' ? 'recorded' : 'exact'}
      provenance={run ? provenanceOf([run]) : null}
      data={run && proof.length > 0 ? () => proofTable(run) : null}
      reading={hoverLayer !== null && proof[hoverLayer] ? `layer ${hoverLayer}: ${words(hoverLayer)}` : ''}
      emptyHeight={130}
    >
      {proof.length === 0
        ? null
        : (width) => {
            const scale = layerScale(proof.length, width, layerMargins(width, stage));
            const height = Math.round(130 * stage);
            const axis = valueAxis([0, largest > 0 ? largest * 1.05 : 1], 8, height - 10, 3);
            const colour = cssColour('role-normal');
            return (
              <LayerPlot
                {...shared}
                layerCount={proof.length}
                scale={scale}
                width={width}
                height={height}
                label="Norm of the update by layer"
                description={CAPTION}
                valueText={words}
              >
                <ValueAxisMarks
                  axis={axis}
                  scale={scale}
                  format={(value) => String(Number(value.toPrecision(3)))}
                />
                {proof.map(({ layer, updateNorm }) => {
                  const [cx, y0] = [scale.centre(layer), axis.y(0)];
                  if (updateNorm === 0) {
                    return (
                      <path
                        key={layer}
                        d={`M${cx - 3} ${y0 - 3}l6 6m0 -6l-6 6`}
                        stroke="var(--ink)"
                        strokeWidth={1.5}
                        fill="none"
                      />
                    );
                  }
                  const w = Math.max(2, scale.step * 0.6);
                  return (
                    <rect
                      key={layer}
                      x={cx - w / 2}
                      width={w}
                      y={axis.y(updateNorm)}
                      height={y0 - axis.y(updateNorm)}
                      fill={colour}
                    />
                  );
                })}
              </LayerPlot>
            );
          }}
    </FigureFrame>
  );
}
