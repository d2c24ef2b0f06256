import type { LicenseClaims } from '../../domain/license/license-claims.js';

/** One attempt of an instance to renew its license. */
export interface RenewalAttempt {
  /** Of the token that it showed, verified. */
  readonly claims: LicenseClaims;
  readonly instance: string;
  /** Of the service that asks. */
  readonly version: string;
  /** The same for every repetition of the attempt. */
  readonly idempotencyKey: string;
  readonly dryRun: boolean;
}

export type RenewalAnswer = { readonly token: string } | { readonly dryRun: true };
