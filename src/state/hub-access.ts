/**
 * A person's token for a hub's gated repositories, for as long as the tab is open. On purpose no part of the store, of the
 * settings, or of a model's source: those end up in addresses and run files. It is passed with a call and nowhere written.
 */
import { HUB_ENDPOINT } from '@/model/hub-files.ts';
import type { HubToken, ModelSource } from '@/protocol/lab.ts';

let held: HubToken | null = null;

/** Replaces the one before; an empty value forgets it. */
export function holdHubToken(endpoint: string, value: string): void {
  held = value.trim() ? { endpoint, value: value.trim() } : null;
}

/** The token for a source, where it was given for that very hub. */
export function hubTokenFor(source: ModelSource | null): HubToken | undefined {
  if (!held || source?.kind !== 'hub') return undefined;
  return originOf(held.endpoint) === originOf(source.endpoint ?? HUB_ENDPOINT) ? held : undefined;
}

/** Whether a token is held, for the form. */
export const holdsHubToken = (endpoint: string): boolean =>
  held !== null && originOf(held.endpoint) === originOf(endpoint);

function originOf(address: string): string {
  try {
    return new URL(address).origin;
  } catch {
    return address;
  }
}

export type RemoteModelSource = Extract<ModelSource, { kind: 'hub' | 'url' }>;

/** From a server, hence kept when it was downloaded and gone on with when it was begun. */
export function isRemote(source: ModelSource | null): source is RemoteModelSource {
  return source?.kind === 'hub' || source?.kind === 'url';
}
