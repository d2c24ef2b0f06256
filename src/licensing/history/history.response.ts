import type { AuditRecord } from '../../audit/audit.store.js';
import { toSeconds } from '../../domain/clock.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import type { LicensePast } from './license-history.js';
import { type LicenseResponse, licenseResponse } from '../license/license.response.js';
import type { LicenseState } from '../license/license-reader.js';

/** Which token it is; the signed token itself is never shown. Times are Unix seconds. */
export interface TokenIdentity {
  readonly lid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf: number;
  readonly lexp: number;
  /** The key that verified it. */
  readonly kid: string;
}

/** One change of what the database holds. What it does not carry is null. */
export interface LicenseChangeResponse {
  readonly id: number;
  readonly at: number;
  readonly change: string;
  readonly actor: string;
  readonly requestId: string;
  readonly lid: string | null;
  readonly jti: string | null;
  readonly iat: number | null;
  readonly exp: number | null;
  readonly lexp: number | null;
  /** Of `queue` and `dequeue`: when the license takes over, or would have. */
  readonly nbf: number | null;
  /** Why the license of a `dequeue` waits no longer. */
  readonly reason: string | null;
}

export interface HistoryResponse {
  readonly current: TokenIdentity | null;
  /** What `POST /api/licensing/token/rollback` would go back to. */
  readonly previous: TokenIdentity | null;
  /** What takes over at its `nbf`. */
  readonly queued: TokenIdentity | null;
  readonly changes: readonly LicenseChangeResponse[];
}

export interface RollbackResponse {
  /** What may follow. */
  readonly message: string;
  readonly license: LicenseResponse;
}

export function historyResponse({ current, previous, queued, changes }: LicensePast): HistoryResponse {
  return {
    current: identityOf(current),
    previous: identityOf(previous),
    queued: identityOf(queued),
    changes: changes.map(changeResponse),
  };
}

export function rollbackResponse(state: LicenseState): RollbackResponse {
  const message = "The previous license is back. The next renewal may bring the issuer's terms again.";
  return { message, license: licenseResponse(state) };
}

function identityOf(license: AuthenticatedLicense | undefined): TokenIdentity | null {
  if (license === undefined) return null;
  const { lid, jti, iat, exp, nbf = 0, lexp } = license.claims;
  return { lid, jti, iat, exp, nbf, lexp, kid: license.key.kid };
}

function changeResponse({
  id,
  at,
  actor,
  action,
  target,
  detail,
  requestId,
}: AuditRecord): LicenseChangeResponse {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    id,
    at: toSeconds(at),
    change: action.slice('license.'.length),
    actor,
    requestId,
    lid: target.startsWith('license:') ? target.slice('license:'.length) : null,
    jti: text(detail.jti),
    iat: number(detail.iat),
    exp: number(detail.exp),
    lexp: number(detail.lexp),
    nbf: action === 'license.queue' || action === 'license.dequeue' ? number(detail.nbf) : null,
    reason: text(detail.reason),
  };
}
