/** A request that a client made, and what it heard. Times are Unix milliseconds of the one machine. */
export interface Call {
  readonly kind: 'check' | 'read' | 'install' | 'queue' | 'renew' | 'remove';
  readonly replica: string;
  readonly start: number;
  readonly end: number;
  /** `X-Request-Id`: the audit record names it. */
  readonly id: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** What `check` said. */
  readonly valid?: boolean;
  /** Of the license that was answered; null for none. */
  readonly jti?: string | null;
}

/** A record of a change, in the order in which they were stored. */
export interface AuditRecord {
  /** Unix milliseconds: before the change was committed. */
  readonly at: number;
  readonly action:
    | 'license.install'
    | 'license.queue'
    | 'license.dequeue'
    | 'license.promote'
    | 'license.renew'
    | 'license.remove'
    | 'license.revoke';
  readonly lid: string;
  readonly requestId: string;
  /** Of the token, but for a removal; Unix seconds. */
  readonly jti?: string;
  readonly iat?: number;
  readonly exp?: number;
  /** Of a license of the next term, Unix seconds. */
  readonly nbf?: number;
  /** Of a renewal. */
  readonly attemptId?: string;
}

/** What the issuer's log has of requests for renewal and of tokens. */
export interface IssuerEvent {
  readonly event: 'request' | 'issued';
  readonly attempt: string | undefined;
  /** Of the token that was shown, or was issued. */
  readonly lid: string;
  readonly jti: string;
}

/** The license's row. */
export interface LicenseRow {
  readonly generation: number;
  readonly revision: number;
  readonly jti: string | null;
  /** Whether a license of the next term waits. */
  readonly queued: boolean;
}

export interface AttemptRow {
  readonly id: string;
  readonly generation: number;
  readonly lid: string;
  readonly jti: string;
  readonly calls: number;
  readonly over: boolean;
}

/** What a replica said when the storm was over. */
export interface LastWord {
  readonly replica: string;
  readonly renewed: number;
  readonly check: boolean;
  readonly jti: string | null;
}

/** Everything that is known of a storm afterwards. */
export interface History {
  readonly calls: readonly Call[];
  readonly audit: readonly AuditRecord[];
  readonly issuer: readonly IssuerEvent[];
  readonly before: LicenseRow;
  readonly after: LicenseRow;
  readonly attempts: readonly AttemptRow[];
  readonly lastWords: readonly LastWord[];
  /** Processes that ended by themselves, and how. */
  readonly deaths: readonly string[];
}
