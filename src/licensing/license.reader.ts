import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK, toSeconds } from '../domain/clock.js';
import type { LicenseClaims } from '../domain/license-claims.js';
import type { AuthenticatedLicense } from '../domain/license-token.js';
import { judge, type LicensePolicy, LicenseStatus } from '../domain/license.js';
import { ServiceError } from '../domain/service-error.js';
import type { HeldLicense } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';

/** What is known of the license at a moment. */
export interface LicenseState {
  readonly status: LicenseStatus;
  /** Undefined without a license, and for a stored token that does not verify. */
  readonly claims: LicenseClaims | undefined;
}

/**
 * Answers from memory whether a valid license is there. No I/O: the snapshot holds the verified claims, and only the
 * time is compared.
 */
@Injectable()
export class LicenseReader {
  readonly policy: LicensePolicy;
  /** The last answer: the same for the same license within the same second. */
  #last: { held: HeldLicense; second: number; state: LicenseState } | undefined;

  constructor(
    @Inject(SERVICE_CONFIG) { issuer, rootUrl, products }: ServiceConfig,
    private readonly snapshots: SnapshotService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.policy = { issuer: issuer.id, rootUrl, products };
  }

  /** @throws ServiceError `database.unavailable` before the first snapshot */
  current(): LicenseState {
    const held = this.snapshots.current?.license;
    if (held === undefined) {
      throw new ServiceError('database.unavailable', undefined, {
        cause: new Error('no snapshot was read yet'),
        retryAfter: 2,
      });
    }
    const second = toSeconds(this.clock.now());
    if (this.#last?.held !== held || this.#last.second !== second) {
      this.#last = { held, second, state: this.stateOf(held, second) };
    }
    return this.#last.state;
  }

  /** @param now - Unix seconds; the present moment by default */
  stateOf({ content, revokedAt }: HeldLicense, now = toSeconds(this.clock.now())): LicenseState {
    switch (content.kind) {
      case 'none':
        return { status: LicenseStatus.NotFound, claims: undefined };
      case 'unverifiable':
        return { status: LicenseStatus.Invalid, claims: undefined };
      case 'verified': {
        const { claims } = content.license;
        return { status: judge(claims, this.policy, now, revokedAt).status, claims };
      }
    }
  }
}

/** What is held once this license is in its place. */
export function withLicense(held: HeldLicense, license: AuthenticatedLicense): HeldLicense {
  return { ...held, content: { kind: 'verified', license } };
}
