import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { renewalDueAt } from '../../domain/license/renewal-policy.js';
import { ServiceError } from '../../domain/service-error.js';
import type { FailureClass } from '../../issuer/issuer-call-error.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import { LicenseIssuer, type RehearsalAnswer } from '../../issuer/license-issuer.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseReader } from '../license/license-reader.js';
import { LicenseRenewal } from './license-renewal.js';
import type { RenewalStateEntity } from './renewal-state.entity.js';
import type { RehearsalResponse, RenewalResponse } from './renewal.response.js';
import { assertNotRevoked, RenewalAnswerReader } from './renewal-answer-reader.js';
import type { Renewable } from './renewal-call.js';
import { RenewalStore } from './renewal.store.js';

type Rehearsal = RehearsalResponse['outcome'];

const REHEARSED: Record<Rehearsal, string> = {
  ready: 'The issuer would renew the license now.',
  'not-due': 'The issuer has nothing newer to give yet.',
  unsupported: 'The issuer can be reached, but knows no rehearsals: what it would answer is not known.',
};

/** Says how renewals fare, and tries one out. */
@Injectable()
export class RenewalReporter {
  /** What the database said last: told with the database away. */
  #known: { readonly state: RenewalStateEntity; readonly underWay: boolean } | undefined;

  constructor(
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    private readonly renewal: LicenseRenewal,
    private readonly issuer: LicenseIssuer,
    private readonly answers: RenewalAnswerReader,
    private readonly keys: IssuerKeys,
    private readonly store: RenewalStore,
    private readonly reader: LicenseReader,
    private readonly snapshots: SnapshotService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ServiceError `database.unavailable` when the database was never asked with success */
  async report(): Promise<RenewalResponse> {
    const { state, underWay } = await this.#load();
    const snapshot = this.snapshots.current;
    const claims = (snapshot === undefined ? [] : this.reader.ranked(snapshot))[0]?.license.claims;
    const next = snapshot === undefined ? undefined : this.renewal.candidateIn(snapshot)?.claims;
    const isPlanned = state.lid === next?.lid && state.jti === next?.jti;
    const now = toSeconds(this.clock.now());
    const automatic = this.config.issuer.autoRefresh;
    return {
      automatic,
      underWay,
      lastAttempt: secondsOf(state.lastAttemptAt),
      lastSuccess: secondsOf(state.lastSuccessAt),
      outcome: state.lastOutcome,
      cause: state.lastCause as FailureClass | null,
      message: state.lastMessage,
      failures: isPlanned ? state.failures : 0,
      due: next === undefined ? null : renewalDueAt(next),
      nextAttempt: automatic && isPlanned ? secondsOf(state.nextAttemptAt) : null,
      notBefore:
        state.notBefore !== null && state.notBefore.getTime() > this.clock.now()
          ? secondsOf(state.notBefore)
          : null,
      tokenSecondsLeft: claims === undefined ? null : claims.exp - now,
      licenseSecondsLeft: claims === undefined ? null : claims.lexp - now,
    };
  }

  /**
   * Everything that a renewal does, but that nothing is issued and nothing changes.
   * @throws ServiceError what the renewal would be answered with
   */
  async rehearse(): Promise<RehearsalResponse> {
    const renewable = await this.renewal.renewable();
    const answer = await this.issuer.rehearse(renewable.license, randomUUID());
    const outcome = await this.#outcomeOf(renewable, answer);
    return { outcome, message: REHEARSED[outcome] };
  }

  async #outcomeOf({ stored, license }: Renewable, answer: RehearsalAnswer): Promise<Rehearsal> {
    if (answer.kind === 'ready' || answer.kind === 'unsupported') {
      // A renewed token is verified with the issuer's present keys: without any, the renewal would come to nothing.
      await this.keys.forKid(license.key.kid);
      return answer.kind;
    }
    const read = await this.answers.read(license, answer);
    switch (read.kind) {
      case 'unchanged':
        return 'not-due';
      case 'successor':
        assertNotRevoked(stored, read.license);
        return 'ready';
      case 'revoked':
        // A rehearsal takes nothing away: the statement is not stored.
        throw read.refusal;
    }
  }

  async #load() {
    try {
      this.#known = await this.store.overview();
    } catch (error) {
      const isAway = error instanceof ServiceError && error.code === 'database.unavailable';
      if (!isAway || this.#known === undefined) throw error;
    }
    return this.#known;
  }
}

function secondsOf(moment: Date | null): number | null {
  return moment === null ? null : toSeconds(moment.getTime());
}
