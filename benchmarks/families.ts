/**
 * The layer of every family at the size of the bundled model: the tiny reference models with their widths times nine. How much
 * of the matrix products' throughput is left beside what a family computes besides.
 */
import { readFileSync } from 'node:fs';
import { specFromConfig } from '@/model/config.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { TINY_MODELS } from '../tests/parity/tiny-models.ts';
import type { ThroughputFigures } from './layer-throughput.ts';

/** Width 64 becomes 576, that of the bundled model: three times the heads, each three times as wide. */
const [HEADS, HEAD_WIDTH] = [3, 3];

export function scaledShapes(): Array<{ name: string; spec: ModelSpec }> {
  return TINY_MODELS.map((name) => {
    const config = readFileSync(`tests/fixtures/${name}/model/config.json`, 'utf8');
    const spec = specFromConfig(config);
    return {
      name,
      spec: {
        ...spec,
        hiddenSize: spec.hiddenSize * HEADS * HEAD_WIDTH,
        ffnSize: spec.ffnSize * HEADS * HEAD_WIDTH,
        headCount: spec.headCount * HEADS,
        kvHeadCount: spec.kvHeadCount * HEADS,
        headDim: spec.headDim * HEAD_WIDTH,
      },
    };
  });
}

export type FamilyFigures = Record<string, ThroughputFigures>;

export function familiesReport(runtime: string, figures: FamilyFigures): string {
  const rows = Object.entries(figures).map(([name, { layerGflops, matmulGflops }]) => {
    const share = ((100 * layerGflops) / matmulGflops).toFixed(0);
    return `  ${name.padEnd(12)} layer ${layerGflops.toFixed(1)} GFLOPS, its matmuls alone ${matmulGflops.toFixed(1)}: ${share} %`;
  });
  return [`\nlayers of every family at width 576, ${runtime} (asked: 70 %)`, ...rows].join('\n');
}
