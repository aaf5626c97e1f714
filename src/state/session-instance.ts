/** The page's one session, for the views' buttons. Set once at start; tests set their own. */
import type { Session } from './session.ts';

let instance: Session | null = null;

export function setSession(session: Session): void {
  instance = session;
}

export function getSession(): Session {
  if (!instance) throw new Error('The session is used before start.ts made it.');
  return instance;
}
