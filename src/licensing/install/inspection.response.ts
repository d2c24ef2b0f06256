import type { TermChange } from '../../domain/license/license-changes.js';
import type { ErrorCode } from '../../domain/service-error.js';
import type { Inspection } from './license-inspection.js';
import { type LicenseResponse, licenseResponse } from '../license/license.response.js';

/** What installing a token would come to. */
export interface InspectionResponse {
  /** Whether an install would be accepted; where it says so, with `"queue"` or `"acknowledge"`. */
  readonly accepted: boolean;
  /** `install`, `queue` and `unchanged` are accepted, `stale` and `refused` are not. */
  readonly outcome: Inspection['outcome'];
  /** The `messageId` that a plain install is refused with, else null. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly requiresAcknowledge: boolean;
  /** What the license says, and how it would stand now; null for what does not verify. */
  readonly license: LicenseResponse | null;
  /** The key that verifies it. */
  readonly kid: string | null;
  readonly alg: string | null;
  /** How it differs from the active license. */
  readonly changes: readonly TermChange[];
}

export function inspectionResponse(inspection: Inspection): InspectionResponse {
  const { outcome, code, message, requiresAcknowledge, license, state, changes } = inspection;
  return {
    accepted: outcome === 'install' || outcome === 'queue' || outcome === 'unchanged',
    outcome,
    code: code ?? (requiresAcknowledge ? 'license.acknowledge-required' : null),
    message,
    requiresAcknowledge,
    license: state === undefined ? null : licenseResponse(state),
    kid: license?.key.kid ?? null,
    alg: license?.key.alg ?? null,
    changes,
  };
}
