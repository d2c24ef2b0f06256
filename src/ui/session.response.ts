import type { Action } from '../domain/actions.js';
import type { Caller } from '../domain/caller.js';
import { toSeconds } from '../domain/clock.js';
import { type KnownSession, SESSION_IDLE_MS } from '../domain/session.js';
import type { OpenSession } from './sessions.service.js';

/** Who calls, as the page shows it. */
export interface CallerResponse {
  readonly name: string;
  readonly kind: 'administrator' | 'service-account' | 'bootstrap';
}

/** What `/ui/session` answers. Moments are Unix seconds. */
export interface SessionResponse {
  readonly caller: CallerResponse;
  readonly actions: readonly Action[];
  /** Whether it has the actions of later releases too: only such a caller gives the role of administrators. */
  readonly unlimited: boolean;
  /** When the session ends however much it is used; null for a caller without one. */
  readonly expiresAt: number | null;
  /** When it ends without another use; null for a caller without one. */
  readonly idleExpiresAt: number | null;
}

/** One of `GET /ui/sessions`. Moments are Unix seconds. */
export interface ListedSessionResponse {
  readonly id: number;
  readonly caller: CallerResponse;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  readonly idleExpiresAt: number;
  readonly address: string;
  /** Whether it is the session of this call. */
  readonly current: boolean;
  /** Whether this caller may end it. */
  readonly revocable: boolean;
}

/** @param lastUse - of the session, Unix milliseconds */
export function sessionResponse(caller: Caller, session?: KnownSession, lastUse = 0): SessionResponse {
  return {
    caller: callerResponse(caller),
    actions: [...caller.actions].sort(),
    unlimited: caller.unlimited === true,
    expiresAt: session === undefined ? null : toSeconds(session.expiresAt),
    idleExpiresAt: session === undefined ? null : toSeconds(idleEnd(session, lastUse)),
  };
}

/** @param current - the session of the call, if it has one */
export function listedSession(
  { caller, session, lastUse, revocable }: OpenSession,
  current: KnownSession | undefined,
): ListedSessionResponse {
  return {
    id: session.id,
    caller: callerResponse(caller),
    createdAt: toSeconds(session.createdAt),
    lastUsedAt: toSeconds(lastUse),
    expiresAt: toSeconds(session.expiresAt),
    idleExpiresAt: toSeconds(idleEnd(session, lastUse)),
    address: session.address,
    current: session.id === current?.id,
    revocable,
  };
}

function callerResponse({ id, name }: Caller): CallerResponse {
  const [kind = ''] = id.split(':', 1);
  return { name, kind: kind as CallerResponse['kind'] };
}

function idleEnd({ expiresAt }: KnownSession, lastUse: number): number {
  return Math.min(expiresAt, lastUse + SESSION_IDLE_MS);
}
