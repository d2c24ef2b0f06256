import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { Database } from '../../database/database.js';
import { type Actor, SYSTEM } from '../../domain/actor.js';
import { surplusSessions } from '../../domain/usage/sessions.js';
import { CallerRights } from '../../snapshot/caller-rights.js';
import { CurrentTerms } from '../current-terms.js';
import { SubjectHasher } from '../subjects/subject-hasher.js';
import { UsageClock } from '../usage-clock.js';
import { UsageSessionStore } from './usage-session.store.js';

/** So many of one user are kept: of more the longest idle ones are forgotten, until they are heard of again. */
const MAX_SESSIONS = 1_000;

/** The sessions of each user, as many at a time as the license includes. */
@Injectable()
export class UsageSessions {
  readonly #idleSeconds: number;

  constructor(
    @Inject(SERVICE_CONFIG) { usage }: ServiceConfig,
    private readonly database: Database,
    private readonly sessions: UsageSessionStore,
    private readonly hasher: SubjectHasher,
    private readonly terms: CurrentTerms,
    private readonly clock: UsageClock,
    private readonly rights: CallerRights,
  ) {
    this.#idleSeconds = usage.sessionIdleSeconds;
  }

  /**
   * Begins a session or goes on with it: that is always allowed.
   * @returns the sessions of the same user that have to end, again at each call until they do
   * @throws ServiceError `database.unavailable`, `issuer.unavailable` while nothing can be said of the license
   */
  async touch(session: string, subject: string, actor: Actor = SYSTEM): Promise<string[]> {
    const { maxSessions } = this.terms.current();
    await this.hasher.start();
    const hash = this.hasher.hash('user', subject);
    const now = this.clock.earliest;
    const touch = this.rights.whileAllowed([actor], async (manager) => {
      await this.sessions.lock(manager, hash);
      await this.sessions.touch(manager, session, hash, now);
      const all = await this.sessions.of(manager, hash);
      const surplus = (max: number) => surplusSessions(all, session, max, this.#idleSeconds, now);
      await this.sessions.remove(manager, ...surplus(MAX_SESSIONS));
      return surplus(maxSessions);
    });
    return this.database.transaction(touch);
  }

  /** @throws ServiceError `database.unavailable` */
  async end(session: string, actor: Actor = SYSTEM): Promise<void> {
    const remove = this.rights.whileAllowed([actor], async (manager) =>
      this.sessions.remove(manager, session),
    );
    await this.database.transaction(remove);
  }

  /** Deletes those that are over. @throws ServiceError `database.unavailable` */
  async prune(): Promise<void> {
    const moment = this.clock.earliest - this.#idleSeconds;
    while (await this.database.transaction((manager) => this.sessions.prune(manager, moment)));
  }
}
