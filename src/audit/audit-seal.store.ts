import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lock } from '../database/advisory-lock.js';
import { AuditEventEntity } from './audit-event.entity.js';
import { fittingRecords, type RecordsThatFit } from './fitting-records.js';
import { AuditSealEntity } from './audit-seal.entity.js';

/** A record's place in the chain. */
export interface SealedRecord {
  readonly id: string;
  readonly number: number;
  readonly hash: string;
}

/** The chain of hashes over the records. */
@Injectable()
export class AuditSealStore {
  /** Waits for another replica that seals; until the end of the transaction. No writer of records takes it. */
  async lock(manager: EntityManager): Promise<void> {
    await lock(manager, 'sealing of audit records');
  }

  /** Records without a place, the oldest first. One that is committed later belongs to a later segment. */
  async unsealed(manager: EntityManager, limit: number, maxLength: number): Promise<RecordsThatFit> {
    const query = manager.createQueryBuilder(AuditEventEntity, 'event').where('event.number IS NULL');
    return fittingRecords(query, 'ASC', limit, maxLength);
  }

  async last(manager: EntityManager): Promise<AuditSealEntity | undefined> {
    const [seal] = await manager.find(AuditSealEntity, { order: { number: 'DESC' }, take: 1 });
    return seal;
  }

  async add(manager: EntityManager, seal: AuditSealEntity, records: readonly SealedRecord[]): Promise<void> {
    await manager.query(
      `UPDATE audit_event AS event SET number = sealed.number, hash = sealed.hash
       FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS sealed (id, number, hash) WHERE event.id = sealed.id`,
      [records.map(({ id }) => id), records.map(({ number }) => number), records.map(({ hash }) => hash)],
    );
    await manager.insert(AuditSealEntity, seal);
  }

  /** Segments that begin after a number, the oldest first. */
  async segments(manager: EntityManager, after: number, limit: number): Promise<AuditSealEntity[]> {
    return manager
      .createQueryBuilder(AuditSealEntity, 'seal')
      .where('seal.first > :after', { after })
      .orderBy('seal.number', 'ASC')
      .limit(limit)
      .getMany();
  }

  /** How many there are of these, but no more than `most`. */
  async count(manager: EntityManager, after: number, most: number): Promise<number> {
    const rows = await manager.query<unknown[]>('SELECT 1 FROM audit_seal WHERE first > $1 LIMIT $2', [
      after,
      most,
    ]);
    return rows.length;
  }

  /** The records of these numbers, in their order. */
  async records(manager: EntityManager, first: number, last: number): Promise<AuditEventEntity[]> {
    return manager
      .createQueryBuilder(AuditEventEntity, 'event')
      .where('event.number BETWEEN :first AND :last', { first, last })
      .orderBy('event.number', 'ASC')
      .getMany();
  }

  /** Deletes the oldest segment, if it was closed before a moment and is not the last. @returns whether it did */
  async prune(manager: EntityManager, before: number): Promise<boolean> {
    await this.lock(manager);
    const [oldest, next] = await this.segments(manager, 0, 2);
    if (oldest === undefined || next === undefined || oldest.closedAt.getTime() >= before) return false;
    await manager.query('DELETE FROM audit_event WHERE number BETWEEN $1 AND $2', [
      oldest.first,
      oldest.number,
    ]);
    await manager.query('DELETE FROM audit_seal WHERE number = $1', [oldest.number]);
    return true;
  }

  /**
   * The stored key, or else this one, which is then stored: of several replicas that start together all get the same.
   */
  async keepKey(manager: EntityManager, key: string): Promise<string> {
    await manager.query('UPDATE audit_state SET signing_key = $1 WHERE signing_key IS NULL', [key]);
    const [row] = await manager.query<{ signing_key: string }[]>('SELECT signing_key FROM audit_state');
    if (row === undefined) throw new Error('audit_state has no row');
    return row.signing_key;
  }
}
