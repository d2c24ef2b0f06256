import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { MAX_WRITE_QUEUE_MS } from '../domain/request-deadline.js';
import { ServiceError } from '../domain/service-error.js';
import type { LocalSource, Snapshot } from './snapshot.js';
import type { SnapshotVersionEntity } from './snapshot-version.entity.js';
import { SnapshotVersionStore } from './snapshot-version.store.js';

/** Reads one part of the snapshot. `previous` is what it read last; what did not change may be kept. */
export type SnapshotLoader<Part extends SnapshotPart> = (
  manager: EntityManager,
  previous: Snapshot[Part] | undefined,
) => Promise<Snapshot[Part]>;

export type SnapshotPart = 'license' | 'tokens';

/** The result of {@link SnapshotService.change}: `changed: false` commits nothing. */
export interface Change<T> {
  readonly changed: boolean;
  readonly value: T;
}

/** How often the database is asked for its version, milliseconds: other replicas' changes count within a second. */
const POLL_MS = 500;
/** Longer than this after the last good answer, the snapshot may lack what others did; milliseconds. */
const FRESH_MS = 1_500;

/**
 * Holds the one {@link Snapshot} in memory. Reads of it cost nothing and never wait; a version row in the database
 * tells when another process changed something, or the database is another one than before (a restore, a failover).
 */
@Injectable()
export class SnapshotService implements BeforeApplicationShutdown {
  readonly #logger = new Logger(SnapshotService.name);
  readonly #loaders: { [Part in SnapshotPart]?: SnapshotLoader<Part> } = {};
  #current: Snapshot | undefined;
  #local: readonly LocalSource[] = [];
  #confirmedAt = -Infinity;
  #failing = false;
  /** How often everything was asked to be read anew, and which of these the snapshot has seen. */
  #reloadsAsked = 0;
  #reloadsDone = 0;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly database: Database,
    private readonly versions: SnapshotVersionStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Names who reads a part; each part has exactly one loader. */
  register<Part extends SnapshotPart>(part: Part, loader: SnapshotLoader<Part>): void {
    Object.assign(this.#loaders, { [part]: loader });
  }

  /** The last state that was read; undefined until the first. */
  get current(): Snapshot | undefined {
    return this.#current;
  }

  /** The same for who cannot do without. @throws ServiceError `database.unavailable` before the first snapshot */
  get known(): Snapshot {
    if (this.#current !== undefined) return this.#current;
    throw unavailable('no snapshot was read yet');
  }

  /** Milliseconds since the database last confirmed the snapshot. */
  get age(): number {
    return this.clock.monotonic() - this.#confirmedAt;
  }

  /** Whether the snapshot can be taken for the database's present state. */
  get fresh(): boolean {
    return !this.#failing && this.age <= FRESH_MS;
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
   * @throws ServiceError `database.unavailable`, and the errors of `work`
   */
  async change<T>(work: (manager: EntityManager) => Promise<Change<T>>): Promise<T> {
    const asked = this.clock.monotonic();
    // In a queue of our own: a thousand parallel requests would otherwise wait in the pool, and time out there.
    const turn = this.#lastChange.then(() => this.#change(work, asked));
    this.#lastChange = turn.catch(() => undefined);
    const { changed, value } = await turn;
    if (changed) {
      await this.refresh().catch((error: unknown) => {
        this.#logger.warn({ msg: 'a change is stored, but could not be read back yet', err: error });
      });
    }
    return value;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#lastChange;
    await this.#running?.catch(() => undefined);
  }

  async #change<T>(work: (manager: EntityManager) => Promise<Change<T>>, asked: number): Promise<Change<T>> {
    if (this.clock.monotonic() - asked > MAX_WRITE_QUEUE_MS) {
      throw new ServiceError('database.unavailable', undefined, {
        cause: new Error('too many changes are waiting'),
        retryAfter: 5,
      });
    }
    return this.database.transaction(async (manager) => {
      await this.versions.lock(manager);
      const change = await work(manager);
      if (change.changed) await this.versions.advance(manager);
      return change;
    });
  }

  async #refresh(): Promise<void> {
    const asked = this.clock.monotonic();
    const reloads = this.#reloadsAsked;
    try {
      const next = await this.database.read(async (manager) => {
        const state = await this.versions.load(manager);
        // Never taken for an empty database: a restore table by table is under way.
        if (state === undefined)
          throw unavailable('snapshot_version has no row: a restore is under way, or lost it');
        const known = reloads === this.#reloadsDone ? this.#current : undefined;
        const isKnown = state.version === known?.version && state.stamp === known.stamp;
        return isKnown ? known : this.#load(manager, state);
      });
      this.#current = next.local === this.#local ? next : { ...next, local: this.#local };
      this.#confirmedAt = asked;
      this.#reloadsDone = reloads;
      if (this.#failing) this.#logger.log({ msg: 'the snapshot is read again' });
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#logger.error({ msg: 'the snapshot cannot be read: going on from memory', err: error });
      this.#failing = true;
      throw error;
    }
  }

  async #load(manager: EntityManager, { version, stamp }: SnapshotVersionEntity): Promise<Snapshot> {
    const { license, tokens } = this.#loaders;
    if (license === undefined || tokens === undefined)
      throw new Error('a part of the snapshot has no loader');
    return {
      version,
      stamp,
      license: await license(manager, this.#current?.license),
      local: this.#local,
      tokens: await tokens(manager, this.#current?.tokens),
    };
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.refresh()
        .catch(() => undefined)
        .then(() => this.#schedule());
    }, POLL_MS);
    this.#timer.unref();
  }
}

function unavailable(reason: string): ServiceError {
  return new ServiceError('database.unavailable', undefined, { cause: new Error(reason), retryAfter: 2 });
}
