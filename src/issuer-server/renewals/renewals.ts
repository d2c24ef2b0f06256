import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type ClockDoubt, MAX_BETWEEN } from '../../domain/clock-doubt.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import { type ClockReading, ConfirmedClock } from '../record/confirmed-clock.js';
import { ClockDoubtError } from '../record/clock-doubt-error.js';
import type { IssuedLicenseEntity } from '../licenses/issued-license.entity.js';
import { IssuedLicenseStore } from '../licenses/issued-license.store.js';
import { LicenseHistoryStore } from '../licenses/license-history.store.js';
import { LicenseSigner, type SignedLicense } from '../licenses/license-signer.js';
import { decideToken, isPresentToken, MAX_AHEAD, statementIat } from '../licenses/next-token.js';
import type { AttemptAnswer, RenewalAttempt } from './renewal-attempt.js';
import { RenewalBatches, type RenewalOutcome } from './renewal-batches.js';
import type { UsageAcknowledgment } from '../../domain/usage/issuer-report.js';
import { UsageReports } from '../usage/usage-reports.js';
import { UsageWarnings } from '../usage/usage-warnings.js';
import { RenewalRefusedError } from './renewal-refused-error.js';
import { IssuedRenewalStore } from './issued-renewal.store.js';
import { OwnDatabase } from '../record/own-database.js';

/** What all attempts of one batch share: the license's row is locked meanwhile. */
interface Batch {
  readonly manager: EntityManager;
  /** As the last attempt left it. */
  license: IssuedLicenseEntity;
  readonly reading: ClockReading;
  /** Tokens that were given before, by idempotency key. */
  readonly given: Map<string, string>;
  readonly signed: SignedLicense[];
  statement?: string;
}

/** Gives licenses new tokens. All batches of one license, in every process on the database, come one by one. */
@Injectable()
export class Renewals {
  readonly #logger = new Logger(Renewals.name);

  constructor(
    private readonly database: OwnDatabase,
    private readonly signer: LicenseSigner,
    private readonly licenses: IssuedLicenseStore,
    private readonly store: IssuedRenewalStore,
    private readonly history: LicenseHistoryStore,
    private readonly clock: ConfirmedClock,
    private readonly batches: RenewalBatches,
    private readonly reports: UsageReports,
    private readonly warnings: UsageWarnings,
  ) {}

  /** @throws RenewalRefusedError; ServiceError `database.unavailable` */
  async renew(attempt: RenewalAttempt): Promise<AttemptAnswer> {
    const { lid } = attempt.claims;
    return this.batches.run(attempt, async (attempts) => {
      const { outcomes, signed, lastIat, now } = await this.database.transaction((manager) =>
        this.#decideAll(manager, lid, attempts),
      );
      for (const { jti, iat, exp } of signed)
        this.#logger.log({ msg: 'license renewed', lid, jti, iat, exp });
      return this.#takeReports(attempts, outcomes, { lid, lastIat, now });
    });
  }

  /** What was decided stays: a report that cannot be stored costs a renewal nothing but the word that it was taken. */
  async #takeReports(
    attempts: readonly RenewalAttempt[],
    outcomes: readonly RenewalOutcome[],
    { lid, lastIat, now }: { readonly lid: string; readonly lastIat: number; readonly now: number },
  ): Promise<readonly RenewalOutcome[]> {
    const usages = attempts.map(({ usage, claims }, index) => {
      if (usage === undefined || !isAnswered(outcomes[index] as RenewalOutcome)) return undefined;
      if (isPresentToken(claims, lastIat, now)) return usage;
      const msg = 'a report of usage is not taken: the token that was shown is a former one of the license';
      this.warnings.say(msg, lid, { iat: claims.iat });
      return undefined;
    });
    const reports = usages.filter((usage) => usage !== undefined);
    if (reports.length === 0) return outcomes;
    const taken = await this.reports.take(lid, reports, now);
    let next = 0;
    return outcomes.map((outcome, index) => {
      const usage = usages[index] === undefined ? undefined : taken[next++];
      return usage === undefined ? outcome : acknowledging(outcome, usage);
    });
  }

  async #decideAll(manager: EntityManager, lid: string, attempts: readonly RenewalAttempt[]) {
    const license = await this.licenses.loadLocked(manager, lid);
    if (license === undefined) {
      const refusal = new RenewalRefusedError('license_unknown');
      return { outcomes: attempts.map(() => ({ refusal })), signed: [], lastIat: 0, now: 0 };
    }
    // After the lock: waiting for it takes time.
    const reading = await this.clock.read(manager);
    const keys = attempts.map(({ idempotencyKey }) => idempotencyKey);
    const given = await this.store.load(manager, lid, keys, reading.now);
    const batch: Batch = { manager, license, reading, given, signed: [] };
    const outcomes: RenewalOutcome[] = [];
    for (const attempt of attempts) outcomes.push(await this.#outcomeOf(batch, attempt));
    return { outcomes, signed: batch.signed, lastIat: license.lastIat, now: reading.now };
  }

  /** A refusal is the outcome of its attempt alone; any other error ends the batch. */
  async #outcomeOf(batch: Batch, attempt: RenewalAttempt): Promise<RenewalOutcome> {
    try {
      return { answer: await this.#decide(batch, attempt) };
    } catch (error) {
      if (error instanceof RenewalRefusedError) return { refusal: error };
      throw error;
    }
  }

  async #decide(batch: Batch, attempt: RenewalAttempt): Promise<AttemptAnswer> {
    const { manager, license, reading } = batch;
    const { idempotencyKey, claims, dryRun, version } = attempt;
    const { lid, lastIat, lexp } = license;
    const { now, doubt } = reading;
    await this.#assertEntitled(batch, attempt);
    if (doubt !== undefined) {
      throw new RenewalRefusedError('clock_unconfirmed', undefined, new ClockDoubtError(doubt, now));
    }
    const given = batch.given.get(idempotencyKey);
    if (given !== undefined && this.signer.isVerifiable(given)) return dryRun ? { dryRun } : { token: given };
    if (lexp <= now) throw new RenewalRefusedError('license_expired');
    const newest = this.signer.newest(license);
    const decision = decideToken({ now, lastIat, lexp, shownIat: claims.iat, newest });
    if (decision.kind === 'not-due') {
      this.#warnOfIatAhead(license, claims, now);
      throw new RenewalRefusedError('not_due');
    }
    if (dryRun) return { dryRun };
    // Not noted for the attempt: its repetition gets what is the newest then, and a caller in a loop writes nothing.
    if (decision.kind === 'newest') return { token: decision.token };
    const signed = await this.signer.license(manager, license, decision.iat);
    const { token, iat } = signed;
    await this.licenses.saveToken(manager, lid, iat, token);
    await this.store.save(manager, lid, idempotencyKey, signed);
    const by = { instance: license.sub, version };
    await this.history.record(manager, { lid, kind: 'renewed', at: this.clock.moment, signed, by });
    batch.license = { ...license, lastIat: iat, lastToken: token };
    batch.given.set(idempotencyKey, token);
    batch.signed.push(signed);
    return { token };
  }

  async #assertEntitled(batch: Batch, { instance }: RenewalAttempt): Promise<void> {
    const { license, manager } = batch;
    const { now, doubt } = batch.reading;
    if (instance?.canonical !== license.sub) throw new RenewalRefusedError('instance_mismatch');
    if (license.status === 'suspended') throw new RenewalRefusedError('license_suspended');
    const { lid, revokedAt, aheadIat } = license;
    if (revokedAt === null) return;
    const iat =
      doubt === undefined ? statementIat({ revokedAt, aheadIat }, now) : doubtful(revokedAt, doubt, now);
    batch.statement ??= await this.signer.revocation(manager, lid, iat);
    throw new RenewalRefusedError('license_revoked', batch.statement);
  }

  /** Tokens that a clock signed which was ahead: until that time comes there is none newer. */
  #warnOfIatAhead({ lid, lastIat }: IssuedLicenseEntity, { iat }: LicenseClaims, now: number): void {
    if (lastIat > now + MAX_BETWEEN) {
      const msg = `the last token of a license lies ahead of the clock: it gets none until then, unless "repair ${lid}" is run`;
      this.#logger.error({ msg, lid, lastIat, aheadBySeconds: lastIat - now });
    } else if (iat > now + MAX_AHEAD) {
      const msg = `the token that was shown lies ahead of the clock: run "token ${lid}" and upload what it prints to the instance`;
      this.#logger.error({ msg, lid, iat, aheadBySeconds: iat - now });
    }
  }
}

/** Whether the caller may renew: it was given a token, or there is none to give yet. */
function isAnswered(outcome: RenewalOutcome): boolean {
  return 'answer' in outcome ? 'token' in outcome.answer : outcome.refusal.code === 'not_due';
}

/**
 * The `iat` of a statement while nothing confirms the clock: never later than the revocation. After a clock was set
 * back it is the present, as services take none of later.
 */
function doubtful(revokedAt: number, { kind }: ClockDoubt, now: number): number {
  return kind === 'set-back' ? Math.min(revokedAt, now) : revokedAt;
}

function acknowledging(outcome: RenewalOutcome, usage: UsageAcknowledgment): RenewalOutcome {
  return 'answer' in outcome
    ? { answer: { ...outcome.answer, usage } as AttemptAnswer }
    : { refusal: outcome.refusal.acknowledging(usage) };
}
