import { Inject, Injectable } from '@nestjs/common';
import { type Clock, CLOCK } from '../../domain/clock.js';
import type { LicenseClaims } from '../../domain/license/license-claims.js';
import { LicenseStatus } from '../../domain/license/license.js';
import { renewalDueAt } from '../../domain/license/renewal-policy.js';
import { ServiceError } from '../../domain/service-error.js';
import { type Labels, Metrics } from '../../metrics/metrics.js';
import { LicenseReader, type LicenseState } from './license-reader.js';

const STATUS_LABELS: Readonly<Record<string, LicenseStatus>> = {
  not_loaded: LicenseStatus.NotLoaded,
  valid: LicenseStatus.Valid,
  loaded: LicenseStatus.Loaded,
  invalid: LicenseStatus.Invalid,
  not_found: LicenseStatus.NotFound,
  expired: LicenseStatus.Expired,
  invalid_subject: LicenseStatus.InvalidSubject,
};

/**
 * What came of a renewal: one of the first two when it succeeded, `not-due` where the issuer had nothing
 * although it is due, else the code of its error.
 */
const RENEWALS = {
  outcome: [
    'renewed',
    'unchanged',
    'not-due',
    'license.not-found',
    'license.invalid',
    'license.changed',
    'issuer.refused',
    'issuer.bad-response',
    'issuer.unavailable',
    'issuer.timeout',
    'database.unavailable',
    'internal-error',
  ],
} as const;

/** A further way for tokens to come in is a further `path`. */
const REFUSED = {
  path: ['upload', 'renewal', 'stored', 'file', 'text'],
  code: [
    'license.invalid',
    'license.untrusted',
    'license.not-active',
    'license.subject-mismatch',
    'license.expired',
    'license.stale',
  ],
} as const;

/** Where a token came from. */
export type TokenPath = Labels<typeof REFUSED>['path'];

/** What the metrics tell of the license: how it stands now, and what was tried with it. */
@Injectable()
export class LicenseMetrics {
  readonly #renewals: (labels: Labels<typeof RENEWALS>) => void;
  readonly #refused: (labels: Labels<typeof REFUSED>) => void;
  /** Unix milliseconds of the last renewal of this process that brought a new token. */
  #renewedAt: number | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly reader: LicenseReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    metrics.gauge(
      'licentia_license_status',
      'Whether the license has this status: 1 for one of them, 0 for the others.',
      { status: Object.keys(STATUS_LABELS) },
      ({ status }) => (this.#status() === STATUS_LABELS[status] ? 1 : 0),
    );
    this.#time('licentia_license_token_issued_timestamp_seconds', 'When the token was issued (iat).', 'iat');
    this.#time('licentia_license_token_expiry_timestamp_seconds', 'When the token expires (exp).', 'exp');
    this.#time('licentia_license_expiry_timestamp_seconds', 'When the license expires (lexp).', 'lexp');
    metrics.gauge(
      'licentia_license_token_remaining_seconds',
      'Time until the token expires by the clock of the service; negative afterwards.',
      {},
      () => this.#remaining('exp'),
    );
    metrics.gauge(
      'licentia_license_remaining_seconds',
      'Time until the license itself expires by the clock of the service; negative afterwards.',
      {},
      () => this.#remaining('lexp'),
    );
    metrics.gauge(
      'licentia_license_token_lifetime_seconds',
      'How long the token lasts from its issue to its expiry.',
      {},
      () => {
        const claims = this.#claims();
        return claims === undefined ? undefined : claims.exp - claims.iat;
      },
    );
    metrics.gauge(
      'licentia_license_renewal_remaining_seconds',
      'Time until the renewal of the token is due by the clock of the service; negative afterwards.',
      {},
      () => {
        const claims = this.#claims();
        return claims === undefined ? undefined : renewalDueAt(claims) - this.clock.now() / 1000;
      },
    );
    metrics.gauge(
      'licentia_license_last_renewal_timestamp_seconds',
      'When a renewal by this process last brought a new token.',
      {},
      () => (this.#renewedAt === undefined ? undefined : this.#renewedAt / 1000),
    );
    this.#renewals = metrics.counter(
      'licentia_license_renewals_total',
      'Renewals by what came of them; calls that share one count once.',
      RENEWALS,
    );
    this.#refused = metrics.counter(
      'licentia_license_tokens_refused_total',
      'License tokens that were refused, by where they came from and the code of the refusal.',
      REFUSED,
    );
  }

  /** Counts a renewal that came to an end. */
  renewal(outcome: 'renewed' | 'unchanged' | 'not-due'): void {
    if (outcome === 'renewed') this.#renewedAt = this.clock.now();
    this.#renewals({ outcome });
  }

  /** Counts a renewal that failed, by its error's code. */
  renewalFailed(error: unknown): void {
    const code = error instanceof ServiceError ? error.code : undefined;
    this.#renewals({ outcome: RENEWALS.outcome.find((known) => known === code) ?? 'internal-error' });
  }

  /** Counts a token that was refused; an error that says nothing about the token counts nothing. */
  refused(path: TokenPath, error: unknown): void {
    const code = error instanceof ServiceError ? error.code : undefined;
    const known = REFUSED.code.find((candidate) => candidate === code);
    if (known !== undefined) this.#refused({ path, code: known });
  }

  #time(name: string, help: string, claim: 'iat' | 'exp' | 'lexp'): void {
    this.metrics.gauge(name, help, {}, () => this.#claims()?.[claim]);
  }

  #remaining(claim: 'exp' | 'lexp'): number | undefined {
    const moment = this.#claims()?.[claim];
    return moment === undefined ? undefined : moment - this.clock.now() / 1000;
  }

  #status(): LicenseStatus {
    return this.#state()?.status ?? LicenseStatus.NotLoaded;
  }

  #claims(): LicenseClaims | undefined {
    return this.#state()?.claims;
  }

  /** Undefined while nothing can be said of the license. */
  #state(): LicenseState | undefined {
    try {
      return this.reader.current();
    } catch {
      return undefined;
    }
  }
}
