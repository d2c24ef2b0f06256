import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Periodic } from '../../clock/periodic.js';
import { Database } from '../../database/database.js';
import { writeAtEnd } from '../write-at-end.js';
import { UsageDeletionStore } from './usage-deletion.store.js';
import { type Denial, OTHERS, UsageDenialStore } from './usage-denial.store.js';

/** Repeated refusals wait at most this long, and the time of writing them, milliseconds: kill -9 loses them. */
const FLUSH_MS = 1_000;
/** The most refused subjects that are remembered. A refusal of one that was forgotten is written once more. */
const MAX_SUBJECTS = 100_000;
/** So many subjects of a day get a row of their own: to add the rows up, which closes the day, stays fast. */
export const MAX_LISTED = 50_000;

/**
 * Who was refused. The first refusal of a day is a write of its admission. What follows is counted in memory, and
 * written together: products ask again and again.
 */
@Injectable()
export class Refusals implements BeforeApplicationShutdown {
  readonly #logger = new Logger(Refusals.name);
  readonly #flushes = new Periodic(FLUSH_MS, () => this.flush().catch(() => undefined));
  /** The day of which a subject has a row. */
  readonly #stored = new LRUCache<string, number>({ max: MAX_SUBJECTS });
  #listed = { day: -Infinity, subjects: 0 };
  #waiting = new Map<string, Denial>();
  /** How many refusals are being written. */
  #writing = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly denials: UsageDenialStore,
    private readonly deletions: UsageDeletionStore,
  ) {}

  start(): void {
    this.#flushes.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#flushes.stop();
    await writeAtEnd(() => this.flush());
    const { waiting } = this;
    if (waiting > 0)
      this.#logger.error({ msg: 'repeated refusals are lost: the database is away', refusals: waiting });
  }

  /** How many refusals are not written down. */
  get waiting(): number {
    return this.#writing + timesOf(this.#waiting);
  }

  /** Whether a refusal has to be written at once: no row names its subject yet. */
  isNew(denial: Denial): boolean {
    return !this.#hasRow(denial) && (this.#listed.day !== denial.day || this.#listed.subjects < MAX_LISTED);
  }

  /**
   * Takes note of refusals after their transaction.
   * @param written - those among them that it wrote, as they were new
   */
  note(written: readonly Denial[], all: readonly Denial[]): void {
    for (const { subject, day } of written) {
      this.#stored.set(subject, day);
      const subjects = this.#listed.day === day ? this.#listed.subjects : 0;
      this.#listed = { day, subjects: subjects + 1 };
    }
    const news = new Set(written);
    for (const denial of all) {
      if (news.has(denial)) continue;
      addTo(this.#waiting, this.#hasRow(denial) ? denial : { ...denial, subject: OTHERS });
    }
  }

  /**
   * Writes down all that were known before this call.
   * @throws ServiceError `database.unavailable`; then they wait again
   */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.catch(() => undefined).then(() => this.#flush());
    return this.#flushing;
  }

  /** Of a subject that was deleted. */
  forget(subject: string): void {
    this.#stored.delete(subject);
  }

  async #flush(): Promise<void> {
    const taken = this.#waiting;
    if (taken.size === 0) return;
    this.#waiting = new Map();
    const times = timesOf(taken);
    this.#writing += times;
    try {
      await this.database.transaction(async (manager) => {
        const deleted = await this.deletions.among(
          manager,
          [...taken.values()].map(({ subject }) => subject),
        );
        await this.denials.add(manager, withoutNames(taken, deleted));
      });
    } catch (error) {
      for (const denial of taken.values()) addTo(this.#waiting, denial);
      throw error;
    } finally {
      this.#writing -= times;
    }
  }

  #hasRow({ subject, day }: Denial): boolean {
    return this.#stored.get(subject) === day;
  }
}

function addTo(denials: Map<string, Denial>, denial: Denial): void {
  const key = `${denial.day} ${denial.subject}`;
  const before = denials.get(key);
  const latest = before === undefined || denial.lastAt >= before.lastAt ? denial : before;
  denials.set(key, { ...latest, times: (before?.times ?? 0) + denial.times });
}

/** Counts the refusals of deleted subjects among those of the others. @param deleted - see `UsageDeletionStore` */
function withoutNames(
  denials: ReadonlyMap<string, Denial>,
  deleted: ReadonlyMap<string, number>,
): readonly Denial[] {
  const named = new Map<string, Denial>();
  for (const denial of denials.values()) {
    const isDeleted = denial.lastAt <= (deleted.get(denial.subject) ?? -Infinity);
    addTo(named, isDeleted ? { ...denial, subject: OTHERS } : denial);
  }
  return [...named.values()];
}

function timesOf(denials: ReadonlyMap<string, Denial>): number {
  return [...denials.values()].reduce((sum, { times }) => sum + times, 0);
}
