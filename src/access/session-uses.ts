import { Inject, Injectable } from '@nestjs/common';
import { type Clock, CLOCK } from '../domain/clock.js';
import type { KnownSession } from '../domain/session.js';

/** Reads when a session was used last, on any replica: Unix milliseconds; undefined where it is gone. */
export type LastUseReader = (id: number) => Promise<number | undefined>;

/** Remembers when each session was used last, in memory: writing it down is not the request's work. */
@Injectable()
export class SessionUses {
  /** Unix milliseconds by session. */
  readonly #uses = new Map<number, number>();
  readonly #unwritten = new Set<number>();
  #reader: LastUseReader = async () => undefined;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Names who knows of the uses on other replicas. */
  readBy(reader: LastUseReader): void {
    this.#reader = reader;
  }

  note({ id }: KnownSession): void {
    this.#uses.set(id, this.clock.now());
    this.#unwritten.add(id);
  }

  /** The last use that this replica knows of, Unix milliseconds. */
  lastUse({ id, lastUsedAt }: KnownSession): number {
    return Math.max(lastUsedAt, this.#uses.get(id) ?? 0);
  }

  /** The last use that any replica has written down. @throws ServiceError `database.unavailable` */
  async readLastUse(session: KnownSession): Promise<number> {
    const written = await this.#reader(session.id);
    if (written !== undefined) this.#uses.set(session.id, Math.max(written, this.lastUse(session)));
    return this.lastUse(session);
  }

  /** What was noted since the last call: Unix milliseconds by session. */
  drain(): ReadonlyMap<number, number> {
    const unwritten = [...this.#unwritten].map((id) => [id, this.#uses.get(id) ?? 0] as const);
    this.#unwritten.clear();
    return new Map(unwritten);
  }

  /** What was drained and could not be written down is drained again. */
  giveBack(uses: ReadonlyMap<number, number>): void {
    for (const id of uses.keys()) this.#unwritten.add(id);
  }

  /** Forgets all sessions but these. */
  keep(sessions: Iterable<KnownSession>): void {
    const ids = new Set([...sessions].map(({ id }) => id));
    for (const known of [this.#uses, this.#unwritten])
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  }
}
