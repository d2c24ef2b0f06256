import { isDeepStrictEqual } from 'node:util';
import type { IssuedLicenseEntity } from './issued-license.entity.js';

/** Each term that changed: what it was, and what it is now. */
export type ChangedTerms = Readonly<Record<string, { readonly before: unknown; readonly now: unknown }>>;

/** The terms of a license by the names that tokens and outputs have for them. */
const TERMS = {
  company: 'company',
  prod: 'prod',
  included_users: 'includedUsers',
  included_admins: 'includedAdmins',
  included_viewers: 'includedViewers',
  anonymousRatio: 'anonymousRatio',
  max_concurrent_user_sessions: 'maxSessions',
  usage_billing: 'usageBilling',
  seat_policy: 'seatPolicy',
  nbf: 'nbf',
  lexp: 'lexp',
  token_seconds: 'tokenSeconds',
  lic_exp_warn_days: 'licExpWarnDays',
  tok_exp_warn_days: 'tokExpWarnDays',
  update_days: 'updateDays',
} as const satisfies Record<string, keyof IssuedLicenseEntity>;

/** Which terms differ between two states of a license; null where none does. */
export function changedTerms(before: IssuedLicenseEntity, now: IssuedLicenseEntity): ChangedTerms | null {
  const changed = Object.entries(TERMS).flatMap(([name, member]) =>
    isDeepStrictEqual(before[member], now[member])
      ? []
      : [[name, { before: before[member], now: now[member] }] as const],
  );
  return changed.length === 0 ? null : Object.fromEntries(changed);
}
