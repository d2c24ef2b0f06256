import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IssuerRecordEntity } from './issuer-record.entity.js';

const ROW = 1;

/** Which issuer the database belongs to, and how late it has been there. */
@Injectable()
export class IssuerRecordStore {
  async load(manager: EntityManager): Promise<IssuerRecordEntity | undefined> {
    return (await manager.findOneBy(IssuerRecordEntity, { id: ROW })) ?? undefined;
  }

  /** Of several processes that begin at once, the first one makes the record. */
  async create(manager: EntityManager, issuerId: string): Promise<void> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(IssuerRecordEntity)
      .values({ id: ROW, issuerId, lastSeen: 0 })
      .orIgnore()
      .execute();
  }

  /** @param lastSeen - Unix seconds; an earlier moment than the stored one changes nothing */
  async advance(manager: EntityManager, lastSeen: number): Promise<void> {
    await manager.query('UPDATE issuer_record SET last_seen = $1 WHERE last_seen < $1', [lastSeen]);
  }

  /** @param lastSeen - Unix seconds; may be earlier than the stored moment */
  async setLastSeen(manager: EntityManager, lastSeen: number): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { lastSeen });
  }

  async setIssuerId(manager: EntityManager, issuerId: string): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { issuerId });
  }
}
