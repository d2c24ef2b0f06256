import type { LicenseClaims } from '../../domain/license/license-claims.js';
import type { JsonObject } from '../../domain/token/strict-json.js';
import type { UsageAcknowledgment } from '../../domain/usage/issuer-report.js';
import type { RootUrl } from '../../domain/root-url.js';

/** One attempt of an instance to renew its license. */
export interface RenewalAttempt {
  /** Of the token that it showed, verified. */
  readonly claims: LicenseClaims;
  /** Where it says to be; undefined when that is no root URL. Parsed once, and before the license's row is locked. */
  readonly instance: RootUrl | undefined;
  /** Of the service that asks. */
  readonly version: string;
  /** The same for every repetition of the attempt. */
  readonly idempotencyKey: string;
  readonly dryRun: boolean;
  /** What it reports of the use of the license, not read yet. */
  readonly usage?: JsonObject | undefined;
}

export type AttemptAnswer =
  { readonly token: string; readonly usage?: UsageAcknowledgment } | { readonly dryRun: true };
