import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ClockWatch } from '../../clock/clock-watch.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../../config/service-config.js';
import { type Clock, CLOCK, toSeconds } from '../../domain/clock.js';
import { renewalDueAt } from '../../domain/license/renewal-policy.js';
import { ServiceError } from '../../domain/service-error.js';
import type { FailureClass } from '../../issuer/issuer-call-error.js';
import { IssuerKeys } from '../../issuer/issuer-keys.js';
import { LicenseIssuer, type RehearsalAnswer } from '../../issuer/license-issuer.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { SnapshotService } from '../../snapshot/snapshot.service.js';
import { LicenseReader } from '../license/license-reader.js';
import { LicenseRenewal } from './license-renewal.js';
import type { RehearsalResponse, RenewalResponse } from './renewal.response.js';
import { assertNotRevoked, RenewalAnswerReader } from './renewal-answer-reader.js';
import type { Renewable } from './renewal-call.js';
import { type RenewalStanding, RenewalStore } from './renewal.store.js';

type Rehearsal = RehearsalResponse['outcome'];

const REHEARSED: Record<Rehearsal, string> = {
  ready: 'The issuer would renew the license now.',
  'not-due': 'The issuer has nothing newer to give yet.',
  unsupported: 'The issuer can be reached, but knows no rehearsals: what it would answer is not known.',
};

/** What was reported last, and what it followed from. */
interface Report {
  readonly snapshot: Snapshot;
  readonly standing: RenewalStanding;
  readonly now: number;
  /** On it depends which license is to be renewed. */
  readonly earliest: number;
  readonly response: RenewalResponse;
}

/** Says how renewals fare, and tries one out. */
@Injectable()
export class RenewalReporter implements OnModuleInit {
  #standing: RenewalStanding | undefined;
  /** How often this replica had written when the standing was read. */
  #writes = 0;
  #last: Report | undefined;

  constructor(
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    private readonly renewal: LicenseRenewal,
    private readonly issuer: LicenseIssuer,
    private readonly answers: RenewalAnswerReader,
    private readonly keys: IssuerKeys,
    private readonly store: RenewalStore,
    private readonly reader: LicenseReader,
    private readonly snapshots: SnapshotService,
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.snapshots.follow(async (manager) => {
      const { writes } = this.store;
      this.#standing = await this.store.standing(manager, this.#standing);
      this.#writes = writes;
    });
  }

  /**
   * From memory: what the database said at the last look at it, or before it went away. What this replica wrote since
   * is read first.
   * @throws ServiceError `database.unavailable` before the first look
   */
  async report(): Promise<RenewalResponse> {
    // With the database away, what it said last is told without another wait.
    if (this.#writes !== this.store.writes)
      await this.snapshots.refresh().catch(() => (this.#writes = this.store.writes));
    const snapshot = this.snapshots.known;
    const standing = this.#standing;
    if (standing === undefined) throw new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
    const known = this.#known();
    if (known !== undefined) return known;
    const now = toSeconds(this.clock.now());
    const response = this.#report(snapshot, standing, now);
    this.#last = { snapshot, standing, now, earliest: this.watch.earliest, response };
    return response;
  }

  /** What {@link report} would return, as long as it would return the very same; undefined when it has to look. */
  readonly basis = (): RenewalResponse | undefined =>
    this.#writes === this.store.writes ? this.#known() : undefined;

  /** The last report, as long as a new one would be the same. */
  #known(): RenewalResponse | undefined {
    const last = this.#last;
    const isSame =
      last?.snapshot === this.snapshots.current &&
      last?.standing === this.#standing &&
      last?.now === toSeconds(this.clock.now()) &&
      last?.earliest === this.watch.earliest;
    return isSame ? last?.response : undefined;
  }

  #report(snapshot: Snapshot, state: RenewalStanding, now: number): RenewalResponse {
    const claims = this.reader.ranked(snapshot)[0]?.license.claims;
    const next = this.renewal.candidateIn(snapshot)?.claims;
    const isPlanned = state.lid === next?.lid && state.jti === next?.jti;
    const automatic = this.config.issuer.autoRefresh;
    return {
      automatic,
      underWay: state.underWay,
      lastAttempt: secondsOf(state.lastAttemptAt),
      lastSuccess: secondsOf(state.lastSuccessAt),
      outcome: state.lastOutcome,
      cause: state.lastCause as FailureClass | null,
      message: state.lastMessage,
      failures: isPlanned ? state.failures : 0,
      due: next === undefined ? null : renewalDueAt(next),
      nextAttempt: automatic && isPlanned ? secondsOf(state.nextAttemptAt) : null,
      notBefore:
        state.notBefore !== null && state.notBefore.getTime() > now * 1000
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
}

function secondsOf(moment: Date | null): number | null {
  return moment === null ? null : toSeconds(moment.getTime());
}
