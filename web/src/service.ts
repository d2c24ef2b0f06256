import { type Client, createClient, type Failure } from '#client';
import type { Activity } from './activity.js';

/** How the calls of the page are let in. */
export type Access =
  /** By the cookie that the browser keeps, and that no script can read. */
  | { readonly kind: 'session' }
  /** Without encryption there is no cookie: by what was typed, from memory. */
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'password'; readonly user: string; readonly password: string };

/** Who is signed in, as `/ui/session` answers. Moments are Unix seconds; null without a session on the server. */
export interface Session {
  readonly caller: { readonly name: string; readonly kind: string };
  readonly actions: readonly string[];
  /** Whether the actions of later releases are among them. */
  readonly unlimited: boolean;
  readonly expiresAt: number | null;
  readonly idleExpiresAt: number | null;
}

export type SignInRequest =
  | { readonly name: string; readonly password: string }
  | { readonly token: string }
  | { readonly link: string };

/** What a sign-in came to. A failure has a code of the API, or one of the client. */
export type SignedIn =
  | { readonly ok: true; readonly session: Session; readonly access: Access }
  | { readonly ok: false; readonly status: number | undefined; readonly message: string };

/** What the page asks for again and again is late after this, milliseconds. */
const READ_MS = 10_000;
/** Everything else, milliseconds: a renewal takes up to 47 seconds. */
const CALL_MS = 60_000;
/** Says that no person asked for a call, so that it keeps no session alive. */
const POLL_HEADER = 'X-Page-Poll';

/** The API for this page. No call is repeated by itself: the page polls, and shows what failed. */
export interface Service {
  /** For what is read again and again. */
  readonly reads: Client;
  /** For what the reader of the page asked for. */
  readonly calls: Client;
}

/**
 * Where the service is, with its path.
 * @param page - the address of the page, which is served below `ui/`
 */
export function serviceUrl(page: string): string {
  const { origin, pathname } = new URL('..', page);
  return `${origin}${pathname}`;
}

export function createService(page: string, access: Access, activity: Activity): Service {
  const options = {
    baseUrl: serviceUrl(page),
    token: access.kind === 'token' ? access.token : undefined,
    administrator: access.kind === 'password' ? access : undefined,
    retries: 0,
  };
  return {
    reads: createClient({
      ...options,
      timeoutMs: READ_MS,
      fetch: (request) => {
        if (!activity.take()) request.headers.set(POLL_HEADER, 'true');
        return fetch(request);
      },
    }),
    calls: createClient({ ...options, timeoutMs: CALL_MS }),
  };
}

/** Whether a failure says that this caller is not let in any more. */
export function isSignedOut({ status }: Failure): boolean {
  return status === 401;
}

/**
 * Signs in.
 * @param isSecure - whether the browser keeps a cookie for this address: https, or localhost
 */
export async function signIn(page: string, request: SignInRequest, isSecure: boolean): Promise<SignedIn> {
  if (isSecure) return call(page, { kind: 'session' }, 'POST', request);
  if ('link' in request) return { ok: false, status: 401, message: '' };
  const access: Access =
    'token' in request
      ? { kind: 'token', token: request.token }
      : { kind: 'password', user: request.name, password: request.password };
  return call(page, access, 'GET');
}

/** Asks who is signed in by the cookie. */
export async function currentSession(page: string): Promise<SignedIn> {
  return call(page, { kind: 'session' }, 'GET');
}

/** Ends the session on the server. What is in memory alone ends with the page. */
export async function signOut(page: string, access: Access): Promise<void> {
  if (access.kind === 'session') await call(page, access, 'DELETE');
}

async function call(
  page: string,
  access: Access,
  method: 'GET' | 'POST' | 'DELETE',
  body?: SignInRequest,
): Promise<SignedIn> {
  try {
    const response = await fetch(new URL('ui/session', serviceUrl(page)), {
      method,
      headers: {
        ...authorization(access),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(CALL_MS),
    });
    const answer: unknown = response.status === 204 ? undefined : await response.json();
    if (!response.ok) return { ok: false, status: response.status, message: messageOf(answer) };
    return { ok: true, session: answer as Session, access };
  } catch {
    return { ok: false, status: undefined, message: '' };
  }
}

function authorization(access: Access): { Authorization?: string } {
  if (access.kind === 'session') return {};
  if (access.kind === 'token') return { Authorization: `Bearer ${access.token}` };
  const bytes = new TextEncoder().encode(`${access.user}:${access.password}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function messageOf(answer: unknown): string {
  const { message } = (answer ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : '';
}
