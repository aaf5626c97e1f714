/** For tests: a backend that knows which of its tensors are alive, and can cancel a call in the middle. Computes nothing itself. */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';

export class CountingBackend {
  readonly live = new Set<DeviceTensor>();
  /** Live in JavaScript on every backend: releasing one is allowed and does nothing. */
  readonly shapes = new WeakSet<DeviceTensor>();
  /** Aborts during the n-th run from now. */
  #cancelAt = Number.POSITIVE_INFINITY;
  #controller = new AbortController();

  wrap(backend: Backend): Backend {
    const counting = Object.create(backend) as Backend;
    counting.upload = (data, dims) => this.#add(backend.upload(data, dims));
    counting.run = async (kernel, inputs) => {
      if (--this.#cancelAt === 0) this.#controller.abort();
      const outputs = await backend.run(kernel, inputs);
      for (const tensor of Object.values(outputs)) this.#add(tensor);
      return outputs;
    };
    counting.shape = (values, dims) => {
      const tensor = backend.shape(values, dims);
      this.shapes.add(tensor);
      return tensor;
    };
    counting.release = (tensor) => {
      if (this.shapes.has(tensor)) return;
      if (!this.live.delete(tensor)) throw new Error('a tensor was released twice');
    };
    for (const name of ['compile', 'read', 'close'] as const) {
      counting[name] = backend[name].bind(backend) as never;
    }
    return counting;
  }

  /**
   * Cancels `call` during its first run, then anew during its second, and so on until it finishes uncancelled. `after` is
   * told each time during which; returns how often the call was cut short.
   */
  async cancelEverywhere(
    call: (signal: AbortSignal) => Promise<unknown>,
    after: (cancelAt: number) => void | Promise<void>,
  ): Promise<number> {
    let cancelled = 0;
    for (let cancelAt = 1; ; cancelAt++) {
      this.#cancelAt = cancelAt;
      this.#controller = new AbortController();
      const finished = await call(this.#controller.signal).then(
        () => true,
        () => false,
      );
      await after(cancelAt);
      if (!finished) cancelled += 1;
      if (finished && this.#cancelAt > 0) break;
    }
    this.#cancelAt = Number.POSITIVE_INFINITY;
    return cancelled;
  }

  #add(tensor: DeviceTensor): DeviceTensor {
    this.live.add(tensor);
    return tensor;
  }
}
