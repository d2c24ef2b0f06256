import type { UsageAcknowledgment } from '../../domain/usage/issuer-report.js';

/**
 * Every refusal of a renewal: its HTTP status and its sentence. The codes are those of `docs/issuer-protocol.md`; the
 * sentences are made of characters that a service repeats to its own callers.
 */
export const REFUSALS = {
  token_unknown: { status: 401, message: 'the token is not one of this issuer' },
  license_suspended: { status: 403, message: 'the license is suspended' },
  license_expired: { status: 403, message: 'the license has ended' },
  license_unknown: { status: 404, message: 'the license is not known to this issuer' },
  not_due: { status: 409, message: 'there is no newer token to give at this moment' },
  too_many_requests: { status: 429, message: 'too many renewals of this license at once' },
  license_revoked: { status: 410, message: 'the license is revoked' },
  instance_mismatch: { status: 422, message: 'the license is for another instance' },
  clock_unconfirmed: { status: 503, message: 'the clock of the issuer is not confirmed' },
} as const satisfies Record<string, { status: number; message: string }>;

export type RefusalCode = keyof typeof REFUSALS;

/** When another try makes sense, seconds: the `Retry-After` of a refusal that passes. */
const RETRY_AFTER: Partial<Record<RefusalCode, number>> = { too_many_requests: 1, clock_unconfirmed: 60 };

/** A renewal is refused. `cause` is for the log alone. */
export class RenewalRefusedError extends Error {
  override readonly name = 'RenewalRefusedError';
  #usage: UsageAcknowledgment | undefined;

  /** @param statement - the signed revocation, with `license_revoked` */
  constructor(
    readonly code: RefusalCode,
    private readonly statement?: string,
    cause?: unknown,
  ) {
    super(REFUSALS[code].message, cause === undefined ? undefined : { cause });
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }

  /** Seconds; undefined where another try would be answered the same. */
  get retryAfter(): number | undefined {
    return RETRY_AFTER[this.code];
  }

  /** @param usage - the answer says that the report of the renewal was taken nevertheless */
  acknowledging(usage: UsageAcknowledgment): RenewalRefusedError {
    const same = new RenewalRefusedError(this.code, this.statement, this.cause);
    same.#usage = usage;
    return same;
  }

  /** The answer's body. */
  body(): { code: RefusalCode; message: string; statement?: string; usage?: UsageAcknowledgment } {
    const { code, message, statement } = this;
    return {
      code,
      message,
      ...(statement === undefined ? {} : { statement }),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
  }
}
