/** The worker of one model: registers the lab and nothing else. */
import { expose } from 'comlink';
import { LabHost } from '@/lab/lab-host.ts';

/**
 * WebKit evaluates a worker's script again when a part that is loaded later imports from it: a second lab without a model
 * would answer beside the first.
 */
const scope = globalThis as { isLabExposed?: boolean };
if (!scope.isLabExposed) {
  scope.isLabExposed = true;
  expose(new LabHost());
}
