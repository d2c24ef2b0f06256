import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Periodic } from '../../clock/periodic.js';
import { Database } from '../../database/database.js';
import { ServiceError } from '../../domain/service-error.js';
import {
  afterDeletion,
  asKnown,
  mergeSightings,
  type Sighting,
  sightSubject,
} from '../../domain/usage/subject-record.js';
import { dayOf } from '../../domain/usage/usage-window.js';
import { UsageDays } from '../days/usage-days.js';
import { UsageDayStore } from '../days/usage-day.store.js';
import { writeAtEnd } from '../write-at-end.js';
import { ActiveSubjects } from './active-subjects.js';
import { SubjectRecorder } from './subject-recorder.js';
import { UsageDeletionStore } from './usage-deletion.store.js';
import { UsageSubjectStore } from './usage-subject.store.js';

/** Reports wait at most this long, and the time of writing them, milliseconds: kill -9 loses them. */
const FLUSH_MS = 1_000;
/** So many subjects are written in one transaction: it is short, and nobody waits long for their rows. */
const AT_ONCE = 2_000;
/** So many subjects wait at most: a slow machine too writes them at the end of the process (docs/performance.md). */
export const MAX_WAITING = 15_000;

/** Reports that were accepted and are not written down yet: one for each subject. */
@Injectable()
export class SeenBuffer implements BeforeApplicationShutdown {
  readonly #logger = new Logger(SeenBuffer.name);
  readonly #flushes = new Periodic(FLUSH_MS, () => this.flush().catch(() => undefined));
  #waiting = new Map<string, Sighting>();
  /** What is being written. */
  #taken = new Map<string, Sighting>();
  /** How many subjects are in both. */
  #inBoth = 0;
  #flushing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(
    private readonly database: Database,
    private readonly subjects: UsageSubjectStore,
    private readonly recorder: SubjectRecorder,
    private readonly days: UsageDays,
    private readonly openDays: UsageDayStore,
    private readonly active: ActiveSubjects,
    private readonly deletions: UsageDeletionStore,
  ) {}

  start(): void {
    this.#flushes.start();
  }

  /** How many subjects wait. */
  get size(): number {
    return this.#waiting.size + this.#taken.size - this.#inBoth;
  }

  /** @throws ServiceError `database.unavailable` where they do not all fit: then none is taken */
  add(sightings: readonly (readonly [subject: string, sighting: Sighting])[]): void {
    const subjects = new Set(sightings.map(([subject]) => subject));
    const added = [...subjects].filter((subject) => this.find(subject) === undefined);
    if (this.size + added.length > MAX_WAITING) {
      const cause = new Error('too many reports of usage wait for the database');
      throw new ServiceError('database.unavailable', undefined, { cause, retryAfter: 5 });
    }
    for (const [subject, sighting] of sightings)
      this.#wait(subject, mergeSightings(this.#waiting.get(subject), sighting));
  }

  /**
   * Writes down everything that was accepted before this call.
   * @throws ServiceError `database.unavailable`; what was not written waits again
   */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.catch(() => undefined).then(() => this.#flush());
    return this.#flushing;
  }

  /** What waits of a subject. */
  find(subject: string): Sighting | undefined {
    const [earlier, later] = [this.#taken.get(subject), this.#waiting.get(subject)];
    return later === undefined ? earlier : mergeSightings(earlier, later);
  }

  /**
   * Writes down what was accepted of one subject: it does not wait for all others. Until then it can be found.
   * @throws ServiceError `database.unavailable`; then it waits on
   */
  async flushOf(subject: string): Promise<void> {
    const sighting = this.find(subject);
    if (sighting === undefined) return;
    const written = [this.#taken.get(subject), this.#waiting.get(subject)];
    await this.#write(new Map([[subject, sighting]]));
    // Others may have come, or been taken, meanwhile.
    if (written.includes(this.#taken.get(subject))) this.#written(subject);
    if (written.includes(this.#waiting.get(subject))) this.#unwait(subject);
  }

  /** Drops what waits of a subject. */
  forget(subject: string): void {
    this.#written(subject);
    this.#unwait(subject);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#flushes.stop();
    await writeAtEnd(() => this.flush());
    if (this.size > 0)
      this.#logger.error({ msg: 'reports of usage are lost: the database is away', subjects: this.size });
  }

  async #flush(): Promise<void> {
    try {
      // What comes meanwhile does not wait for the next time, where it fills a transaction.
      do {
        this.#taken = new Map([...this.#waiting].sort(([a], [b]) => (a < b ? -1 : 1)));
        this.#waiting = new Map();
        await this.#writeTaken();
      } while (this.#waiting.size >= AT_ONCE);
      if (this.#isFailing) this.#logger.log({ msg: 'reports of usage are written down again' });
      this.#isFailing = false;
    } catch (error) {
      const failed = this.#taken;
      this.#taken = new Map();
      this.#inBoth = 0;
      this.#putBack(failed);
      if (!this.#isFailing)
        this.#logger.warn({ msg: 'reports of usage cannot be written down yet: they wait', err: error });
      this.#isFailing = true;
      throw error;
    }
  }

  async #writeTaken(): Promise<void> {
    while (this.#taken.size > 0) {
      const part = firstOf(this.#taken, AT_ONCE);
      await this.#write(part);
      for (const subject of part.keys()) this.#written(subject);
    }
  }

  #written(subject: string): void {
    if (this.#taken.delete(subject) && this.#waiting.has(subject)) this.#inBoth -= 1;
  }

  #unwait(subject: string): void {
    if (this.#waiting.delete(subject) && this.#taken.has(subject)) this.#inBoth -= 1;
  }

  #putBack(sightings: Iterable<readonly [subject: string, sighting: Sighting]>): void {
    for (const [subject, sighting] of sightings) {
      const later = this.#waiting.get(subject);
      this.#wait(subject, later === undefined ? sighting : mergeSightings(sighting, later));
    }
  }

  #wait(subject: string, sighting: Sighting): void {
    if (this.#taken.has(subject) && !this.#waiting.has(subject)) this.#inBoth += 1;
    this.#waiting.set(subject, sighting);
  }

  async #write(reported: ReadonlyMap<string, Sighting>): Promise<void> {
    const today = dayOf(await this.days.prepare());
    const records = await this.database.transaction(async (manager) => {
      const sightings = await this.#undeleted(manager, reported);
      const known = await this.subjects.read(manager, [...sightings.keys()]);
      const news = new Map(
        [...sightings].filter(([subject, sighting]) => {
          const record = known.get(subject);
          return record === undefined || sightSubject(record, sighting, today) !== record;
        }),
      );
      const stored = [...news.keys()].filter((subject) => known.has(subject));
      const changes = await this.recorder.record(
        manager,
        news,
        await this.subjects.lock(manager, stored),
        today,
      );
      const late = changes.filter(({ subject }) => dayOf(news.get(subject)?.from ?? Infinity) < today).length;
      if (late > 0) await this.openDays.note(manager, today, { late });
      return [...sightings].map(
        ([subject, sighting]) => [subject, sightSubject(known.get(subject), sighting, today)] as const,
      );
    });
    for (const [subject, record] of records) this.active.note(subject, asKnown(record));
  }

  /** Without those who were deleted since they were seen. */
  async #undeleted(
    manager: EntityManager,
    sightings: ReadonlyMap<string, Sighting>,
  ): Promise<ReadonlyMap<string, Sighting>> {
    const deleted = await this.deletions.among(manager, [...sightings.keys()]);
    if (deleted.size === 0) return sightings;
    return new Map(
      [...sightings].flatMap(([subject, sighting]) => {
        const left = afterDeletion(sighting, deleted.get(subject));
        return left === undefined ? [] : [[subject, left] as const];
      }),
    );
  }
}

function firstOf<K, V>(map: ReadonlyMap<K, V>, count: number): Map<K, V> {
  const found = new Map<K, V>();
  for (const [key, value] of map) {
    if (found.size === count) break;
    found.set(key, value);
  }
  return found;
}
