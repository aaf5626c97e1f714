/** What this browser tells of its machine: memory, storage, threads, graphics. Reads and asks; starts nothing, decides nothing. */
import { isSoftware } from '@/backends/webgpu-adapter.ts';
import type { Room } from './fit.ts';

export interface StorageFacts {
  quotaBytes: number | null;
  usedBytes: number | null;
  /** Whether the browser promises not to clear it by itself. */
  isPersistent: boolean;
}

export interface GraphicsFacts {
  /** As the adapter calls itself. */
  name: string;
  isSoftware: boolean;
  features: string[];
  /** The limits that decide what can be held and computed. */
  limits: Record<string, number>;
}

export interface MachineFacts {
  browser: string;
  cores: number | null;
  /** Needed for threads of WebAssembly. */
  isIsolated: boolean;
  isSecure: boolean;
  hasWebAssembly: boolean;
  hasPrivateFiles: boolean;
  /** GiB, rounded by the browser to a power of 2. */
  memoryGib: number | null;
  hasWebGpu: boolean;
  /** null = no adapter answers. */
  graphics: GraphicsFacts | null;
  storage: StorageFacts;
}

const LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize'] as const;

/** Larger values are told as these: 8 by the Device Memory specification of old, 32 by today's. */
const MEMORY_CLAMPS_GIB = [8, 32];

/** Whether there may be more than is told. */
export const isClampedMemory = (gib: number): boolean => MEMORY_CLAMPS_GIB.includes(gib);

type Scope = typeof globalThis & { navigator?: Navigator & { deviceMemory?: number } };

const memoryGib = (scope: Scope): number | null => scope.navigator?.deviceMemory ?? null;

export async function readStorage(scope: Scope = globalThis): Promise<StorageFacts> {
  try {
    const { quota, usage } = await scope.navigator.storage.estimate();
    const isPersistent = (await scope.navigator.storage.persisted?.()) ?? false;
    return { quotaBytes: quota ?? null, usedBytes: usage ?? null, isPersistent };
  } catch {
    return { quotaBytes: null, usedBytes: null, isPersistent: false };
  }
}

/** For deciding whether a model fits. */
export async function readRoom(scope: Scope = globalThis): Promise<Room> {
  const gib = memoryGib(scope);
  const { quotaBytes, usedBytes } = await readStorage(scope);
  return {
    memoryBytes: gib === null ? null : gib * 2 ** 30,
    isAtLeast: gib !== null && isClampedMemory(gib),
    storageBytes: quotaBytes === null ? null : Math.max(0, quotaBytes - (usedBytes ?? 0)),
  };
}

export async function readMachine(scope: Scope = globalThis): Promise<MachineFacts> {
  const { navigator } = scope;
  return {
    browser: browserName(navigator.userAgent),
    cores: navigator.hardwareConcurrency ?? null,
    isIsolated: scope.crossOriginIsolated === true,
    isSecure: scope.isSecureContext === true,
    hasWebAssembly: typeof WebAssembly !== 'undefined',
    hasPrivateFiles: typeof navigator.storage?.getDirectory === 'function',
    memoryGib: memoryGib(scope),
    hasWebGpu: Boolean(navigator.gpu),
    graphics: await readGraphics(navigator),
    storage: await readStorage(scope),
  };
}

async function readGraphics({ gpu }: Navigator): Promise<GraphicsFacts | null> {
  try {
    const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    const { vendor, architecture, description } = adapter.info;
    return {
      name: [vendor, architecture, description].filter(Boolean).join(' ') || 'not named',
      isSoftware: isSoftware(adapter),
      features: [...adapter.features].sort(),
      limits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    };
  } catch {
    return null;
  }
}

/** Name and version out of the words that browsers send; the whole where none is known. */
export function browserName(userAgent: string): string {
  const kinds: Array<[string, RegExp]> = [
    ['Edge', /\bEdg\/(\d+)/],
    ['Firefox', /\bFirefox\/(\d+)/],
    ['Chrome', /\b(?:Headless)?Chrome\/(\d+)/],
    ['Safari', /\bVersion\/(\d+[.\d]*).*Safari/],
  ];
  for (const [name, pattern] of kinds) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return `${name} ${version}`;
  }
  return userAgent;
}
