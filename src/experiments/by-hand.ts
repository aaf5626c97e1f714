/**
 * The experiments that a person starts by hand: searches, controls, training. They are fetched with the first of them
 * (run-experiment.ts), so that a model's first numbers do not wait for their code.
 */
export { controlCards, controlExperiment } from './controls/index.ts';
export { gridExperiment } from './grid.ts';
export { layerAlphaExperiment } from './layer-alpha.ts';
export { locateExperiment } from './locate.ts';
export { trainExperiment } from './train.ts';
