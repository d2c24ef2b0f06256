import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ClockWatch } from '../../clock/clock-watch.js';
import { BOOT, type ReadBoot } from '../../clock/boot.js';
import { LowestOffset } from '../../clock/lowest-offset.js';
import { Periodic } from '../../clock/periodic.js';
import { SERVER_TIME, type ServerTime } from '../../database/server-time.js';
import { ISSUER_SERVER_CONFIG, type IssuerServerConfig } from '../../config/issuer-server-config.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { type ClockDoubt, clockDoubt, type ClockEvidence } from '../../domain/clock-doubt.js';
import { Metrics } from '../../metrics/metrics.js';
import { ClockDoubtError } from './clock-doubt-error.js';
import type { IssuerRecordEntity } from './issuer-record.entity.js';
import { IssuerRecordStore } from './issuer-record.store.js';
import { OwnDatabase } from './own-database.js';

const LOOK_MS = 10_000;
/** How old the stored moment may become while the issuer runs, seconds. */
const MAX_AGE = 600;

/** What the clock says, Unix seconds, and why it is in doubt, if it is. */
export interface ClockReading {
  readonly now: number;
  readonly doubt?: ClockDoubt | undefined;
}

/**
 * The clock that tokens and statements are signed by: ours, while nothing contradicts it. It is compared with
 * the database server's clock, or, as the embedded database has none, with the monotonic one, over restarts
 * of the process too; and with the latest moment that is stored.
 */
@Injectable()
export class ConfirmedClock implements BeforeApplicationShutdown {
  readonly #logger = new Logger(ConfirmedClock.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.#look());
  readonly #hasServer: boolean;
  /** Steps that the watch takes for corrections add up here. */
  readonly #offsets = new LowestOffset();
  /** The last moment of this process at which the clock was confirmed: wall and monotonic milliseconds. */
  #confirmed: { readonly now: number; readonly monotonic: number } | undefined;
  /** The wall clock less the monotonic one when an operator last confirmed it here, milliseconds. */
  #operatorOffset = -Infinity;
  /** What this process stored last, Unix seconds; another one may have set it back since. */
  #noted = -Infinity;
  #said: ClockDoubt['kind'] | undefined;
  /** What the last look at the clock brought. */
  #isConfirmed: boolean | undefined;

  constructor(
    private readonly database: OwnDatabase,
    private readonly store: IssuerRecordStore,
    private readonly watch: ClockWatch,
    metrics: Metrics,
    @Inject(ISSUER_SERVER_CONFIG) { database: { location } }: IssuerServerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SERVER_TIME) private readonly serverTime: ServerTime,
    @Inject(BOOT) private readonly readBoot: ReadBoot,
  ) {
    this.#hasServer = location.kind === 'postgres';
    metrics.gauge(
      'licentia_signing_clock_confirmed',
      'Whether the issuer signs by its clock: 0 while another clock or its last use contradicts it.',
      {},
      () => (this.#isConfirmed === undefined ? undefined : Number(this.#isConfirmed)),
    );
  }

  /**
   * Looks at the clock once, and keeps the moment if it is confirmed. Never throws for a doubt: signing does.
   */
  async start(): Promise<void> {
    await this.database.transaction((manager) => this.#keep(manager));
  }

  /** Goes on looking until the shutdown, for a process that serves. */
  keepLooking(): void {
    this.watch.start();
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** The moment to sign with, Unix seconds. @throws ClockDoubtError */
  async now(manager: EntityManager): Promise<number> {
    const { now, doubt } = await this.read(manager);
    if (doubt !== undefined) throw new ClockDoubtError(doubt, now);
    return now;
  }

  /** The same for what signs nothing yet. @throws ClockDoubtError, ServiceError `database.unavailable` */
  async nowConfirmed(): Promise<number> {
    return this.database.transaction((manager) => this.now(manager));
  }

  /** What our clock says, believed or not: for what is only noted. */
  get moment(): Date {
    return new Date(this.clock.now());
  }

  /** The same in Unix seconds where the last look confirmed it, seconds ago; else undefined. For what is only told. */
  get confirmedMoment(): number | undefined {
    return this.#isConfirmed === true ? toSeconds(this.clock.now()) : undefined;
  }

  /** Asks every clock there is, in the transaction of what follows from it. */
  async read(manager: EntityManager): Promise<ClockReading> {
    return (await this.#read(manager)).reading;
  }

  async #read(manager: EntityManager) {
    const record = await this.store.keep(manager);
    const reading = this.#judge(await this.#server(manager), record);
    // At once, not with the next look: by then the clock may be ahead once more.
    if (record?.setBackAt === null && reading.doubt?.kind === 'set-back')
      await this.store.setSetBack(manager, reading.now);
    return { record, reading };
  }

  /**
   * An operator says that the clock is right, however long it was not used.
   * @throws ClockDoubtError where another clock says that it is not
   */
  async confirm(): Promise<number> {
    const reading = await this.database.transaction(async (manager) => {
      const server = await this.#server(manager);
      const [wall, monotonic] = [this.clock.now(), this.clock.monotonic()];
      const now = toSeconds(wall);
      const doubt = clockDoubt({ now, earliest: now, server });
      if (doubt !== undefined) throw new ClockDoubtError(doubt, now);
      await this.store.confirm(manager, now);
      const boot = this.#boot();
      if (boot !== undefined) await this.store.setBoot(manager, boot.id, boot.startedAt);
      return { now, offset: wall - monotonic };
    });
    this.#operatorOffset = reading.offset;
    this.#isConfirmed = true;
    return reading.now;
  }

  async #server(manager: EntityManager): Promise<ClockEvidence['server']> {
    if (!this.#hasServer) return undefined;
    // By the monotonic clock: a wall clock that is set meanwhile must not count as a slow answer.
    const asked = this.clock.monotonic();
    const theirs = await this.serverTime(manager);
    const took = this.clock.monotonic() - asked;
    this.watch.compare('database', theirs, this.clock.now() - took);
    const way = took / 2000;
    // The answer took half of the time; a second more for the rounding of their time.
    return { now: toSeconds(theirs) + way, doubt: way + 1 };
  }

  /**
   * This run of the machine and when it began, by our clock, Unix seconds; undefined where a server's clock
   * decides.
   */
  #boot(): { readonly id: string; readonly startedAt: number } | undefined {
    const boot = this.#hasServer ? undefined : this.readBoot();
    return boot && { id: boot.id, startedAt: Math.round(this.clock.now() / 1000 - boot.seconds) };
  }

  #judge(server: ClockEvidence['server'], record: IssuerRecordEntity | undefined): ClockReading {
    const lastSeen = record?.lastSeen || undefined;
    const boot = this.#boot();
    const isSameBoot = boot !== undefined && boot.id === record?.bootId && record.bootedAt !== null;
    const unjumped = this.watch.earliest;
    const [now, monotonic] = [this.clock.now(), this.clock.monotonic()];
    const lowest = Math.min(unjumped, toSeconds(this.#offsets.earliest(now, monotonic)));
    // The jumps before an operator confirmed the clock count no more.
    const earliest = Math.max(lowest, toSeconds(this.#operatorOffset + monotonic));
    const before = this.#confirmed;
    const expected = before && (before.now + monotonic - before.monotonic) / 1000;
    const unset = isSameBoot ? toSeconds(now) - (boot.startedAt - (record.bootedAt ?? 0)) : undefined;
    const wasSetBack = record?.setBackAt != null;
    const evidence = { now: toSeconds(now), earliest, server, lastSeen, wasSetBack, expected, unset };
    const doubt = clockDoubt(evidence);
    this.#isConfirmed = doubt === undefined;
    if (doubt === undefined) this.#confirmed = { now, monotonic };
    return { now: toSeconds(now), doubt };
  }

  /** Never rejects: a database that is away says nothing about clocks. */
  async #look(): Promise<void> {
    await this.database.transaction((manager) => this.#keep(manager)).catch(() => undefined);
  }

  async #keep(manager: EntityManager): Promise<void> {
    const { record, reading } = await this.#read(manager);
    const { now, doubt } = reading;
    this.#say(now, doubt);
    if (record?.setBackAt != null && doubt === undefined) await this.store.setSetBack(manager, null);
    const lastSeen = record?.lastSeen ?? -Infinity;
    if (doubt !== undefined || now - Math.min(this.#noted, lastSeen) < MAX_AGE) return;
    await this.store.advance(manager, now);
    const boot = this.#boot();
    if (boot !== undefined) await this.store.noteBoot(manager, boot.id, boot.startedAt);
    this.#noted = now;
  }

  #say(now: number, doubt: ClockDoubt | undefined): void {
    if (doubt?.kind === this.#said) return;
    this.#said = doubt?.kind;
    if (doubt === undefined) this.#logger.log({ msg: 'the clock is confirmed again' });
    else this.#logger.error({ msg: new ClockDoubtError(doubt, now).message, aheadBySeconds: doubt.ahead });
  }
}
