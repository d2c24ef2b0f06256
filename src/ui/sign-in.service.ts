import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Authenticator, type Credentials } from '../access/authenticator.js';
import { hashToken } from '../access/service-account-token.js';
import { AuditStore } from '../audit/audit.store.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { AttemptWindow } from '../domain/attempt-window.js';
import type { Actor } from '../domain/actor.js';
import type { Caller } from '../domain/caller.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { configuredProof, type KnownSession, MAX_SESSION_MS } from '../domain/session.js';
import type { RequestContext } from '../http/request-context.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { SessionStore } from './session.store.js';
import { SignInLinks } from './sign-in-links.js';

/** So many sessions one caller has, and all together: those that were used longest ago give way to new ones. */
const MAX_OF_CALLER = 20;
const MAX_SESSIONS = 1_000;
const MINUTE_MS = 60_000;

/** A way to sign in. */
export type SignIn = Credentials | { readonly link: string };

/** Who signs in, and the hash of the token that it takes; none for a caller of the configuration. */
interface SignedIn {
  readonly caller: Caller;
  readonly tokenHash: string | undefined;
}

/** A session that was opened. Its secret is for the browser's cookie alone. */
export interface OpenedSession {
  readonly secret: string;
  readonly caller: Caller;
  readonly session: KnownSession;
}

/** Opens sessions of the page. */
@Injectable()
export class SignInService {
  readonly #opened: AttemptWindow;

  constructor(
    private readonly store: SessionStore,
    private readonly snapshots: SnapshotService,
    private readonly authenticator: Authenticator,
    private readonly links: SignInLinks,
    private readonly audit: AuditStore,
    @Inject(SERVICE_CONFIG) { access }: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#opened = new AttemptWindow(clock, access.writesPerMinute, MINUTE_MS);
  }

  /**
   * Signs a caller in. Its credentials are judged as in a header, by the same limits and in the same time.
   * @param former - the secret of the session that the browser had: the new one takes its place
   * @throws ServiceError those of the authenticator, `session.link-invalid`, `too-many-requests`,
   *   `database.unavailable`
   */
  async open(signIn: SignIn, context: RequestContext, former: string | undefined): Promise<OpenedSession> {
    if ('link' in signIn) {
      return this.links.use(signIn.link, async (tokenHash) =>
        this.#open(this.#linked(tokenHash, context), context, former),
      );
    }
    return this.#open(await this.#authenticate(signIn, context), context, former);
  }

  async #open(
    signedIn: SignedIn,
    context: RequestContext,
    former: string | undefined,
  ): Promise<OpenedSession> {
    const { caller } = signedIn;
    context.callerId = caller.id;
    if (!this.#opened.take(caller.id)) {
      const retryAfter = this.#opened.retryAfter(caller.id);
      throw new ServiceError('too-many-requests', undefined, { retryAfter });
    }
    const secret = randomBytes(32).toString('base64url');
    const actor = { ...actorOf(signedIn, context), assertStillAllowed: () => this.#assertStillIn(signedIn) };
    const session = await this.snapshots.change(
      async (manager) => ({
        changed: 'session',
        value: await this.#save(manager, signedIn, secret, context, former),
      }),
      actor,
    );
    return { secret, caller, session };
  }

  /** Its token may have been taken away while it waited for others. @throws ServiceError */
  #assertStillIn({ tokenHash }: SignedIn): void {
    if (tokenHash !== undefined && this.authenticator.callerOfToken(tokenHash) === undefined)
      throw new ServiceError('api-key.invalid');
  }

  async #authenticate(credentials: Credentials, context: RequestContext): Promise<SignedIn> {
    const caller = await this.authenticator.signIn(credentials, context);
    const isConfigured = this.authenticator.configuredCaller(caller.id) !== undefined;
    return {
      caller,
      tokenHash: isConfigured || !('token' in credentials) ? undefined : hashToken(credentials.token),
    };
  }

  /** @param tokenHash - of the link; undefined for a link that lets nobody in */
  #linked(tokenHash: string | undefined, context: RequestContext): SignedIn {
    const caller = tokenHash === undefined ? undefined : this.authenticator.callerOfToken(tokenHash);
    if (caller === undefined)
      throw this.authenticator.failures.count(context) ?? new ServiceError('session.link-invalid');
    return { caller, tokenHash };
  }

  async #save(
    manager: EntityManager,
    signedIn: SignedIn,
    secret: string,
    context: RequestContext,
    former: string | undefined,
  ): Promise<KnownSession> {
    const { caller } = signedIn;
    const now = this.clock.now();
    const { tokenId, proof, expiresAt, basis } = await this.#basisOf(manager, signedIn, secret, now);
    const replaced =
      former === undefined ? undefined : await this.store.removeByHash(manager, hashToken(former));
    const id = await this.store.add(manager, {
      hash: hashToken(secret),
      caller: caller.id,
      tokenId,
      proof,
      createdAt: new Date(now),
      lastUsedAt: new Date(now),
      expiresAt: new Date(expiresAt),
      address: context.client,
    });
    const beyond = await this.store.removeBeyond(manager, MAX_OF_CALLER, MAX_SESSIONS);
    const ended = [...(replaced === undefined ? [] : [replaced]), ...beyond];
    const detail = {
      caller: caller.id,
      expiresAt: new Date(expiresAt).toISOString(),
      ...(ended.length === 0 ? {} : { ended }),
    };
    const actor = actorOf(signedIn, context);
    await this.audit.record(manager, actor, 'session.sign-in', `session:${id}`, detail);
    return {
      id,
      callerId: caller.id,
      basis,
      createdAt: now,
      lastUsedAt: now,
      expiresAt,
      address: context.client,
    };
  }

  async #basisOf(manager: EntityManager, { caller, tokenHash }: SignedIn, secret: string, now: number) {
    const latest = now + MAX_SESSION_MS;
    if (tokenHash !== undefined) {
      const token = await this.store.token(manager, tokenHash);
      // Deleted since it was let in.
      if (token === undefined) throw new ServiceError('api-key.invalid');
      const expiresAt = Math.min(latest, token.expiresAt?.getTime() ?? Infinity);
      return { tokenId: token.id, proof: null, expiresAt, basis: { kind: 'token', tokenHash } as const };
    }
    const credential = this.authenticator.configuredCaller(caller.id)?.credential;
    if (credential === undefined) throw new ServiceError('auth.unauthorized');
    const proof = configuredProof(secret, caller.id, credential);
    return { tokenId: null, proof, expiresAt: latest, basis: { kind: 'configured', proof } as const };
  }
}

function actorOf({ caller: { id } }: SignedIn, { requestId, client }: RequestContext): Actor {
  return { id, requestId, client };
}
