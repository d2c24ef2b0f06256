import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { SessionUses } from '../access/session-uses.js';
import { ClockWatch } from '../clock/clock-watch.js';
import { Periodic } from '../clock/periodic.js';
import { Database } from '../database/database.js';
import { SESSION_IDLE_MS } from '../domain/session.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { SessionStore } from './session.store.js';

/** How often last uses are written down, milliseconds. A kill loses this much of them, no more. */
const EVERY_MS = 60_000;
/** So much longer than it may be idle, a session stays stored: another replica may write its last use down late. */
const GRACE_MS = 5 * EVERY_MS;

/** Writes {@link SessionUses} down, and removes sessions that have ended, away from every request. */
@Injectable()
export class SessionKeeper implements OnModuleInit, BeforeApplicationShutdown {
  readonly #logger = new Logger(SessionKeeper.name);
  readonly #rounds = new Periodic(EVERY_MS, () => this.keep());

  constructor(
    private readonly uses: SessionUses,
    private readonly store: SessionStore,
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly watch: ClockWatch,
  ) {}

  onModuleInit(): void {
    this.#rounds.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#rounds.stop();
    await this.keep();
  }

  /** Never throws: a last use is worth a log line, not a failure. */
  async keep(): Promise<void> {
    const sessions = [...(this.snapshots.current?.sessions.values() ?? [])];
    this.uses.keep(sessions);
    const uses = this.uses.drain();
    // By the earliest moment that it may be, so that a clock that is ahead removes nothing.
    const now = this.watch.earliest * 1000;
    const unusedSince = now - SESSION_IDLE_MS - GRACE_MS;
    const hasEnded = sessions.some(
      (session) => session.expiresAt <= now || this.uses.lastUse(session) <= unusedSince,
    );
    try {
      if (uses.size > 0) await this.database.transaction((manager) => this.store.saveLastUses(manager, uses));
      if (hasEnded) {
        await this.snapshots.change(async (manager) => ({
          changed: 'session',
          value: await this.store.removeEnded(manager, new Date(now), new Date(unusedSince)),
        }));
      }
    } catch (error) {
      this.uses.giveBack(uses);
      this.#logger.warn({ msg: 'the last uses of sessions could not be written down', err: error });
    }
  }
}
