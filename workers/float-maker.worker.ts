/** A worker that makes float32 values: registers the class and nothing else. */
import { expose } from 'comlink';
import { FloatMaker } from '@/model/float-maker.ts';

expose(new FloatMaker());
