import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Between, type EntityManager, LessThanOrEqual } from 'typeorm';
import { type AccessChange, accessChange } from './access-change.js';
import type { Snapshot } from './snapshot.js';
import { SnapshotChangeEntity } from './snapshot-change.entity.js';
import { SnapshotVersionEntity } from './snapshot-version.entity.js';

const ROW = 1;
/** The channel on which a change is notified when it is committed. */
export const CHANGES = 'licentia_changes';

/** How many changes are remembered. A replica that missed more of them reads everything again. */
const MAX_CHANGES = 1_000;

/** The version of what is stored, which every change of it advances, and what the last changes changed. */
@Injectable()
export class SnapshotVersionStore {
  /** Undefined while a restore table by table is under way, or after one that lost the row. */
  async load(manager: EntityManager): Promise<SnapshotVersionEntity | undefined> {
    return (await manager.findOneBy(SnapshotVersionEntity, { id: ROW })) ?? undefined;
  }

  /**
   * Waits for the other changes, of any replica; the lock ends with the transaction.
   * @param mode - `pessimistic_read` for what only keeps changes from coming meanwhile, and not others like it
   * @returns the version that no other change can replace now; undefined as for {@link load}
   */
  async lock(
    manager: EntityManager,
    mode: 'pessimistic_read' | 'pessimistic_write' = 'pessimistic_write',
  ): Promise<SnapshotVersionEntity | undefined> {
    const found = await manager.findOne(SnapshotVersionEntity, { where: { id: ROW }, lock: { mode } });
    return found ?? undefined;
  }

  /** @param former - from {@link lock}. @param changed - the service accounts and roles that the change is of */
  async advance(
    manager: EntityManager,
    former: SnapshotVersionEntity,
    {
      accounts = [],
      roles = false,
    }: { readonly accounts?: readonly number[]; readonly roles?: boolean } = {},
  ): Promise<void> {
    const version = former.version + 1;
    const stamp = randomUUID();
    const change = {
      ...{ version, stamp, formerStamp: former.stamp },
      serviceAccountIds: accounts.map(String),
      rolesChanged: roles,
    };
    await manager.update(SnapshotVersionEntity, { id: ROW }, { version, stamp });
    await manager.query("SELECT pg_notify($1, '')", [CHANGES]);
    // A restore of the one table alone can have left a row of this version.
    await manager.upsert(SnapshotChangeEntity, change, ['version']);
    await manager.delete(SnapshotChangeEntity, { version: LessThanOrEqual(version - MAX_CHANGES) });
  }

  /** What {@link accessChange} says of two states. @param known - what is in memory */
  async changedSince(
    manager: EntityManager,
    known: Snapshot,
    present: SnapshotVersionEntity,
  ): Promise<AccessChange | undefined> {
    const changes = await manager.find(SnapshotChangeEntity, {
      where: { version: Between(known.version + 1, present.version) },
      order: { version: 'ASC' },
    });
    return accessChange(known, present, changes);
  }
}
