/** What a grid cost, against one pass through the whole model per range and prompt, in words. Pure. */
import type { LocaliseWork } from '@/protocol/localise.ts';

const thousands = (value: number) => Math.round(value).toLocaleString('en-GB');
const times = ({ run, full }: { run: number; full: number }) => (full / run).toFixed(1);

export function workWords({ layerRuns, tokenRuns }: LocaliseWork): string {
  if (layerRuns.run === 0) return '';
  return (
    `Work: ${thousands(layerRuns.run)} layer runs where one full pass per range and prompt takes ${thousands(layerRuns.full)} ` +
    `(${times(layerRuns)} times fewer); counted in token positions ${times(tokenRuns)} times fewer.`
  );
}
