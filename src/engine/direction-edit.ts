/** One edit of a direction in what leaves a layer: which rows, and the kernel's inputs. The arithmetic: direction-kernel.ts. */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import { type BatchInputs, lastRows } from './batch-inputs.ts';
import type { DirectionEdit } from './interventions.ts';

/**
 * x [N, D] edited. Takes nothing over: the caller releases both.
 * @param lastOnly x holds the last token of each row alone, [rows, D]
 */
export async function editDirection(
  backend: Backend,
  kernel: Kernel,
  x: DeviceTensor,
  { direction, gain, shift, positions }: DirectionEdit,
  batch: BatchInputs,
  lastOnly: boolean,
): Promise<DeviceTensor> {
  const width = direction.length;
  const length = Math.hypot(...direction);
  const unit = Float32Array.from(direction, (value) => (length > 0 ? value / length : 0));
  const rows = new Float32Array(x.dims[0]!);
  // Where only the rows' ends are left it is all of them; in a shared prefix, where no row ends, it is none.
  if (positions === 'all' || lastOnly) rows.fill(1);
  else for (const row of lastRows(batch.lengths ?? [])) rows[row] = 1;
  const own = {
    column: backend.upload(unit, [width, 1]),
    row: backend.upload(unit, [1, width]),
    gain: backend.upload(Float32Array.of(gain), [1]),
    shift: backend.upload(Float32Array.of(shift), [1]),
    rows: backend.upload(rows, [rows.length, 1]),
  };
  const { edited } = await backend.run(kernel, { x, ...own });
  for (const tensor of Object.values(own)) backend.release(tensor);
  return edited!;
}
