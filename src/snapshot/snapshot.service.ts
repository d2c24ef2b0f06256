import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { tooManyWaiting, unavailable } from '../database/database-error.js';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';
import type { Change } from './change.js';
import { isBefore, type LocalSource, type Snapshot } from './snapshot.js';
import {
  type SnapshotFollower,
  type SnapshotLoader,
  type SnapshotPart,
  SnapshotReader,
} from './snapshot-reader.js';
import type { SnapshotVersionEntity } from './snapshot-version.entity.js';
import { SnapshotVersionStore } from './snapshot-version.store.js';

/** The longest wait before the database is asked again after a failure, milliseconds. */
const MAX_RETRY_MS = 500;
/** When a poll is this late, the snapshot may lack changes of other replicas. Milliseconds. */
const LATE_MS = 1_000;
/** Within this time a replica hears of changes of the others, milliseconds (docs/access.md). */
const HEARD_MS = 1_000;

/**
 * Holds the one {@link Snapshot} in memory. Reads of it cost nothing and never wait; a version row in the database
 * tells when another process changed something, or the database is another one than before (a restore, a failover).
 */
@Injectable()
export class SnapshotService implements BeforeApplicationShutdown {
  readonly #logger = new Logger(SnapshotService.name);
  readonly #reader: SnapshotReader;
  #current: Snapshot | undefined;
  #local: readonly LocalSource[] = [];
  #confirmedAt = -Infinity;
  #failing = false;
  /** How often everything was asked to be read anew, and which of these the snapshot has seen. */
  #reloadsAsked = 0;
  #reloadsDone = 0;
  /** How often a change brought memory up to the version that it locked. */
  #caughtUp = 0;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #pollMs: number;

  constructor(
    private readonly database: Database,
    private readonly versions: SnapshotVersionStore,
    @Inject(SERVICE_CONFIG) config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#pollMs = config.database.pollMs;
    this.#reader = new SnapshotReader(versions);
  }

  /** Names who reads a part; each part has exactly one loader. Without one for sessions there are none. */
  register<Part extends SnapshotPart>(part: Part, loader: SnapshotLoader<Part>): void {
    this.#reader.register(part, loader);
  }

  /** Has something else read at each look, in the same transaction. */
  follow(follower: SnapshotFollower): void {
    this.#reader.follow(follower);
  }

  /** The last state that was read; undefined until the first. */
  get current(): Snapshot | undefined {
    return this.#current;
  }

  /**
   * Like {@link current}, but never undefined.
   * @throws ServiceError `database.unavailable` before the first snapshot
   */
  get known(): Snapshot {
    if (this.#current !== undefined) return this.#current;
    throw unavailable(new Error('no snapshot was read yet'));
  }

  /** Milliseconds since the database last confirmed the snapshot. */
  get age(): number {
    return this.clock.monotonic() - this.#confirmedAt;
  }

  /** Whether the snapshot can be taken for the database's present state. */
  get fresh(): boolean {
    return !this.#failing && this.age <= this.#pollMs + LATE_MS;
  }

  /** Has everything read anew at the next look at the database, changed or not. */
  reload(): void {
    this.#reloadsAsked += 1;
  }

  /** Puts the licenses outside of the database in the place of those that were known; counts at once. */
  setLocal(local: readonly LocalSource[]): void {
    this.#local = local;
    if (this.#current !== undefined) this.#current = { ...this.#current, local };
  }

  /** Reads the first snapshot and follows the database from then on. */
  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
  }

  /**
   * Brings the snapshot up to what the database held when this was called. Parallel calls share one reading.
   * @throws ServiceError `database.unavailable`
   */
  async refresh(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#refresh().finally(() => (this.#running = undefined));
      return this.#running;
    }
    // The reading under way may have begun before the caller's moment: the one after it is sure.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.refresh();
      });
    return this.#next;
  }

  /**
   * Changes what the snapshot shows, in one transaction that no other change can overlap, on any replica. The
   * snapshot shows the change when this returns.
   * @param actor - is asked for its permission again when its turn has come: it may have lost it in the queue
   * @throws ServiceError `database.unavailable`, and the errors of `work` and of the actor
   */
  async change<T>(work: (manager: EntityManager) => Promise<Change<T>>, actor?: Actor): Promise<T> {
    const asked = this.clock.monotonic();
    // In a queue of our own: a thousand parallel requests would otherwise wait in the pool, and time out there.
    const turn = this.#lastChange.then(() => this.#change(work, asked, actor));
    this.#lastChange = turn.catch(() => undefined);
    const { changed, value } = await turn;
    if (changed !== false) {
      await this.refresh().catch((error: unknown) => {
        this.#logger.warn({ msg: 'a change is stored, but could not be read back yet', err: error });
      });
    }
    return value;
  }

  /**
   * Brings memory up to the database in a transaction of a caller, unless it was confirmed lately: what waited long for
   * its turn may have kept the polls waiting too.
   */
  async confirm(manager: EntityManager): Promise<void> {
    if (this.age <= Math.max(HEARD_MS, 2 * this.#pollMs)) return;
    const asked = this.clock.monotonic();
    await this.#catchUp(manager, await this.versions.lock(manager, 'pessimistic_read'));
    this.#confirmedAt = asked;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#lastChange;
    await this.#running?.catch(() => undefined);
  }

  async #change<T>(
    work: (manager: EntityManager) => Promise<Change<T>>,
    asked: number,
    actor: Actor | undefined,
  ): Promise<Change<T>> {
    if (this.clock.monotonic() - asked > MAX_WRITE_QUEUE_MS) throw tooManyWaiting('changes');
    return this.database.transaction(async (manager) => {
      const former = await this.versions.lock(manager);
      if (actor?.assertStillAllowed !== undefined) {
        await this.#catchUp(manager, former);
        actor.assertStillAllowed();
      }
      const change = await work(manager);
      const { changed } = change;
      if (changed !== false && former !== undefined)
        await this.versions.advance(manager, former, typeof changed === 'string' ? {} : changed);
      return change;
    });
  }

  /** Brings memory up to a version that is locked: what another replica took away a moment ago counts for a change. */
  async #catchUp(manager: EntityManager, locked: SnapshotVersionEntity | undefined): Promise<void> {
    const known = this.#current;
    if (locked === undefined || (known?.version === locked.version && known.stamp === locked.stamp)) return;
    this.#current = await this.#load(manager, locked, known);
    this.#caughtUp += 1;
  }

  async #refresh(): Promise<void> {
    const asked = this.clock.monotonic();
    const reloads = this.#reloadsAsked;
    const caughtUp = this.#caughtUp;
    let isTaken: boolean;
    try {
      const next = await this.database.read(async (manager) => {
        const state = await this.versions.load(manager);
        // Never taken for an empty database: a restore table by table is under way.
        if (state === undefined)
          throw unavailable(new Error('snapshot_version has no row: a restore is under way, or lost it'));
        const known = reloads === this.#reloadsDone ? this.#current : undefined;
        const isKnown = state.version === known?.version && state.stamp === known.stamp;
        await this.#reader.readFollowed(manager);
        return isKnown ? known : this.#load(manager, state, known);
      });
      // A change that caught up meanwhile can have seen later changes, which this reading would take back.
      isTaken = this.#caughtUp === caughtUp || !isBefore(next, this.#current);
      if (isTaken) {
        this.#current = next.local === this.#local ? next : { ...next, local: this.#local };
        this.#reloadsDone = reloads;
      }
      this.#confirmedAt = asked;
      if (this.#failing) this.#logger.log({ msg: 'the snapshot is read again' });
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#logger.error({ msg: 'the snapshot cannot be read: going on from memory', err: error });
      this.#failing = true;
      throw error;
    }
    // What was to be read anew was read of an earlier state.
    if (!isTaken && reloads !== this.#reloadsDone) await this.#refresh();
  }

  async #load(
    manager: EntityManager,
    state: SnapshotVersionEntity,
    known: Snapshot | undefined,
  ): Promise<Snapshot> {
    return { ...(await this.#reader.load(manager, state, this.#current, known)), local: this.#local };
  }

  #schedule(): void {
    if (this.#stopped) return;
    const wait = this.#failing ? Math.min(MAX_RETRY_MS, this.#pollMs) : this.#pollMs;
    this.#timer = setTimeout(() => {
      void this.refresh()
        .catch(() => undefined)
        .then(() => this.#schedule());
    }, wait);
    this.#timer.unref();
  }
}
