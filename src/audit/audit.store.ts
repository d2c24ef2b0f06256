import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { AuditEventEntity } from './audit-event.entity.js';

/** The kinds of change that leave a record. */
export type AuditAction =
  | 'license.install'
  | 'license.renew'
  | 'license.remove'
  | 'license.revoke'
  | 'license.queue'
  | 'license.dequeue'
  | 'license.promote'
  | 'license.rollback'
  | 'service-account.create'
  | 'service-account.update'
  | 'service-account.token.create'
  | 'service-account.token.revoke'
  | 'service-account.token.delete'
  | 'role.add'
  | 'role.remove';

/** A record, as it is shown. */
export interface AuditRecord {
  /** Grows from record to record. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/** Records changes: no change without its record, no record without its change. */
@Injectable()
export class AuditStore {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Writes in the transaction that `manager` belongs to, which must be the one of the change. */
  async record(
    manager: EntityManager,
    actor: Actor,
    action: AuditAction,
    target: string,
    detail: Readonly<Record<string, string | number | boolean | null>> = {},
  ): Promise<void> {
    await manager.insert(AuditEventEntity, {
      at: new Date(this.clock.now()),
      actor: actor.id,
      action,
      target,
      detail,
      requestId: actor.requestId,
    });
  }

  /**
   * The newest records of licenses, newest first.
   * @param before - a record's id: only older ones
   */
  async licenseRecords(manager: EntityManager, limit: number, before?: number): Promise<AuditRecord[]> {
    const rows = await manager
      .createQueryBuilder(AuditEventEntity, 'event')
      .where(`event.action LIKE 'license.%'`)
      .andWhere(before === undefined ? 'true' : 'event.id < :before', { before })
      .orderBy('event.id', 'DESC')
      .limit(limit)
      .getMany();
    return rows.map(({ id, at, action, detail, ...others }) => ({
      ...others,
      id: Number(id),
      at: at.getTime(),
      action: action as AuditAction,
      detail: detail as Record<string, unknown>,
    }));
  }
}
