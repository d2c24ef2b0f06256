import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { KnownSession } from '../domain/session.js';
import { ServiceAccountTokenEntity } from '../accounts/service-account-token.entity.js';
import { SessionEntity } from './session.entity.js';

/** A session that is opened. */
export type NewSession = Omit<SessionEntity, 'id'>;

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly caller: string;
  readonly tokenHash: string | null;
  readonly proof: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly address: string;
}

/** The rows of the page's sessions. */
@Injectable()
export class SessionStore {
  /** All sessions, ended ones that are not removed yet included, by the hash of their secret. Oldest first. */
  async loadAll(manager: EntityManager): Promise<Map<string, KnownSession>> {
    const rows = await manager.query<Row[]>(
      `SELECT session.id, session.hash, session.caller, token.hash AS "tokenHash", session.proof,
         session.created_at AS "createdAt", session.last_used_at AS "lastUsedAt",
         session.expires_at AS "expiresAt", session.address
       FROM ui_session AS session
       LEFT JOIN service_account_token AS token ON token.id = session.token_id
       ORDER BY session.id`,
    );
    return new Map(rows.map((row) => [row.hash, sessionIn(row)]));
  }

  /** Whether these are the stored sessions still: rows are only added, removed and used again. */
  async areStored(manager: EntityManager, known: ReadonlyMap<string, KnownSession>): Promise<boolean> {
    const [stored] = await manager.query<{ count: string; newest: string | null; uses: string | null }[]>(
      `SELECT count(*) AS count, max(id) AS newest,
         sum(round(extract(epoch FROM last_used_at) * 1000)) AS uses FROM ui_session`,
    );
    let [newest, uses] = [0, 0];
    for (const { id, lastUsedAt } of known.values())
      [newest, uses] = [Math.max(newest, id), uses + lastUsedAt];
    return (
      Number(stored?.count) === known.size &&
      Number(stored?.newest) === newest &&
      Number(stored?.uses) === uses
    );
  }

  /** When a session was used last, Unix milliseconds; undefined where there is none. */
  async lastUse(manager: EntityManager, id: number): Promise<number | undefined> {
    const session = await manager.findOneBy(SessionEntity, { id: String(id) });
    return session?.lastUsedAt.getTime();
  }

  async add(manager: EntityManager, session: NewSession): Promise<number> {
    const saved = await manager.save(manager.create(SessionEntity, session));
    return Number(saved.id);
  }

  /** @returns the id of the one that is gone; undefined where there was none */
  async removeByHash(manager: EntityManager, hash: string): Promise<number | undefined> {
    const session = await manager.findOneBy(SessionEntity, { hash });
    if (session === null) return undefined;
    await manager.delete(SessionEntity, { hash });
    return Number(session.id);
  }

  /** @returns whether it was there */
  async remove(manager: EntityManager, id: number): Promise<boolean> {
    const { affected } = await manager.delete(SessionEntity, { id: String(id) });
    return affected === 1;
  }

  /** The token of a hash; undefined where there is none any more. */
  async token(
    manager: EntityManager,
    hash: string,
  ): Promise<Pick<ServiceAccountTokenEntity, 'id' | 'expiresAt'> | undefined> {
    return (await manager.findOneBy(ServiceAccountTokenEntity, { hash })) ?? undefined;
  }

  /** The hash of a token of a service account; undefined where it has none that can be used. */
  async newestUsableToken(manager: EntityManager, account: number, at: Date): Promise<string | undefined> {
    const token = await manager
      .createQueryBuilder(ServiceAccountTokenEntity, 'token')
      .where('token.serviceAccountId = :account AND token.isRevoked = false', { account })
      .andWhere('(token.expiresAt IS NULL OR token.expiresAt > :at)', { at })
      .orderBy('token.id', 'DESC')
      .getOne();
    return token?.hash;
  }

  /** Removes sessions that had expired, or had not been used since, by then. */
  async removeEnded(manager: EntityManager, now: Date, unusedSince: Date): Promise<void> {
    await manager.query('DELETE FROM ui_session WHERE expires_at <= $1 OR last_used_at <= $2', [
      now.toISOString(),
      unusedSince.toISOString(),
    ]);
  }

  /**
   * Removes what is beyond these numbers: of each caller the sessions that were used longest ago, then those of the
   * callers with the most.
   * @returns their ids
   */
  async removeBeyond(manager: EntityManager, ofCaller: number, ofAll: number): Promise<number[]> {
    const [removed] = await manager.query<[{ id: string }[], number]>(
      `DELETE FROM ui_session WHERE id IN (
         SELECT id FROM (
           SELECT id, place, row_number() OVER (ORDER BY place, last_used_at DESC, id DESC) AS overall
           FROM (
             SELECT id, last_used_at,
               row_number() OVER (PARTITION BY caller ORDER BY last_used_at DESC, id DESC) AS place
             FROM ui_session
           ) AS placed
         ) AS ordered
         WHERE place > $1 OR overall > $2
       ) RETURNING id`,
      [ofCaller, ofAll],
    );
    return removed.map(({ id }) => Number(id));
  }

  /** Writes down when sessions were used last: Unix milliseconds by session. */
  async saveLastUses(manager: EntityManager, uses: ReadonlyMap<number, number>): Promise<void> {
    await manager.query(
      `UPDATE ui_session AS session SET last_used_at = greatest(session.last_used_at, use.at)
       FROM unnest($1::bigint[], $2::timestamptz[]) AS use (id, at) WHERE session.id = use.id`,
      [[...uses.keys()], [...uses.values()].map((at) => new Date(at).toISOString())],
    );
  }
}

function sessionIn({
  id,
  caller,
  tokenHash,
  proof,
  createdAt,
  lastUsedAt,
  expiresAt,
  address,
}: Row): KnownSession {
  return {
    id: Number(id),
    callerId: caller,
    basis: tokenHash === null ? { kind: 'configured', proof: proof ?? '' } : { kind: 'token', tokenHash },
    createdAt: createdAt.getTime(),
    lastUsedAt: lastUsedAt.getTime(),
    expiresAt: expiresAt.getTime(),
    address,
  };
}
