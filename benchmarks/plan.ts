/** What the recount benchmark is given, on every runtime alike. */
export interface RecountPlan {
  questions: string[];
  rounds: number;
  /** Prompts in the first batch: the first partial count. */
  firstBatchSize: number;
  threads: number;
}

/** Issue 3, section 8: 64 over-rejection prompts, 2 threads. */
export const RECOUNT: Omit<RecountPlan, 'questions'> = { rounds: 5, firstBatchSize: 4, threads: 2 };
export const QUESTION_COUNT = 64;
export const THROUGHPUT_ROUNDS = 30;
export const BUNDLED_PATH = 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';
export const LOADING_ROUNDS = 5;
/** How often each of ONNX Runtime's files is measured. */
export const PRODUCT_TURNS = 3;
