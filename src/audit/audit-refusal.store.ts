import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditRefusalEntity } from './audit-refusal.entity.js';

/** Requests that were refused alike within an hour. Moments are Unix milliseconds. */
export interface Refusals {
  /** Its beginning. */
  readonly hour: number;
  readonly code: string;
  readonly client: string;
  readonly caller: string;
  readonly operation: string;
  readonly times: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Refusals, as they are listed. */
export interface ListedRefusals extends Refusals {
  readonly id: number;
}

/** The refused requests, counted. */
@Injectable()
export class AuditRefusalStore {
  /** Adds to what is counted. @param refusals - each hour, code, client, caller and operation once */
  async add(manager: EntityManager, refusals: readonly Refusals[]): Promise<void> {
    const time = (moment: number) => new Date(moment).toISOString();
    await manager.query(
      `INSERT INTO audit_refusal AS stored (hour, code, client, caller, operation, times, first_at, last_at)
       SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
         $7::timestamptz[], $8::timestamptz[]) AS refusal (hour, code, client, caller, operation, times, first_at, last_at)
       ORDER BY hour, code, client, caller, operation
       ON CONFLICT (hour, code, client, caller, operation) DO UPDATE
       SET times = stored.times + EXCLUDED.times, first_at = least(stored.first_at, EXCLUDED.first_at),
         last_at = greatest(stored.last_at, EXCLUDED.last_at)`,
      [
        refusals.map(({ hour }) => time(hour)),
        refusals.map(({ code }) => code),
        refusals.map(({ client }) => client),
        refusals.map(({ caller }) => caller),
        refusals.map(({ operation }) => operation),
        refusals.map(({ times }) => times),
        refusals.map(({ firstAt }) => time(firstAt)),
        refusals.map(({ lastAt }) => time(lastAt)),
      ],
    );
  }

  /** The newest first. @param before - an id: only older ones */
  async page(manager: EntityManager, limit: number, before?: number): Promise<ListedRefusals[]> {
    const rows = await manager
      .createQueryBuilder(AuditRefusalEntity, 'refusal')
      .where(before === undefined ? 'true' : 'refusal.id < :before', { before })
      .orderBy('refusal.id', 'DESC')
      .limit(limit)
      .getMany();
    return rows.map(({ id, hour, times, firstAt, lastAt, ...row }) => ({
      ...row,
      id: Number(id),
      hour: hour.getTime(),
      times: Number(times),
      firstAt: firstAt.getTime(),
      lastAt: lastAt.getTime(),
    }));
  }

  /** Deletes some of those before a moment, Unix milliseconds. @returns whether there may be more */
  async prune(manager: EntityManager, before: number, limit: number): Promise<boolean> {
    const [, deleted] = await manager.query<[unknown[], number]>(
      `DELETE FROM audit_refusal WHERE id IN (
         SELECT id FROM audit_refusal WHERE hour < $1 ORDER BY id LIMIT $2)`,
      [new Date(before).toISOString(), limit],
    );
    return deleted === limit;
  }
}
