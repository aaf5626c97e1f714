/**
 * Counts the GPU buffers of this thread by watching the API itself, whoever makes them: ours and the runtime's. A device that is
 * destroyed takes its buffers with it. Import it before anything opens a device.
 */

/** Sizes of the buffers that are alive, by device. */
const devices = new Map<GPUDevice, Map<GPUBuffer, number>>();
let peakBytes = 0;

const { createBuffer, destroy: destroyDevice } = globalThis.GPUDevice?.prototype ?? {};
const destroyBuffer = globalThis.GPUBuffer?.prototype.destroy;

if (createBuffer && destroyDevice && destroyBuffer) {
  GPUDevice.prototype.createBuffer = function (this: GPUDevice, descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    const sizes = devices.get(this) ?? new Map<GPUBuffer, number>();
    devices.set(this, sizes.set(buffer, descriptor.size));
    peakBytes = Math.max(peakBytes, aliveBuffers().bytes);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function (this: GPUBuffer) {
    for (const sizes of devices.values()) sizes.delete(this);
    return destroyBuffer.call(this);
  };
  GPUDevice.prototype.destroy = function (this: GPUDevice) {
    devices.delete(this);
    return destroyDevice.call(this);
  };
}

/** Buffers that are neither destroyed themselves nor gone with their device. */
export function aliveBuffers(): { count: number; bytes: number; devices: number } {
  const sizes = [...devices.values()].flatMap((ofDevice) => [...ofDevice.values()]);
  return {
    count: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    devices: devices.size,
  };
}

/** The most bytes that were alive at once since the last call. */
export function takePeakBytes(): number {
  const peak = peakBytes;
  peakBytes = aliveBuffers().bytes;
  return peak;
}
