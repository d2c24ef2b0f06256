import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../clock/periodic.js';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { AuditRefusalStore, type Refusals } from './audit-refusal.store.js';

/** A refused request (401, 403). */
export type Refusal = Pick<Refusals, 'code' | 'client' | 'caller' | 'operation'>;

const WRITE_MS = 5_000;
const HOUR_MS = 3_600_000;
/** So many are named in an hour by each replica: of callers who are not known, and of those who are. */
const MAX_NAMED = 50;
/** So many wait for a database that is away before no more are named. */
const MAX_COUNTED = 1_000;

/**
 * Counts refused requests in memory and writes the counts down. A flood costs neither memory nor rows: what is
 * not named is counted under `*`. kill -9 loses what was counted since the last writing, SIGTERM nothing.
 */
@Injectable()
export class RefusalRecorder implements BeforeApplicationShutdown {
  readonly #logger = new Logger(RefusalRecorder.name);
  readonly #writes = new Periodic(WRITE_MS, () => this.write());
  #counted = new Map<string, Refusals>();
  #hour = 0;
  readonly #named = { known: new Set<string>(), unknown: new Set<string>() };
  #isFailing = false;

  constructor(
    private readonly database: Database,
    private readonly store: AuditRefusalStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** How many counts are not written yet. */
  get waiting(): number {
    return this.#counted.size;
  }

  start(): void {
    this.#writes.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#writes.stop();
    await this.write();
  }

  note(refusal: Refusal): void {
    const now = this.clock.now();
    const hour = now - (now % HOUR_MS);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#named.known.clear();
      this.#named.unknown.clear();
    }
    const counted = this.#isNamed(refusal)
      ? refusal
      : { ...refusal, client: '*', caller: '*', operation: '*' };
    this.#add({ ...counted, hour, times: 1, firstAt: now, lastAt: now });
  }

  /** Never rejects: what could not be written is written next time. */
  async write(): Promise<void> {
    if (this.#counted.size === 0) return;
    const taken = [...this.#counted.values()];
    this.#counted = new Map();
    try {
      await this.database.transaction((manager) => this.store.add(manager, taken));
      this.#isFailing = false;
    } catch (error) {
      for (const refusals of taken) this.#add(refusals);
      if (!this.#isFailing) this.#logger.warn({ msg: 'refused requests cannot be written down', err: error });
      this.#isFailing = true;
    }
  }

  #isNamed(refusal: Refusal): boolean {
    if (this.#counted.size >= MAX_COUNTED) return false;
    const named = this.#named[refusal.caller === '' ? 'unknown' : 'known'];
    const key = keyOf(refusal);
    if (named.size < MAX_NAMED) named.add(key);
    return named.has(key);
  }

  #add(refusals: Refusals): void {
    const key = `${refusals.hour} ${keyOf(refusals)}`;
    const known = this.#counted.get(key);
    const { times, firstAt, lastAt } = refusals;
    this.#counted.set(
      key,
      known === undefined
        ? refusals
        : {
            ...known,
            times: known.times + times,
            firstAt: Math.min(known.firstAt, firstAt),
            lastAt: Math.max(known.lastAt, lastAt),
          },
    );
  }
}

function keyOf({ code, client, caller, operation }: Refusal): string {
  return JSON.stringify([code, client, caller, operation]);
}
