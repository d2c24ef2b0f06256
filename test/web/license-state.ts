import type { Api } from '#client';
import type { LicenseState } from '../../web/src/license-state.js';

/** The moment of these states, Unix seconds: 2026-11-25 22:50:09 UTC. */
export const NOW = 1_795_647_009;
export const DAY = 86_400;

const USED: Api.SourceStanding = {
  source: 'database',
  state: 'used',
  code: null,
  reason: null,
  lid: 'L-1',
  jti: 'T-1',
};

const VALID = {
  answer: true,
  status: 1 as const,
  code: null,
  reason: 'The license is valid.',
  decidedBy: { source: 'database' as const, lid: 'L-1', jti: 'T-1' },
  warnings: [] as Api.LicenseWarnings,
  renewalDue: false,
  sources: [USED],
};

const EXPIRED = {
  ...VALID,
  answer: false,
  status: 5 as const,
  code: 'license.expired',
  reason: 'The license token has expired: its "exp" has passed.',
  renewalDue: true,
  sources: [{ ...USED, state: 'invalid' as const, code: 'license.expired' }],
};

/** A token of seven days within a term of a year: due tomorrow, warned of two days before its end. */
export const TIMELINE: Api.Timeline = {
  ...VALID,
  at: NOW,
  transitions: [
    { ...VALID, at: NOW + DAY, changes: ['renewalDue'], renewalDue: true },
    {
      ...VALID,
      at: NOW + 5 * DAY,
      changes: ['warnings'],
      renewalDue: true,
      warnings: ['token-ends-soon'],
    },
    {
      ...EXPIRED,
      at: NOW + 7 * DAY,
      changes: ['answer', 'status', 'code', 'reason', 'warnings', 'sources'],
    },
    {
      ...EXPIRED,
      at: NOW + 365 * DAY,
      changes: ['reason', 'sources'],
      reason: 'The license has expired: its "lexp" has passed.',
    },
  ],
};

function rule(name: Api.ExplainedRule['rule'], verdict: Api.ExplainedRule['verdict']): Api.ExplainedRule {
  return { rule: name, verdict, sentence: `The rule of ${name}.`, value: null, against: null };
}

const RULES: readonly Api.ExplainedRule['rule'][] = [
  ...(['signature', 'iss', 'sub', 'nbf', 'iat', 'lexp', 'exp', 'revocation', 'prod'] as const),
];

export const SOURCE: Api.ExplainedSource = {
  ...USED,
  iss: 'http://localhost:3001',
  sub: 'http://localhost:3000/',
  kid: 'k-1',
  alg: 'ES256',
  iat: NOW,
  exp: NOW + 7 * DAY,
  nbf: NOW,
  lexp: NOW + 365 * DAY,
  revokedAt: null,
  rules: RULES.map((name) => rule(name, 'passed')),
};

export const ABSENT: Api.ExplainedSource = {
  source: 'text',
  state: 'absent',
  ...{ code: null, reason: null, lid: null, jti: null, iss: null, sub: null, kid: null, alg: null },
  ...{ iat: null, exp: null, nbf: null, lexp: null, revokedAt: null },
  rules: [],
};

export const EXPLANATION: Api.Explanation = {
  ...VALID,
  at: NOW,
  sources: [SOURCE, ABSENT],
  nextChange: { ...EXPIRED, at: NOW + 7 * DAY },
};

export const RENEWAL: Api.Renewal = {
  automatic: true,
  underWay: false,
  lastAttempt: null,
  lastSuccess: null,
  outcome: null,
  cause: null,
  message: null,
  failures: 0,
  due: NOW + DAY,
  nextAttempt: NOW + DAY - 3_600,
  notBefore: null,
  tokenSecondsLeft: 7 * DAY,
  licenseSecondsLeft: 365 * DAY,
};

export const TOKEN: Api.Token = {
  status: 1,
  jti: 'T-1',
  iss: 'http://localhost:3001',
  sub: 'http://localhost:3000/',
  iat: NOW,
  exp: NOW + 7 * DAY,
  nbf: NOW,
  lexp: NOW + 365 * DAY,
  lid: 'L-1',
  limit_by: 'users',
  included_users: 50,
  lic_exp_warn_days: 30,
  tok_exp_warn_days: 2,
  update_days: 1,
  prod: ['grafana-enterprise'],
  company: 'Example',
  account: '',
  slug: '',
  details_url: '',
  usage_billing: false,
  max_concurrent_user_sessions: 0,
  trial: false,
  trial_exp: 0,
  anonymousRatio: 0,
};

/** A valid license that renews by itself. */
export const LICENSED: LicenseState = {
  explanation: EXPLANATION,
  timeline: TIMELINE,
  token: TOKEN,
  renewal: RENEWAL,
  attempts: [],
};

const NONE = {
  ...VALID,
  answer: false,
  status: 4 as const,
  code: 'license.not-found',
  reason: 'There is no license.',
  decidedBy: null,
};

/** A service that holds no license. */
export const UNLICENSED: LicenseState = {
  explanation: { ...NONE, at: NOW, sources: [{ ...ABSENT, source: 'database' }, ABSENT], nextChange: null },
  timeline: { ...NONE, at: NOW, sources: [], transitions: [] },
  token: { ...TOKEN, status: 4, lid: '', exp: 0, lexp: 0 },
  renewal: { ...RENEWAL, due: null, nextAttempt: null, tokenSecondsLeft: null, licenseSecondsLeft: null },
  attempts: [],
};
