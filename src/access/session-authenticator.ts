import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import type { Caller } from '../domain/caller.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { configuredProof, type KnownSession, SESSION_IDLE_MS } from '../domain/session.js';
import { PageOrigin } from '../http/page-origin.js';
import { hasSessionCookie } from '../http/session-cookie.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { Authenticator } from './authenticator.js';
import { sameSecret } from './basic-credentials.js';
import type { Origin } from './failed-attempts.js';
import { hashToken } from './service-account-token.js';
import { SessionUses } from './session-uses.js';

/** A caller who came by a session. */
export interface SessionCaller {
  readonly caller: Caller;
  readonly session: KnownSession;
}

/** What our page sends, as `true`, with a call that it makes by itself: it lets in, and is no use of the session. */
const POLL_HEADER = 'x-page-poll';

/** 32 random bytes, base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/**
 * Turns the cookie of the page into a {@link Caller}. A session is known by the snapshot, as tokens are: so its end
 * counts at once here, and within a second on other replicas. What it stands on is asked at each call.
 */
@Injectable()
export class SessionAuthenticator {
  readonly #isOn: boolean;
  readonly #staleMs: number;
  readonly #origin: PageOrigin;

  constructor(
    @Inject(SERVICE_CONFIG) { ui, access, rootUrl }: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly snapshots: SnapshotService,
    private readonly authenticator: Authenticator,
    private readonly uses: SessionUses,
  ) {
    this.#isOn = ui;
    this.#staleMs = access.staleSeconds * 1000;
    this.#origin = new PageOrigin(rootUrl);
  }

  /**
   * @param request - without an `Authorization` header: that alone counts where there is one
   * @returns undefined where it has no cookie of ours
   * @throws ServiceError `auth.unauthorized` for a call that is not our page's, `session.ended`, `too-many-requests`,
   *   `database.unavailable`, and those of the token that the session stands on
   */
  authenticate(request: IncomingMessage, origin: Origin): SessionCaller | Promise<SessionCaller> | undefined {
    if (!this.#isOn || !hasSessionCookie(request)) return undefined;
    if (!this.#origin.isOwnCall(request))
      throw unauthorized('a session counts for calls of our own page alone');
    const secret = this.#origin.secretIn(request);
    if (secret === undefined) throw unauthorized('there is no session cookie that counts at this address');
    const session = this.#find(secret);
    const found =
      session === undefined ? this.#askAgain(secret, origin) : this.#admit(session, secret, origin);
    if (request.headers[POLL_HEADER] === 'true') return found;
    return found instanceof Promise ? found.then((one) => this.#use(one)) : this.#use(found);
  }

  /**
   * The caller of a session that let it in, as it is now.
   * @throws ServiceError `session.ended`, `database.unavailable`, and those of the token that the session stands on
   */
  callerAgain(request: IncomingMessage, { id }: KnownSession): Caller {
    const secret = this.#origin.secretIn(request);
    const session = secret === undefined ? undefined : this.#find(secret);
    if (secret === undefined || session?.id !== id) throw ended();
    return this.#standing(session, secret);
  }

  #find(secret: string): KnownSession | undefined {
    return this.snapshots.current?.sessions.get(hashToken(secret));
  }

  /** Decides about a session that the snapshot lacks: another replica may have opened it a moment ago. */
  async #askAgain(secret: string, origin: Origin): Promise<SessionCaller> {
    const { failures } = this.authenticator;
    if (SECRET.test(secret)) await (failures.tooMany(origin) ? failures.look() : this.snapshots.refresh());
    const session = this.#find(secret);
    if (session === undefined) throw failures.count(origin) ?? ended();
    return this.#admit(session, secret, origin);
  }

  #admit(session: KnownSession, secret: string, origin: Origin): SessionCaller | Promise<SessionCaller> {
    const admitted = { caller: this.#standing(session, secret), session };
    if (!this.#isIdle(this.uses.lastUse(session))) return admitted;
    return this.#lookForUse(session, origin).then(() => admitted);
  }

  /** The caller of a session, used lately or not. */
  #standing(session: KnownSession, secret: string): Caller {
    if (this.snapshots.age > this.#staleMs)
      throw new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
    if (session.expiresAt <= this.clock.now()) throw ended();
    const caller = this.#callerOf(session, secret);
    if (caller === undefined) throw ended();
    return caller;
  }

  /** Another replica may have been used meanwhile. @throws ServiceError `session.ended` */
  async #lookForUse(session: KnownSession, origin: Origin): Promise<void> {
    const { failures } = this.authenticator;
    if (!failures.tooMany(origin) && !this.#isIdle(await this.uses.readLastUse(session))) return;
    throw failures.count(origin) ?? ended();
  }

  #isIdle(lastUse: number): boolean {
    return lastUse + SESSION_IDLE_MS <= this.clock.now();
  }

  #callerOf({ basis, callerId }: KnownSession, secret: string): Caller | undefined {
    if (basis.kind === 'token') return this.authenticator.callerOfToken(basis.tokenHash);
    const configured = this.authenticator.configuredCaller(callerId);
    if (configured === undefined) return undefined;
    const proof = configuredProof(secret, callerId, configured.credential);
    return sameSecret(proof, basis.proof) ? configured.caller : undefined;
  }

  #use(admitted: SessionCaller): SessionCaller {
    this.uses.note(admitted.session);
    return admitted;
  }
}

function ended(): ServiceError {
  return new ServiceError('session.ended');
}

/** @param reason - for the log alone */
function unauthorized(reason: string): ServiceError {
  return new ServiceError('auth.unauthorized', undefined, { cause: new Error(reason) });
}
