import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestActor } from '../access/actor.decorator.js';
import { Authenticator } from '../access/authenticator.js';
import { SessionUses } from '../access/session-uses.js';
import { actionsBeyond } from '../access/token-ceiling.js';
import { AuditStore } from '../audit/audit.store.js';
import { Database } from '../database/database.js';
import { AccessDeniedError } from '../domain/access-denied-error.js';
import type { Action } from '../domain/actions.js';
import type { Caller } from '../domain/caller.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { type KnownSession, SESSION_IDLE_MS } from '../domain/session.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { SessionStore } from './session.store.js';

/** Ends sessions. */
export const REVOKE: Action = 'serviceaccounts:write';

/** A session that counts, with its caller. */
export interface OpenSession {
  readonly caller: Caller;
  readonly session: KnownSession;
  /** Unix milliseconds. */
  readonly lastUse: number;
  /** Whether the caller who asks may end it. */
  readonly revocable: boolean;
}

/** Lists and ends the sessions of the page. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    private readonly store: SessionStore,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly authenticator: Authenticator,
    private readonly uses: SessionUses,
    private readonly audit: AuditStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.snapshots.register('sessions', async (manager, previous, changed) =>
      previous !== undefined && changed !== undefined && (await this.store.areStored(manager, previous))
        ? previous
        : this.store.loadAll(manager),
    );
    this.uses.readBy((id) => this.database.read((manager) => this.store.lastUse(manager, id)));
  }

  /**
   * The sessions that count now, oldest first. Uses of the last minute on other replicas may be missing.
   * @param reader - the caller who asks
   */
  async list(reader: Caller): Promise<OpenSession[]> {
    const sessions = await this.database.read((manager) => this.store.loadAll(manager));
    const now = this.clock.now();
    return [...sessions.values()].flatMap((session) => {
      const lastUse = this.uses.lastUse(session);
      const caller = this.#callerOf(session);
      const isOpen = session.expiresAt > now && lastUse + SESSION_IDLE_MS > now;
      if (!isOpen || caller === undefined) return [];
      const revocable = reader.actions.has(REVOKE) && actionsBeyond(caller, reader).length === 0;
      return [{ caller, session, lastUse, revocable }];
    });
  }

  /** Ends the session of a caller who signs out; once more is fine. */
  async signOut(actor: RequestActor, session: KnownSession): Promise<void> {
    await this.#end(actor, session, 'session.sign-out');
  }

  /**
   * Ends a session of any caller who holds no more than the actor.
   * @throws ServiceError `not-found`; AccessDeniedError
   */
  async revoke(actor: RequestActor, id: number): Promise<void> {
    const sessions = await this.database.read((manager) => this.store.loadAll(manager));
    const session = [...sessions.values()].find((one) => one.id === id);
    if (session === undefined) throw new ServiceError('not-found', 'Session not found');
    const caller = this.#callerOf(session);
    const missing = caller === undefined ? [] : actionsBeyond(caller, actor);
    if (missing.length > 0)
      throw new AccessDeniedError(missing, `${actor.id} cannot take away what it does not hold`);
    await this.#end(actor, session, 'session.revoke');
  }

  async #end(
    actor: RequestActor,
    { id, callerId, createdAt }: KnownSession,
    action: 'session.sign-out' | 'session.revoke',
  ): Promise<void> {
    // Signing out twice is fine: by the second time the session has ended.
    const asker = action === 'session.revoke' ? actor : undefined;
    await this.snapshots.change(async (manager) => {
      if (!(await this.store.remove(manager, id))) return { changed: false, value: undefined };
      const before = { caller: callerId, createdAt: new Date(createdAt).toISOString() };
      await this.audit.record(manager, actor, action, `session:${id}`, {}, before);
      return { changed: 'session', value: undefined };
    }, asker);
  }

  /** @returns undefined where the session gives nothing any more */
  #callerOf({ basis, callerId }: KnownSession): Caller | undefined {
    if (basis.kind === 'configured') return this.authenticator.configuredCaller(callerId)?.caller;
    try {
      return this.authenticator.callerOfToken(basis.tokenHash);
    } catch {
      return undefined;
    }
  }
}
