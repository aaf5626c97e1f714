/** The worker of one model: registers the lab and nothing else. */
import { expose } from 'comlink';
import { LabHost } from '@/lab/lab-host.ts';

expose(new LabHost());
