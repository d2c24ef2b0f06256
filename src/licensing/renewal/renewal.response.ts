import type { FailureClass } from '../../issuer/issuer-call-error.js';

/** How renewals fare. Times are Unix seconds; null stands for what never was, or will not be. */
export interface RenewalResponse {
  /** Whether the license is renewed without being asked to. */
  readonly automatic: boolean;
  /** Whether some replica is asking the issuer at this moment. */
  readonly underWay: boolean;
  readonly lastAttempt: number | null;
  readonly lastSuccess: number | null;
  /** What the last attempt came to: `renewed`, `unchanged`, `not-due` or an error's `messageId`. */
  readonly outcome: string | null;
  /** What was at fault, where that is known. */
  readonly cause: FailureClass | null;
  /** The sentence of the last failure, with the issuer's reason where it gave one that may be shown. */
  readonly message: string | null;
  /** In a row, for the present token. */
  readonly failures: number;
  /** When the renewal of the present token is due. */
  readonly due: number | null;
  /** When it is tried next without being asked to. */
  readonly nextAttempt: number | null;
  /** Before this moment the issuer wants no call. */
  readonly notBefore: number | null;
  /** Seconds until the token's and the license's end, negative after it. */
  readonly tokenSecondsLeft: number | null;
  readonly licenseSecondsLeft: number | null;
}

/** What a renewal would come to at this moment. */
export interface RehearsalResponse {
  /** `ready`: a new token would be given. `not-due`: nothing newer yet. `unsupported`: the issuer cannot say. */
  readonly outcome: 'ready' | 'not-due' | 'unsupported';
  readonly message: string;
}
