import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../database/database.js';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import {
  attemptAfterFailure,
  attemptAfterUnchanged,
  firstAttemptAt,
  stepsTaken,
} from '../../domain/license/renewal-policy.js';
import { ServiceError } from '../../domain/service-error.js';
import { IssuerCallError } from '../../issuer/issuer-call-error.js';
import { IssuerPauseError } from '../../issuer/license-issuer.js';
import type { AttemptFailure } from './renewal-attempt.entity.js';
import { RenewalStore, type Lease } from './renewal.store.js';

/** Failures after which the issuer may or may not have done its part: the same attempt goes on next time. */
const UNDECIDED = new Set(['issuer.unavailable', 'issuer.timeout', 'database.unavailable']);

const NOT_DUE = 'The issuer has no newer token, although the renewal is due.';

/** Writes down what came of each call to the issuer, and when the next one is due. */
@Injectable()
export class RenewalJournal {
  readonly #logger = new Logger(RenewalJournal.name);

  constructor(
    private readonly store: RenewalStore,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * In the transaction that stored what the call brought, if it brought anything.
   * @param license - the one that is stored afterwards
   */
  async succeeded(
    manager: EntityManager,
    lease: Lease,
    outcome: 'renewed' | 'unchanged',
    { claims }: AuthenticatedLicense,
  ): Promise<void> {
    const now = this.#now();
    const next = outcome === 'renewed' ? firstAttemptAt : attemptAfterUnchanged;
    await this.store.release(manager, lease, { outcome, finished: true });
    await this.store.setState(manager, {
      lid: claims.lid,
      jti: claims.jti,
      failures: 0,
      backOff: 0,
      nextAttemptAt: dateOf(next(claims, now, Math.random())),
      notBefore: null,
      lastAttemptAt: dateOf(now),
      lastSuccessAt: dateOf(now),
      lastOutcome: outcome,
      lastCause: null,
      lastMessage: null,
    });
    await this.store.prune(manager);
  }

  /** The same outside of a transaction. Best effort: an attempt that stays open is gone on with. */
  async unchanged(lease: Lease, license: AuthenticatedLicense): Promise<void> {
    await this.#bestEffort(lease, (manager) => this.succeeded(manager, lease, 'unchanged', license));
  }

  /**
   * The issuer has nothing newer although the renewal is due: the call is over and its callers have the
   * present license, but the next one comes as after a failure, and it is told of as one.
   */
  async notDue(lease: Lease, { claims }: AuthenticatedLicense): Promise<void> {
    await this.#bestEffort(lease, async (manager) => {
      // Another replica may have finished it after the lease: what it noted stays.
      if (!(await this.store.release(manager, lease, { outcome: 'not-due', finished: true }))) return;
      const backOff = await this.#backOff(manager, claims);
      await this.store.setState(manager, {
        ...backOff,
        notBefore: null,
        lastOutcome: 'not-due',
        lastCause: 'refused',
        lastMessage: NOT_DUE,
      });
    });
  }

  /** Best effort too: a database that is away is often what failed. @param license - that was to be renewed */
  async failed(lease: Lease, { claims }: AuthenticatedLicense, error: unknown): Promise<void> {
    const failure = failureOf(error);
    await this.#bestEffort(lease, async (manager) => {
      const finished = !UNDECIDED.has(failure.code);
      // The transaction that seemed to fail may have been the one that stored everything.
      if (!(await this.store.release(manager, lease, { outcome: failure.code, finished, failure }))) return;
      if (error instanceof IssuerCallError && error.failureClass === 'paused') {
        const now = this.#now();
        // Nobody was called, so nothing was tried: what is known of the last attempt stays.
        await this.store.setState(manager, { nextAttemptAt: dateOf(now + (failure.retryAfter ?? 1)) });
        return;
      }
      const pause = error instanceof IssuerPauseError ? error.seconds : undefined;
      const backOff = await this.#backOff(manager, claims, pause);
      await this.store.setState(manager, {
        ...backOff,
        lastOutcome: failure.code,
        lastCause: error instanceof IssuerCallError ? error.failureClass : null,
        lastMessage: sentenceOf(failure),
      });
    });
  }

  /**
   * What is known of the attempts for a token after one more that brought nothing.
   * @param pause - that the issuer asked for, seconds
   */
  async #backOff(manager: EntityManager, claims: LicenseClaims, pause?: number) {
    const now = this.#now();
    const known = await this.store.state(manager);
    const isKnown = known.lid === claims.lid && known.jti === claims.jti;
    const step = (isKnown ? known.backOff : 0) + 1;
    const next = attemptAfterFailure(claims, step, now, Math.random(), pause);
    return {
      lid: claims.lid,
      jti: claims.jti,
      failures: isKnown ? known.failures + 1 : 1,
      backOff: stepsTaken(claims, step, now, pause),
      nextAttemptAt: dateOf(next),
      ...(pause === undefined ? {} : { notBefore: dateOf(now + pause) }),
      lastAttemptAt: dateOf(now),
    };
  }

  async #bestEffort(lease: Lease, work: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.database.transaction(work).catch((error: unknown) => {
      this.#logger.warn({
        msg: 'the outcome of a renewal could not be noted',
        attemptId: lease.id,
        err: error,
      });
    });
    this.store.noteWrite();
  }

  /** Unix seconds, with their fraction. */
  #now(): number {
    return this.clock.now() / 1000;
  }
}

/** The public part of a failure, for all callers that waited for it. */
function failureOf(error: unknown): AttemptFailure {
  if (!(error instanceof ServiceError)) return failureOf(new ServiceError('internal-error'));
  const { code, message, detail, retryAfter } = error;
  return {
    code,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(error instanceof IssuerCallError && error.failureClass !== 'paused'
      ? { cause: error.failureClass }
      : {}),
  };
}

/** With the issuer's reason, as an automatic renewal has no caller whose answer would show it. */
function sentenceOf({ message, detail }: AttemptFailure): string {
  return detail === undefined ? message : `${message} Reason: ${detail}`;
}

function dateOf(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
