/** What this browser lacks, in words, before anything fails because of it. */
import type { Notice } from '@/state/store.ts';

export function environmentNotices(
  scope: { crossOriginIsolated: boolean; isSecureContext: boolean } = window,
): Notice[] {
  const notices: Notice[] = [];
  if (!scope.crossOriginIsolated) {
    notices.push({
      id: 'isolation',
      level: 'info',
      happened:
        'This page is not cross-origin isolated, so WebAssembly runs on one thread and everything takes longer.',
      todo: 'Open it from “npm start”, whose server sends the headers that threads need (COOP and COEP).',
    });
  }
  return notices;
}
