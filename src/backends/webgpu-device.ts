/** Opens the GPU device: asks for what the adapter has and nothing else, and says in words what is missing. */
import { AppError } from '@/model/app-error.ts';

/** Limits that ORT's own device asks for at their maximum: the defaults are too small for an embedding matrix. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxBindGroups',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies ReadonlyArray<keyof GPUSupportedLimits>;

/** Subgroups smaller than this make ORT's attention kernels silently wrong (docs/onnxruntime.md, finding 4). */
const SMALLEST_SUBGROUP = 8;

export async function openDevice(): Promise<{ device: GPUDevice; notes: string[] }> {
  if (!navigator.gpu) {
    throw new AppError(
      'no-backend',
      'This browser offers no WebGPU.',
      'The page continues on WASM; for WebGPU use a current Chrome, Edge, Safari or Firefox.',
    );
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new AppError(
      'no-backend',
      'WebGPU is there, but no graphics adapter answers.',
      'The page continues on WASM; a newer graphics driver may help.',
    );
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  try {
    const device = await adapter.requestDevice({ requiredFeatures: features(adapter), requiredLimits });
    const { vendor, architecture, description } = adapter.info;
    return {
      device,
      notes: [
        `Graphics adapter: ${[vendor, architecture, description].filter(Boolean).join(' ') || 'not named'}.`,
      ],
    };
  } catch (cause) {
    throw new AppError(
      'no-backend',
      `The graphics adapter refused a device (${(cause as Error).message}).`,
      'The page continues on WASM.',
      { cause },
    );
  }
}

/** Everything runs in float32: shader-f16 is never asked for. */
function features(adapter: GPUAdapter): GPUFeatureName[] {
  const { subgroupMinSize } = adapter.info;
  const useful = adapter.features.has('subgroups') && (subgroupMinSize ?? 0) >= SMALLEST_SUBGROUP;
  return useful ? ['subgroups'] : [];
}
