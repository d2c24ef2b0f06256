import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IssuerRecordEntity } from './issuer-record.entity.js';

const ROW = 1;

/** Which issuer the database belongs to, and how late it has been there. */
@Injectable()
export class IssuerRecordStore {
  /** By transaction. */
  readonly #kept = new WeakMap<EntityManager, Promise<IssuerRecordEntity | undefined>>();

  async load(manager: EntityManager): Promise<IssuerRecordEntity | undefined> {
    return (await manager.findOneBy(IssuerRecordEntity, { id: ROW })) ?? undefined;
  }

  /**
   * The same for what is signed: the database stays that of this issuer until the transaction ends, as {@link
   * lock} waits for it. Each transaction reads it once. What notes the last use does not wait.
   */
  async keep(manager: EntityManager): Promise<IssuerRecordEntity | undefined> {
    const known = this.#kept.get(manager);
    if (known !== undefined) return known;
    const record = this.#locked(manager, 'for_key_share');
    this.#kept.set(manager, record);
    return record;
  }

  /** Waits for every transaction that signs, and lets no other one sign until this one ends. */
  async lock(manager: EntityManager): Promise<void> {
    await this.#locked(manager, 'pessimistic_write');
  }

  async #locked(manager: EntityManager, mode: 'for_key_share' | 'pessimistic_write') {
    const record = await manager.findOne(IssuerRecordEntity, { where: { id: ROW }, lock: { mode } });
    return record ?? undefined;
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

  /** @param lastSeen - Unix seconds; may be earlier than the stored moment, which counts for nothing any more */
  async confirm(manager: EntityManager, lastSeen: number): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { lastSeen, setBackAt: null });
  }

  /** @param setBackAt - Unix seconds; null where the clock is at its last use again */
  async setSetBack(manager: EntityManager, setBackAt: number | null): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { setBackAt });
  }

  /** @param bootedAt - Unix seconds; the first one of a run of the machine stays */
  async noteBoot(manager: EntityManager, bootId: string, bootedAt: number): Promise<void> {
    await manager.query(
      'UPDATE issuer_record SET boot_id = $1, booted_at = $2 WHERE boot_id IS DISTINCT FROM $1',
      [bootId, bootedAt],
    );
  }

  /** @param bootedAt - Unix seconds; replaces an earlier one of the same run */
  async setBoot(manager: EntityManager, bootId: string, bootedAt: number): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { bootId, bootedAt });
  }

  async setIssuerId(manager: EntityManager, issuerId: string): Promise<void> {
    await manager.update(IssuerRecordEntity, { id: ROW }, { issuerId });
  }
}
