import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../domain/actor.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { AuditEventEntity } from './audit-event.entity.js';
import { fittingRecords } from './fitting-records.js';

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
  | 'service-account.delete'
  | 'service-account.token.create'
  | 'service-account.token.update'
  | 'service-account.token.revoke'
  | 'service-account.token.delete'
  | 'role.create'
  | 'role.update'
  | 'role.delete'
  | 'role.add'
  | 'role.remove'
  | 'usage.subject.delete'
  | 'session.sign-in'
  | 'session.sign-out'
  | 'session.revoke';

/** A record, as it is shown. */
export interface AuditRecord {
  /** Grows from record to record. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  /** What it was before; null where it was not there. */
  readonly before: Facts | null;
  readonly detail: Facts;
  readonly requestId: string;
  /** The client's address; empty for what nobody asked for from outside. */
  readonly client: string;
}

/** A part of the list. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  readonly isLast: boolean;
}

/** So long are the facts of one page at most, characters: several pages at a time must not fill the memory. */
const MAX_PAGE_LENGTH = 4 * 1024 * 1024;

/** Identities, dates and terms, never a secret. */
export type Facts = Readonly<Record<string, unknown>>;

/** Which records to list. Moments are Unix seconds, the last one included. */
export interface AuditFilter {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly actor: string | undefined;
  /** One of {@link AuditAction}, or what several begin with up to a dot: `license.` */
  readonly action: string | undefined;
  readonly target: string | undefined;
  /** A record's id: only older ones. */
  readonly before: number | undefined;
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
    detail: Facts = {},
    before: Facts | null = null,
  ): Promise<void> {
    await manager.insert(AuditEventEntity, {
      at: new Date(this.clock.now()),
      actor: actor.id,
      action,
      target,
      detail,
      before,
      requestId: actor.requestId,
      client: actor.client ?? '',
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
    return rows.map(recordIn);
  }

  /** The newest records, newest first; fewer than `limit` where they are long. */
  async page(manager: EntityManager, filter: AuditFilter, limit: number): Promise<AuditPage> {
    const { from, to, actor, action, target, before } = filter;
    const query = manager.createQueryBuilder(AuditEventEntity, 'event').where('true');
    if (from !== undefined) query.andWhere('event.at >= :from', { from: new Date(from * 1000) });
    if (to !== undefined) query.andWhere('event.at < :end', { end: new Date((to + 1) * 1000) });
    if (actor !== undefined) query.andWhere('event.actor = :actor', { actor });
    if (target !== undefined) query.andWhere('event.target = :target', { target });
    if (before !== undefined) query.andWhere('event.id < :before', { before });
    if (action?.endsWith('.')) query.andWhere('starts_with(event.action, :action)', { action });
    else if (action !== undefined) query.andWhere('event.action = :action', { action });
    const { records, isAll } = await fittingRecords(query, 'DESC', limit, MAX_PAGE_LENGTH);
    return { records: records.map(recordIn), isLast: isAll };
  }
}

function recordIn({
  id,
  at,
  actor,
  client,
  action,
  target,
  before,
  detail,
  requestId,
}: AuditEventEntity): AuditRecord {
  return {
    actor,
    client,
    target,
    requestId,
    id: Number(id),
    at: at.getTime(),
    action: action as AuditAction,
    before: before as Facts | null,
    detail: detail as Facts,
  };
}
