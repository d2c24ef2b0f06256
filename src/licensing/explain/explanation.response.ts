import type { LicenseSource } from '../../domain/license/license-choice.js';
import type { LicenseWarning } from '../../domain/license/license-timeline.js';
import type { LicenseStatus } from '../../domain/license/license.js';
import type { SOURCE_STATES } from '../license/source-report.js';

/** A license and its source. */
export interface DecidedBy {
  readonly source: LicenseSource;
  readonly lid: string;
  readonly jti: string;
}

/** What is to be said of one license of one source; null stands for what there is not. */
export interface SourceStanding {
  readonly source: LicenseSource;
  readonly state: (typeof SOURCE_STATES)[number] | 'absent';
  /** Which rule failed, and a sentence about it; null for the states that no rule made. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly lid: string | null;
  readonly jti: string | null;
}

/** Everything that is answered of the license at a moment. */
export interface OutlookResponse {
  /** What the check answers; null where it answers 503. */
  readonly answer: boolean | null;
  readonly status: LicenseStatus;
  readonly code: string | null;
  /** Why, in one sentence. */
  readonly reason: string;
  /** The license that the answer is about; null without one that verifies. */
  readonly decidedBy: DecidedBy | null;
  readonly warnings: readonly LicenseWarning[];
  readonly renewalDue: boolean;
  /** The active license first. */
  readonly sources: readonly SourceStanding[];
}

/** A rule with what became of it. */
export interface RuleResponse {
  readonly rule: string;
  readonly verdict: 'passed' | 'failed' | 'not-reached';
  readonly sentence: string;
  readonly value: string | number | readonly string[] | null;
  readonly against: string | number | readonly string[] | null;
}

/** A license of a source, with every rule; times are Unix seconds. */
export interface ExplainedSource extends SourceStanding {
  readonly iss: string | null;
  readonly sub: string | null;
  /** The key that verified it. */
  readonly kid: string | null;
  readonly alg: string | null;
  readonly iat: number | null;
  readonly exp: number | null;
  readonly nbf: number | null;
  readonly lexp: number | null;
  /** The `iat` of the newest revocation of this `lid`. */
  readonly revokedAt: number | null;
  readonly rules: readonly RuleResponse[];
}

/** `GET /api/licensing/check/explain` */
export interface ExplanationResponse extends Omit<OutlookResponse, 'sources'> {
  /** The moment that is explained, Unix seconds. */
  readonly at: number;
  readonly sources: readonly ExplainedSource[];
  /** When the check's answer is another one than at that moment, and what is said then; null for never. */
  readonly nextChange:
    | (Pick<OutlookResponse, 'answer' | 'status' | 'code' | 'reason' | 'decidedBy'> & { readonly at: number })
    | null;
}

/** A moment from which something else is answered. */
export interface TransitionResponse extends OutlookResponse {
  readonly at: number;
  /** Which of the other members are different from the second before. */
  readonly changes: readonly (keyof OutlookResponse)[];
}

/** `GET /api/licensing/timeline` */
export interface TimelineResponse extends OutlookResponse {
  /** The present moment, Unix seconds. */
  readonly at: number;
  readonly transitions: readonly TransitionResponse[];
}
