import { isoTime } from '../../domain/clock.js';
import type { TermChange } from '../../domain/license/license-changes.js';
import type { LicenseSource } from '../../domain/license/license-choice.js';
import type { AuthenticatedLicense } from '../../domain/license/license-token.js';
import { LicenseStatus, type Verdict } from '../../domain/license/license.js';
import { type ErrorCode, ServiceError } from '../../domain/service-error.js';
import type { LicenseState } from '../license/license-reader.js';

/** What is to become of a verified token, against what is stored at this moment. */
export interface Decision {
  readonly verdict: Verdict;
  /** When it is to take over, Unix seconds, if it is to wait. */
  readonly waitsUntil: number | undefined;
  readonly kind: 'unchanged' | 'replace' | 'stale';
  readonly isStoredValid: boolean;
  /** In what it differs from the active license. */
  readonly changes: readonly TermChange[];
  /** What the active license gives now and would not give afterwards, or at the beginning of the new term. */
  readonly lost: readonly TermChange[];
  /** The source whose license would be active instead of this one. */
  readonly fresher: LicenseSource | undefined;
  readonly requiresAcknowledge: boolean;
}

/** What installing a token would come to. */
export interface Inspection {
  /** `install`: it would be stored now. `queue`: it is not active yet, and could wait for its `nbf`. */
  readonly outcome: 'install' | 'queue' | 'unchanged' | 'stale' | 'refused';
  /** For `queue`, `stale` and `refused`: the code of the error that an install is answered with. */
  readonly code: ErrorCode | null;
  /** One sentence. */
  readonly message: string;
  /** Undefined for what does not verify. */
  readonly license: AuthenticatedLicense | undefined;
  readonly state: LicenseState | undefined;
  /** Against the active license, also where that would stay active. */
  readonly changes: readonly TermChange[];
  readonly requiresAcknowledge: boolean;
}

/** What a decision comes to, in the words of an inspection. */
export function outcomeOf(decision: Decision): Pick<Inspection, 'outcome' | 'code' | 'message'> {
  const { verdict, waitsUntil, kind } = decision;
  const waits = waitsUntil !== undefined;
  if (verdict.status !== LicenseStatus.Valid && !waits) {
    return { outcome: 'refused', code: verdict.code, message: verdict.message };
  }
  switch (kind) {
    case 'stale': {
      const { code, message } = new ServiceError('license.stale');
      return { outcome: 'stale', code, message };
    }
    case 'unchanged':
      return { outcome: 'unchanged', code: null, message: 'This license is stored already.' };
    case 'replace': {
      const message = sentencesOf(decision);
      return waits
        ? { outcome: 'queue', code: verdict.code ?? null, message }
        : { outcome: 'install', code: null, message };
    }
  }
}

function sentencesOf({ waitsUntil, fresher, lost, requiresAcknowledge }: Decision): string {
  const [stored, inactive] =
    waitsUntil === undefined
      ? ['The license would be installed', ', but would not be active']
      : [
          `The license is not active yet: queued, it would wait until ${isoTime(waitsUntil)}, its "nbf"`,
          ', but would not be active then',
        ];
  return [
    fresher === undefined ? `${stored}.` : `${stored}${inactive}: the license of the ${fresher} is fresher.`,
    ...(requiresAcknowledge ? [`${takesAway(lost)} This needs "acknowledge": true.`] : []),
  ].join(' ');
}

/** A sentence that names what is lost. */
export function takesAway(lost: readonly TermChange[]): string {
  return `It takes something away: ${lost.map(({ member }) => member).join(', ')}.`;
}
