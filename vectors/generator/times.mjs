import { accept, reject, signed } from './compose.mjs';
import { claims, DAY, MAIN, NOW } from './instance.mjs';

const AHEAD = [11, 12, 60, 3600, DAY, 365 * DAY];
const PAST = [0, 1, 9, 10, 11, 60, DAY, 1000 * DAY];

/** RFC 7519, sections 4.1.4 to 4.1.6: 10 s of leeway for beginnings, none for ends; and which rule comes first. */
export function times() {
  const ahead = ['nbf', 'iat'].flatMap((name) =>
    AHEAD.map((seconds) => [
      'license.not-active',
      `${name}-${seconds}-s-ahead`,
      `RFC 7519: "${name}" may lie at most 10 s ahead; here it is ${seconds}.`,
      { [name]: NOW + seconds },
    ]),
  );
  const past = ['exp', 'lexp'].flatMap((name) =>
    PAST.map((seconds) => [
      'license.expired',
      `${name}-${seconds}-s-ago`,
      `RFC 7519, 4.1.4: "${name}" lies ahead, without leeway; equal to now is passed.`,
      { [name]: NOW - seconds },
    ]),
  );
  const elsewhere = { sub: 'https://elsewhere.example.com/' };
  const cases = [
    ...ahead,
    ...past,
    ['license.not-active', 'nbf-latest', 'The latest moment there is.', { nbf: 253402300799 }],
    ['license.not-active', 'iat-latest', 'The latest moment there is.', { iat: 253402300799 }],
    ['license.expired', 'exp-earliest', 'The earliest moment there is.', { exp: 1 }],
    ['license.expired', 'lexp-earliest', 'The earliest moment there is.', { lexp: 1 }],
    [
      'license.untrusted',
      'order-iss-before-sub',
      '"iss" is looked at before "sub".',
      { iss: 'x', ...elsewhere },
    ],
    ['license.untrusted', 'order-iss-before-exp', '"iss" is looked at before "exp".', { iss: 'x', exp: 1 }],
    [
      'license.subject-mismatch',
      'order-sub-before-nbf',
      '"sub" is looked at before "nbf".',
      { ...elsewhere, nbf: NOW + 60 },
    ],
    [
      'license.subject-mismatch',
      'order-sub-before-exp',
      '"sub" is looked at before "exp".',
      { ...elsewhere, exp: 1 },
    ],
    [
      'license.subject-mismatch',
      'order-sub-before-prod',
      '"sub" is looked at before "prod".',
      { ...elsewhere, prod: [] },
    ],
    [
      'license.not-active',
      'order-nbf-before-lexp',
      '"nbf" is looked at before "lexp".',
      { nbf: NOW + 60, lexp: 1 },
    ],
    [
      'license.not-active',
      'order-iat-before-exp',
      '"iat" is looked at before "exp".',
      { iat: NOW + 60, exp: 1 },
    ],
    [
      'license.not-active',
      'order-nbf-before-prod',
      '"nbf" is looked at before "prod".',
      { nbf: NOW + 60, prod: [] },
    ],
    ['license.expired', 'order-exp-before-prod', '"exp" is looked at before "prod".', { exp: 1, prod: [] }],
    ['license.invalid', 'order-type-before-iss', 'Types come before "iss".', { iss: 'x', trial: 1 }],
    ['license.invalid', 'order-type-before-exp', 'Types come before "exp".', { exp: 1, company: 1 }],
  ];
  const good = [
    ['nbf-10-s-ahead', { nbf: NOW + 10 }],
    ['iat-10-s-ahead', { iat: NOW + 10 }],
    ['nbf-now', { nbf: NOW }],
    ['iat-now', { iat: NOW }],
    ['exp-1-s-ahead', { exp: NOW + 1 }],
    ['lexp-1-s-ahead', { lexp: NOW + 1 }],
    ['lexp-before-exp', { lexp: NOW + 5, exp: NOW + 50 }],
    ['exp-before-iat', { iat: NOW + 5, exp: NOW + 1 }],
    ['trial-over', { trial: true, trial_exp: 1 }],
  ];
  return MAIN.flatMap((alg) => [
    ...cases.map(([code, name, comment, changes]) =>
      reject(code, alg, name, comment, signed(alg, { payload: claims(changes) })),
    ),
    ...good.map(([name, changes]) =>
      accept(
        alg,
        name,
        `The moment at its bound: ${name.replaceAll('-', ' ')}.`,
        signed(alg, { payload: claims(changes) }),
      ),
    ),
    reject(
      'license.expired',
      alg,
      'later-now',
      'A good token, looked at after its "exp".',
      signed(alg),
      NOW + 30 * DAY,
    ),
    reject(
      'license.not-active',
      alg,
      'earlier-now',
      'A good token, looked at before its "iat".',
      signed(alg),
      NOW - 2 * DAY,
    ),
    accept(alg, 'last-second', 'The second before "exp".', signed(alg), { now: NOW + 30 * DAY - 1 }),
  ]);
}
