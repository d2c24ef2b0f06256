import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { Marks } from '../../snapshot/snapshot.js';
import { LicenseMarkEntity } from './license-mark.entity.js';

/** Up to which moments tokens were judged for good: written by the database's clock alone. */
@Injectable()
export class LicenseMarkStore {
  /**
   * Writes down that a moment has come for a token, if the database's clock says so too.
   * @param from - the moment, Unix seconds
   * @returns whether it says so
   */
  async mark(
    manager: EntityManager,
    { iss, lid, jti }: Pick<LicenseClaims, 'iss' | 'lid' | 'jti'>,
    from: number,
  ): Promise<boolean> {
    const marked: unknown[] = await manager.query(
      `INSERT INTO license_mark AS known (iss, lid, jti, seen_at)
       SELECT $1, $2, $3, floor(extract(epoch FROM clock_timestamp()))::bigint
       WHERE extract(epoch FROM clock_timestamp()) >= $4::bigint
       ON CONFLICT (iss, lid, jti) DO UPDATE SET seen_at = greatest(known.seen_at, EXCLUDED.seen_at)
       RETURNING seen_at`,
      [iss, lid, jti, from],
    );
    return marked.length > 0;
  }

  /** Whether a moment has come by the database's clock. @param moment - Unix seconds */
  async hasCome(manager: EntityManager, moment: number): Promise<boolean> {
    const [row] = await manager.query<{ come: boolean }[]>(
      'SELECT extract(epoch FROM clock_timestamp()) >= $1::bigint AS come',
      [moment],
    );
    return row?.come === true;
  }

  /**
   * Removes the marks of a token that a caller installs: the caller decides which clock is right.
   * @returns whether there were any
   */
  async forget(manager: EntityManager, { iss, lid, jti }: LicenseClaims): Promise<boolean> {
    const { affected } = await manager.delete(LicenseMarkEntity, { iss, lid, jti });
    return affected === 1;
  }

  /** Few: a token is renewed before it expires, or nobody renews at all; and a term begins once a year. */
  async load(manager: EntityManager): Promise<Marks> {
    const rows = await manager.find(LicenseMarkEntity);
    const key = ({ iss, lid, jti }: Pick<LicenseClaims, 'iss' | 'lid' | 'jti'>) => `${iss}\0${lid}\0${jti}`;
    const byToken = new Map(rows.map((row) => [key(row), row.seenAt]));
    return { find: (token) => byToken.get(key(token)) };
  }
}
