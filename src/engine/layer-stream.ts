/**
 * Layers that do not stay: each is read when the loop needs it and released when its run is over, while the next one is being
 * read. Slower than layers in memory, by what reading takes, and complete: a model larger than the memory there is can be probed.
 */
import type { Backend } from '@/backends/backend.ts';
import type { UploadedLayer } from './upload-layer.ts';

export class LayerStream {
  #ahead: { layer: number; read: Promise<UploadedLayer> } | null = null;

  /** @param read puts one layer on the device */
  constructor(
    private readonly backend: Pick<Backend, 'release'>,
    private readonly read: (layer: number) => Promise<UploadedLayer>,
  ) {}

  /** @param next read meanwhile; absent at the end of a pass */
  async use<Result>(
    layer: number,
    next: number | undefined,
    work: (uploaded: UploadedLayer) => Promise<Result>,
  ): Promise<Result> {
    if (this.#ahead?.layer !== layer) await this.drop();
    const reading = this.#ahead?.read ?? this.read(layer);
    this.#ahead = null;
    const uploaded = await reading;
    try {
      if (next !== undefined) {
        const read = this.read(next);
        // Whoever takes it gets the error; nobody may.
        read.catch(() => undefined);
        this.#ahead = { layer: next, read };
      }
      return await work(uploaded);
    } finally {
      this.#release(uploaded);
    }
  }

  /** Lets go of what was read for a run that does not come. */
  async drop(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = null;
    const uploaded = await ahead?.read.catch(() => null);
    if (uploaded) this.#release(uploaded);
  }

  #release({ inputs }: UploadedLayer): void {
    for (const tensor of Object.values(inputs)) this.backend.release(tensor);
  }
}
