import { toSeconds } from '../../domain/clock.js';
import type { FailureClass } from '../../issuer/issuer-call-error.js';
import type { RenewalAttemptEntity } from './renewal-attempt.entity.js';

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

/** An attempt to renew. Times are Unix seconds. */
export interface RenewalAttemptResponse {
  readonly startedAt: number;
  /** Null while its outcome is open: the next call goes on with it. */
  readonly finishedAt: number | null;
  /** How often the issuer was called for it. */
  readonly calls: number;
  /** What its last call came to, as in {@link RenewalResponse}; null before it has an answer. */
  readonly outcome: string | null;
  readonly cause: string | null;
  readonly message: string | null;
  /** The token that is renewed. */
  readonly lid: string;
  readonly jti: string;
}

export interface RenewalAttemptsResponse {
  readonly attempts: readonly RenewalAttemptResponse[];
}

export function renewalAttemptsResponse(attempts: readonly RenewalAttemptEntity[]): RenewalAttemptsResponse {
  return {
    attempts: attempts.map(({ startedAt, finishedAt, calls, outcome, failure, lid, jti }) => ({
      startedAt: toSeconds(startedAt.getTime()),
      finishedAt: finishedAt === null ? null : toSeconds(finishedAt.getTime()),
      calls,
      outcome,
      cause: failure?.cause ?? null,
      message: failure?.message ?? null,
      lid,
      jti,
    })),
  };
}

/** What a renewal would come to at this moment. */
export interface RehearsalResponse {
  /** `ready`: a new token would be given. `not-due`: nothing newer yet. `unsupported`: the issuer cannot say. */
  readonly outcome: 'ready' | 'not-due' | 'unsupported';
  readonly message: string;
}
