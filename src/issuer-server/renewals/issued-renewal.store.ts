import { Injectable } from '@nestjs/common';
import { type EntityManager, In, LessThan, LessThanOrEqual, MoreThan } from 'typeorm';
import { DAY } from '../../domain/clock.js';
import type { SignedLicense } from '../licenses/license-signer.js';
import { MAX_AHEAD } from '../licenses/next-token.js';
import { RenewalEntity } from './renewal.entity.js';

/** What was given is kept for repetitions this long, seconds, and of this many renewals of a license. */
const KEPT_SECONDS = 7 * DAY;
const MAX_KEPT = 100;

/** The tokens given to attempts. The caller holds the lock on the license's row. */
@Injectable()
export class IssuedRenewalStore {
  /** The tokens that attempts were given, by idempotency key: those that a service could take now. */
  async load(
    manager: EntityManager,
    lid: string,
    idempotencyKeys: readonly string[],
    nowSeconds: number,
  ): Promise<Map<string, string>> {
    const renewals = await manager.findBy(RenewalEntity, {
      lid,
      idempotencyKey: In(idempotencyKeys),
      exp: MoreThan(nowSeconds),
      iat: LessThanOrEqual(nowSeconds + MAX_AHEAD),
    });
    return new Map(renewals.map(({ idempotencyKey, token }) => [idempotencyKey, token]));
  }

  /** The newest of all tokens that are kept. */
  async newest(manager: EntityManager): Promise<string | undefined> {
    const [renewal] = await manager.find(RenewalEntity, { order: { iat: 'DESC' }, take: 1 });
    return renewal?.token;
  }

  /** Remembers what an attempt is given, and forgets what is too old. */
  async save(
    manager: EntityManager,
    lid: string,
    idempotencyKey: string,
    { token, iat, exp }: SignedLicense,
  ): Promise<void> {
    await manager.upsert(RenewalEntity, { lid, idempotencyKey, token, iat, exp }, ['lid', 'idempotencyKey']);
    const [oldestKept] = await manager.find(RenewalEntity, {
      where: { lid },
      order: { iat: 'DESC' },
      skip: MAX_KEPT - 1,
      take: 1,
    });
    const oldest = Math.max(iat - KEPT_SECONDS, oldestKept?.iat ?? 0);
    await manager.delete(RenewalEntity, { lid, iat: LessThan(oldest) });
  }

  /** Forgets the renewals of a license whose tokens lie ahead of a moment, Unix seconds. */
  async clearAfter(manager: EntityManager, lid: string, moment: number): Promise<void> {
    await manager.delete(RenewalEntity, { lid, iat: MoreThan(moment) });
  }

  /** Forgets every renewal of a license: none of its tokens counts any more. */
  async clear(manager: EntityManager, lid: string): Promise<void> {
    await manager.delete(RenewalEntity, { lid });
  }
}
