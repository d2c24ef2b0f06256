import { reject, signed } from './compose.mjs';
import { CLAIMS, claims, MAIN, withRaw } from './instance.mjs';

const REQUIRED = ['iss', 'sub', 'jti', 'lid', 'iat', 'exp', 'lexp', 'prod'];
export const TIMES = ['iat', 'exp', 'lexp', 'nbf', 'trial_exp'];
export const COUNTS = [
  'included_users',
  'included_admins',
  'included_viewers',
  'lic_exp_warn_days',
  'tok_exp_warn_days',
  'update_days',
  'max_concurrent_user_sessions',
  'anonymousRatio',
];
export const IDENTIFIERS = ['iss', 'sub', 'jti', 'lid'];
export const TEXTS = ['company', 'account', 'slug', 'details_url', 'limit_by'];
export const BOOLEANS = ['usage_billing', 'trial'];

const long = (length, letter = 'x') => JSON.stringify(letter.repeat(length));
const NOT_NUMBERS = [
  ['null', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['text', '"1800000000"'],
  ['text-5', '"5"'],
  ['empty-text', '""'],
  ['array', '[]'],
  ['array-of-one', '[5]'],
  ['object', '{}'],
  ['date', '"2027-01-15T08:00:00Z"'],
];
const FRACTIONS = [
  ['half', '1.5'],
  ['fraction', '1800000000.5'],
  ['tenth', '0.1'],
  ['small-exponent', '15e-1'],
  ['tiny', '5e-324'],
  ['minus-half', '-0.5'],
];
const TEXT_FAULTS = [
  ['null', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['number', '5'],
  ['zero', '0'],
  ['array', '[]'],
  ['array-of-one', '["x"]'],
  ['object', '{}'],
  ['nul', '"a\\u0000b"'],
  ['high-surrogate', '"\\ud800"'],
  ['low-surrogate', '"\\udc00"'],
  ['surrogates-swapped', '"\\udc00\\ud800"'],
  ['surrogate-at-end', '"x\\udbff"'],
  ['1025-bytes', long(1025)],
  ['1026-bytes-of-two', long(513, '\u00e9')],
  ['1026-bytes-of-three', long(342, '\u20ac')],
  ['1028-bytes-of-four', long(257, '\u{1f511}')],
];

const FAULTS = {
  time: [
    ...NOT_NUMBERS,
    ...FRACTIONS,
    ['zero', '0'],
    ['minus-zero', '-0'],
    ['minus-one', '-1'],
    ['beyond-9999', '253402300800'],
    ['milliseconds', '1800000000000'],
    ['1e300', '1e300'],
    ['1e400', '1e400'],
    ['beyond-safe', '9007199254740993'],
    ['two-to-the-64', '18446744073709551616'],
  ],
  count: [
    ...NOT_NUMBERS,
    ...FRACTIONS,
    ['minus-one', '-1'],
    ['two-to-the-31', '2147483648'],
    ['two-to-the-32', '4294967296'],
    ['minus-two-to-the-31', '-2147483648'],
    ['1e300', '1e300'],
    ['1e400', '1e400'],
    ['beyond-safe', '9007199254740993'],
    ['two-to-the-64', '18446744073709551616'],
  ],
  text: TEXT_FAULTS,
  identifier: [...TEXT_FAULTS, ['empty', '""']],
  boolean: [
    ['null', 'null'],
    ['zero', '0'],
    ['one', '1'],
    ['text-true', '"true"'],
    ['text-false', '"false"'],
    ['empty-text', '""'],
    ['array', '[]'],
    ['array-of-true', '[true]'],
    ['object', '{}'],
  ],
  prod: [
    ['null', 'null'],
    ['text', '"grafana-enterprise"'],
    ['comma-text', '"grafana-enterprise,other"'],
    ['number', '1'],
    ['true', 'true'],
    ['object', '{"0":"grafana-enterprise"}'],
    ['object-name', '{"grafana-enterprise":true}'],
    ['with-number', '["grafana-enterprise",1]'],
    ['with-null', '["grafana-enterprise",null]'],
    ['with-array', '["grafana-enterprise",["x"]]'],
    ['nested', '[["grafana-enterprise"]]'],
    ['with-object', '["grafana-enterprise",{}]'],
    ['with-true', '["grafana-enterprise",true]'],
    ['with-nul', '["grafana-enterprise","\\u0000"]'],
    ['with-surrogate', '["grafana-enterprise","\\ud800"]'],
    ['with-1025-bytes', `["grafana-enterprise",${long(1025)}]`],
  ],
};

/** Every claim, in every way that its type does not have: docs/tokens.md section 2, after RFC 7519, section 4. */
export function claimTypes() {
  const kinds = [
    [TIMES, 'time'],
    [COUNTS, 'count'],
    [IDENTIFIERS, 'identifier'],
    [TEXTS, 'text'],
    [BOOLEANS, 'boolean'],
    [['prod'], 'prod'],
  ];
  const cases = [];
  for (const name of REQUIRED)
    cases.push([
      `${name}-missing`,
      `The required claim "${name}" is missing.`,
      JSON.stringify(claims({ [name]: undefined })),
    ]);
  for (const name of REQUIRED)
    cases.push([
      `${name}-in-upper-case`,
      `RFC 7519, 10.1.1: claim names are case-sensitive; "${name}" is missing.`,
      JSON.stringify(claims({ [name]: undefined, [name.toUpperCase()]: CLAIMS[name] })),
    ]);
  cases.push(['all-missing', 'No claims at all.', '{}']);
  cases.push(['wrapped', 'The claims are one level too deep.', JSON.stringify({ license: CLAIMS })]);
  for (const [names, kind] of kinds) {
    for (const name of names) {
      for (const [fault, literal] of FAULTS[kind]) {
        cases.push([
          `${name}-${fault}`,
          `"${name}" is no ${kind === 'prod' ? 'array of strings' : `${kind} as the rules have it`}: ${literal.length > 40 ? fault : literal}.`,
          withRaw(CLAIMS, name, literal),
        ]);
      }
    }
  }
  return MAIN.flatMap((alg) =>
    cases.map(([name, comment, payload]) =>
      reject('license.invalid', alg, name, comment, signed(alg, { payload })),
    ),
  );
}
