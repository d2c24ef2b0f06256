import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SnapshotVersionEntity } from './snapshot-version.entity.js';

const ROW = 1;

/** The version of what is stored, which every change of it advances. */
@Injectable()
export class SnapshotVersionStore {
  /** Undefined while a restore table by table is under way, or after one that lost the row. */
  async load(manager: EntityManager): Promise<SnapshotVersionEntity | undefined> {
    return (await manager.findOneBy(SnapshotVersionEntity, { id: ROW })) ?? undefined;
  }

  /** Waits for the other changes, of any replica; the lock ends with the transaction. */
  async lock(manager: EntityManager): Promise<void> {
    await manager.query('SELECT version FROM snapshot_version WHERE id = $1 FOR UPDATE', [ROW]);
  }

  async advance(manager: EntityManager): Promise<void> {
    const next = { version: () => 'version + 1', stamp: randomUUID() };
    await manager.update(SnapshotVersionEntity, { id: ROW }, next);
  }
}
