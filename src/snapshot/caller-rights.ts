import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../domain/actor.js';
import { SnapshotService } from './snapshot.service.js';

type Work<More extends unknown[], T> = (manager: EntityManager, ...more: More) => Promise<T>;

/**
 * Lets callers write as long as they may. What they asked for can wait for a connection or for a lock, and their rights
 * can end meanwhile. Every transaction that a request writes in is one of this, or of {@link SnapshotService.change}.
 */
@Injectable()
export class CallerRights {
  constructor(private readonly snapshots: SnapshotService) {}

  /**
   * The work of a transaction, for callers who are judged when it begins and again when it has ended: it may
   * have waited for locks. Memory answers that, unless the database has not confirmed it lately.
   * @returns work that throws, and so is undone, where one of them may not do any more what it asked for
   */
  whileAllowed<More extends unknown[], T>(actors: readonly Actor[], work: Work<More, T>): Work<More, T> {
    return async (manager, ...more) => {
      await this.#assertAllowed(manager, actors);
      const result = await work(manager, ...more);
      await this.#assertAllowed(manager, actors);
      return result;
    };
  }

  async #assertAllowed(manager: EntityManager, actors: readonly Actor[]): Promise<void> {
    const asked = actors.filter(({ assertStillAllowed }) => assertStillAllowed !== undefined);
    if (asked.length === 0) return;
    await this.snapshots.confirm(manager);
    for (const { assertStillAllowed } of asked) assertStillAllowed?.();
  }
}
