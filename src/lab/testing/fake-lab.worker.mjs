// A lab with a fake engine in a worker thread, for the contract test. tsx lets the thread read TypeScript.
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { register } from 'tsx/esm/api';

register({ tsconfig: fileURLToPath(new URL('../../../tsconfig.json', import.meta.url)) });
const { LabHost } = await import('../lab-host.ts');
const { createFakeParts } = await import('./fake-parts.ts');
if (!parentPort) throw new Error('this file is a worker');
expose(new LabHost(createFakeParts()), nodeEndpoint(parentPort));
