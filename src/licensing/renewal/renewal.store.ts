import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { Database } from '../../database/database.js';
import { type Actor, SYSTEM } from '../../domain/actor.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LEASE_RESERVE_MS } from '../../domain/request-deadline.js';
import { CallerRights } from '../../snapshot/caller-rights.js';
import type { StoredLicense } from '../../snapshot/snapshot.js';
import { LicenseEntity } from '../license/license.entity.js';
import { type AttemptFailure, RenewalAttemptEntity } from './renewal-attempt.entity.js';
import { RenewalStateEntity } from './renewal-state.entity.js';

const ROW = 1;
/** Attempts that ended longer ago are forgotten, days: the audit log keeps what they changed. */
const KEPT_DAYS = 90;

/** The right of one replica to call the issuer for an attempt; the others wait for its outcome. */
export interface Lease {
  /** The attempt's id, which the issuer sees as `Idempotency-Key`. */
  readonly id: string;
  /** Which call of the attempt this is, from 1. */
  readonly call: number;
  /** Whether this replica has it. */
  readonly own: boolean;
}

/** The outcome of a lease. */
export type LeaseOutcome =
  | { readonly kind: 'succeeded'; readonly outcome: 'renewed' | 'unchanged' }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure }
  /** Its holder is gone: the lease expired. */
  | { readonly kind: 'abandoned' };

/** What is known of renewals, and whether some replica was calling the issuer when it was read. */
export type RenewalStanding = Readonly<Omit<RenewalStateEntity, 'id' | 'backOff'>> & {
  readonly underWay: boolean;
};

/** The outcome of one call to the issuer. */
export interface CallOutcome {
  /** `renewed`, `unchanged`, `not-due` or an error's code. */
  readonly outcome: string;
  /** Whether the attempt is over; else the next call goes on with it, under the same id. */
  readonly finished: boolean;
  readonly failure?: AttemptFailure;
}

/**
 * The attempts to renew, in the database: written before the issuer is asked, so that a process that dies leaves behind
 * what the next one goes on with. A lease on the database's clock has one replica ask at a time. It only saves
 * calls: a late answer is harmless because `decideSuccession` compares the row with the one from before the call.
 */
@Injectable()
export class RenewalStore {
  readonly #holder = randomUUID();
  #writes = 0;
  readonly #leaseMs: number;

  constructor(
    private readonly database: Database,
    private readonly rights: CallerRights,
    @Inject(SERVICE_CONFIG) config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#leaseMs = config.issuer.timeoutMs + LEASE_RESERVE_MS;
  }

  /**
   * Takes the lease for a license, of an unfinished attempt or a new one, unless another replica has it, or has renewed
   * the license since it was read.
   * @returns undefined when the license was changed otherwise since it was read
   * @throws ServiceError `database.unavailable`, and those of an actor who lost its rights meanwhile
   */
  async acquire(
    { generation, revision, stamp }: StoredLicense,
    { claims: { lid, jti } }: AuthenticatedLicense,
    actor: Actor = SYSTEM,
  ): Promise<Lease | undefined> {
    const acquire = this.rights.whileAllowed([actor], async (manager): Promise<Lease | undefined> => {
      // This waits for a concurrent writer or another start to commit; the revision that was read is then outdated.
      const where = { id: ROW, generation, revision, stamp };
      const lock = { mode: 'pessimistic_write' as const };
      if ((await manager.findOne(LicenseEntity, { where, select: { id: true }, lock })) === null) {
        const [done] = await manager.query<{ id: string; calls: number }[]>(
          `SELECT id, calls FROM renewal_attempt
           WHERE generation = $1 AND lid = $2 AND jti = $3 AND outcome = 'renewed'`,
          [generation, lid, jti],
        );
        return done === undefined ? undefined : { id: done.id, call: done.calls, own: false };
      }
      // Also one that asks with another token of the license, which was replaced meanwhile or is another source's.
      const [other] = await manager.query<{ id: string; calls: number }[]>(
        `SELECT id, calls FROM renewal_attempt
         WHERE generation = $1 AND lid = $2 AND finished_at IS NULL AND leased_until > clock_timestamp()
         ORDER BY jti = $3 DESC, leased_until DESC LIMIT 1`,
        [generation, lid, jti],
      );
      if (other !== undefined) return { id: other.id, call: other.calls, own: false };
      const [own] = await manager.query<{ id: string; calls: number }[]>(
        `INSERT INTO renewal_attempt AS attempt
           (id, generation, lid, jti, started_at, holder, leased_until, calls, answered)
         VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::float8 * interval '1 ms', 1, 0)
         ON CONFLICT (generation, lid, jti) WHERE finished_at IS NULL DO UPDATE
         SET holder = EXCLUDED.holder, leased_until = EXCLUDED.leased_until, calls = attempt.calls + 1
         WHERE attempt.leased_until IS NULL OR attempt.leased_until <= clock_timestamp()
         RETURNING id, calls`,
        [randomUUID(), generation, lid, jti, new Date(this.clock.now()), this.#holder, this.#leaseMs],
      );
      // No other replica can have begun one meanwhile: that takes the lock.
      if (own === undefined) throw new Error('an attempt was begun without the lock of its license');
      return { id: own.id, call: own.calls, own: true };
    });
    const lease = await this.database.transaction(acquire);
    this.noteWrite();
    return lease;
  }

  /**
   * The outcome of a lease; undefined while it is held.
   * @throws ServiceError `database.unavailable`
   */
  async outcomeOf({ id, call }: Lease): Promise<LeaseOutcome | undefined> {
    const [row] = await this.database.read((manager) =>
      manager.query<
        (Pick<RenewalAttemptEntity, 'answered' | 'outcome' | 'failure'> & { over: boolean; gone: boolean })[]
      >(
        `SELECT answered, outcome, failure, finished_at IS NOT NULL AS over,
           coalesce(leased_until <= clock_timestamp(), true) AS gone
         FROM renewal_attempt WHERE id = $1`,
        [id],
      ),
    );
    if (row === undefined) return { kind: 'abandoned' };
    // An earlier call of the attempt that came to an end late ends the later ones as well.
    if (row.answered < call && !row.over) return row.gone ? { kind: 'abandoned' } : undefined;
    if (row.failure !== null) return { kind: 'failed', failure: row.failure };
    return { kind: 'succeeded', outcome: row.outcome === 'renewed' ? 'renewed' : 'unchanged' };
  }

  /**
   * Stores the outcome of our lease and releases it. If another replica has taken the lease meanwhile, it keeps it.
   * @returns whether it was news
   */
  async release(
    manager: EntityManager,
    { id, call }: Lease,
    { outcome, finished, failure }: CallOutcome,
  ): Promise<boolean> {
    const [, noted] = await manager.query<[unknown[], number]>(
      `UPDATE renewal_attempt
       SET answered = $2, outcome = $3, failure = $4, finished_at = $5,
         holder = CASE WHEN calls = $2 THEN NULL ELSE holder END,
         leased_until = CASE WHEN calls = $2 THEN NULL ELSE leased_until END
       WHERE id = $1 AND finished_at IS NULL AND answered < $2`,
      [id, call, outcome, failure ?? null, finished ? new Date(this.clock.now()) : null],
    );
    return noted > 0;
  }

  /** The attempts that were begun last, newest first. @throws ServiceError `database.unavailable` */
  async attempts(most: number): Promise<RenewalAttemptEntity[]> {
    return this.database.read((manager) =>
      manager.find(RenewalAttemptEntity, { order: { startedAt: 'DESC', id: 'ASC' }, take: most }),
    );
  }

  /** The one row of what is known of renewals. */
  async state(manager?: EntityManager): Promise<RenewalStateEntity> {
    const load = (own: EntityManager) => own.findOneByOrFail(RenewalStateEntity, { id: ROW });
    return manager === undefined ? this.database.read(load) : load(manager);
  }

  /** How often this replica has written: a standing that was read before is old. */
  get writes(): number {
    return this.#writes;
  }

  /** What this replica wrote is committed. */
  noteWrite(): void {
    this.#writes += 1;
  }

  /**
   * What is known of renewals: `previous` itself when it is still the same, or when the row is missing, as during a
   * restore table by table.
   */
  async standing(
    manager: EntityManager,
    previous: RenewalStanding | undefined,
  ): Promise<RenewalStanding | undefined> {
    const [standing] = await manager.query<RenewalStanding[]>(
      `SELECT lid, jti, next_attempt_at AS "nextAttemptAt", not_before AS "notBefore", failures,
         last_attempt_at AS "lastAttemptAt", last_success_at AS "lastSuccessAt", last_outcome AS "lastOutcome",
         last_cause AS "lastCause", last_message AS "lastMessage",
         EXISTS (SELECT 1 FROM renewal_attempt
           WHERE finished_at IS NULL AND leased_until > clock_timestamp()) AS "underWay"
       FROM renewal_state WHERE id = $1`,
      [ROW],
    );
    return standing === undefined || isDeepStrictEqual(standing, previous) ? previous : standing;
  }

  /** Changes what is known of renewals. */
  async setState(manager: EntityManager, state: Partial<Omit<RenewalStateEntity, 'id'>>): Promise<void> {
    await manager.update(RenewalStateEntity, { id: ROW }, state);
  }

  /**
   * Plans the first attempt for a token that nobody has planned one for; of replicas that do so at once one wins.
   * @param seen - the token that the plan was for when it was read
   */
  async plan(
    manager: EntityManager,
    { lid, jti }: { readonly lid: string; readonly jti: string },
    seen: Pick<RenewalStateEntity, 'lid' | 'jti'>,
    nextAttemptAt: Date,
  ): Promise<void> {
    await manager.query(
      `UPDATE renewal_state SET lid = $1, jti = $2, next_attempt_at = $3, failures = 0, back_off = 0
       WHERE id = 1 AND lid IS NOT DISTINCT FROM $4 AND jti IS NOT DISTINCT FROM $5`,
      [lid, jti, nextAttemptAt, seen.lid, seen.jti],
    );
  }

  /** Forgets attempts that ended, or were begun and given up, long ago. */
  async prune(manager: EntityManager): Promise<void> {
    await manager.query(
      `DELETE FROM renewal_attempt
       WHERE coalesce(finished_at, started_at) < clock_timestamp() - $1::int * interval '1 day'`,
      [KEPT_DAYS],
    );
  }
}
