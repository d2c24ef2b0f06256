import type { Judged, LicenseSource } from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LicenseStatus } from '../../domain/license/license.js';
import type { StoredContent, Snapshot } from '../../snapshot/snapshot.js';

export const SOURCE_STATES = ['used', 'stale', 'invalid', 'broken', 'waiting'] as const;

/** What is to be said of one license of one source. */
export interface SourceReport {
  readonly source: LicenseSource;
  /**
   * `used`: it is the active one. `stale`: valid, but a newer one is active. `invalid`: by itself it would
   * not be valid. `broken`: the source cannot be read, or what it says does not verify. `waiting`: it takes
   * over at its `nbf`.
   */
  readonly state: (typeof SOURCE_STATES)[number];
  /** For `invalid` and `broken`: which rule, and a sentence about it. */
  readonly code?: string;
  readonly reason?: string;
  /** The license with what was found of it, where one was verified. */
  readonly judged?: Judged<AuthenticatedLicense>;
}

/**
 * What there is to say of every license that some source holds, those that verified first, in their order.
 * @param waiting - the license of the next term, as long as it has not taken over
 */
export function reportSources(
  { license, local }: Snapshot,
  ranked: readonly Judged<AuthenticatedLicense>[],
  waiting: Judged<AuthenticatedLicense> | undefined,
): SourceReport[] {
  const reports = ranked.map((judged, rank) => reportOf(judged, rank === 0));
  reports.push(...faultOf('database', license.content), ...faultOf('queue', license.queued));
  for (const { source, fault } of local) {
    if (fault !== undefined)
      reports.push({ source, state: 'broken', code: fault.code, reason: fault.message });
  }
  if (waiting !== undefined) reports.push(reportOfWaiting(waiting));
  return reports;
}

function faultOf(source: LicenseSource, content: StoredContent): SourceReport[] {
  switch (content.kind) {
    case 'unverifiable':
      return [{ source, state: 'broken', code: content.code, reason: content.reason }];
    case 'keys-unavailable': {
      const reason = 'The keys that the operator names in a file are not known yet.';
      return [{ source, state: 'broken', code: 'issuer.unavailable', reason }];
    }
    default:
      return [];
  }
}

/** What lacks nothing but its `nbf`, which has no leeway for what waits. */
function reportOfWaiting(judged: Judged<AuthenticatedLicense>): SourceReport {
  const { source, verdict } = judged;
  const mayCome = verdict.code === undefined || verdict.code === 'license.not-active';
  return mayCome
    ? { source, state: 'waiting', judged }
    : { source, state: 'invalid', code: verdict.code, reason: verdict.message, judged };
}

function reportOf(judged: Judged<AuthenticatedLicense>, isFirst: boolean): SourceReport {
  const { source, verdict } = judged;
  if (verdict.status !== LicenseStatus.Valid) {
    return { source, state: 'invalid', code: verdict.code, reason: verdict.message, judged };
  }
  return { source, state: isFirst ? 'used' : 'stale', judged };
}
