import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseTerms } from '../licenses/license-terms.js';

/** The terms by the names that requests have for them. */
const MEMBERS = {
  sub: 'sub',
  lid: 'lid',
  company: 'company',
  prod: 'products',
  included_users: 'includedUsers',
  included_admins: 'includedAdmins',
  included_viewers: 'includedViewers',
  anonymousRatio: 'anonymousRatio',
  max_concurrent_user_sessions: 'maxSessions',
  usage_billing: 'usageBilling',
  seat_policy: 'seatPolicy',
  nbf: 'starts',
  lexp: 'expires',
  license_seconds: 'licenseSeconds',
  token_seconds: 'tokenSeconds',
  lic_exp_warn_days: 'licenseWarnDays',
  tok_exp_warn_days: 'tokenWarnDays',
  update_days: 'updateDays',
} as const satisfies Record<string, keyof LicenseTerms | keyof LicenseChange>;

/** The terms of a request. */
export function termsOfMembers<T extends LicenseTerms | LicenseChange>(request: object): T {
  const values = request as Readonly<Record<string, unknown>>;
  const said = Object.entries(MEMBERS).filter(([member]) => values[member] !== undefined);
  return Object.fromEntries(said.map(([member, term]) => [term, values[member]])) as unknown as T;
}

/** The request that has these terms: the reverse of {@link termsOfMembers}. */
export function membersOfTerms(terms: LicenseTerms | LicenseChange): Record<string, unknown> {
  const values = terms as Readonly<Record<string, unknown>>;
  const said = Object.entries(MEMBERS).filter(([, term]) => values[term] !== undefined);
  return Object.fromEntries(said.map(([member, term]) => [member, values[term]]));
}
