/** The searches of the Locate section that were computed here in full, as parts of a run file. Pure. */

import type { RefusalCalibration } from '@/protocol/experiments.ts';
import type { RunPart } from '@/protocol/run-file.ts';
import { gridRequest, layerAlphaRequest, locateRequest, locateSettings } from './locate-requests.ts';
import type { Situation } from './requests.ts';
import { liveOf, type Results } from './results.ts';

export function searchParts(
  situation: Situation,
  results: Results,
  calibration: RefusalCalibration,
  layerCount: number,
): RunPart[] {
  const parts: RunPart[] = [];
  const { model } = situation.config;
  const grid = gridRequest(situation, calibration);
  const cells = liveOf(results, 'grid', grid.key);
  if (cells?.complete) {
    const label = `${model}, all ranges, alpha ${locateSettings(situation).alpha}`;
    parts.push({ kind: 'grid', label, params: grid.params, result: cells.value });
  }
  const single = layerAlphaRequest(situation, calibration);
  const layers = liveOf(results, 'layerAlpha', single.key);
  if (layers?.complete) {
    const label = `${model}, single layers`;
    parts.push({ kind: 'layerAlpha', label, params: single.params, result: layers.value });
  }
  const locate = locateRequest(situation, calibration, layerCount);
  const found = liveOf(results, 'locate', locate.key);
  if (found?.complete) {
    const label = `${model}, progressive search`;
    parts.push({ kind: 'locate', label, params: locate.params, result: found.value });
  }
  return parts;
}
