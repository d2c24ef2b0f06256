import {
  decideToken,
  isPresentToken,
  minAge,
  type NewestToken,
  statementIat,
  type TokenRequest,
} from '../../../src/issuer-server/licenses/next-token.js';

const NOW = 1_800_000_000;
const DAY = 86_400;
const WEEK = 7 * DAY;

const newest = (age: number, more: Partial<NewestToken> = {}): NewestToken => {
  const iat = NOW - age;
  return { token: 'newest', iat, exp: iat + WEEK, isCurrent: true, isFirst: false, ...more };
};

/** A request by who shows a token of an hour ago, when the newest token has some age. */
const request = (age: number, more: Partial<TokenRequest> = {}): TokenRequest => ({
  now: NOW,
  lastIat: NOW - age,
  lexp: NOW + 365 * DAY,
  shownIat: NOW - 3_600,
  newest: newest(age),
  ...more,
});

describe('a renewal', () => {
  it.each<[string, TokenRequest, ReturnType<typeof decideToken>]>([
    ['after a minute is given a new token', request(60), { kind: 'new', iat: NOW }],
    [
      'with an old token is given the newest one of this minute',
      request(59),
      { kind: 'newest', token: 'newest' },
    ],
    [
      'with the newest token of this minute is told that there is none',
      request(59, { shownIat: NOW - 59 }),
      { kind: 'not-due' },
    ],
    [
      'with the newest token of the minute before is given a new one',
      request(60, { shownIat: NOW - 60 }),
      { kind: 'new', iat: NOW },
    ],
    [
      'is given a new token at once where the terms changed',
      request(1, { newest: newest(1, { isCurrent: false }) }),
      { kind: 'new', iat: NOW },
    ],
    [
      'is given a new token at once where the newest one came with the license',
      request(1, { newest: newest(1, { isFirst: true }) }),
      { kind: 'new', iat: NOW },
    ],
    [
      'is given a new token where the newest one is not known',
      request(1, { newest: undefined }),
      { kind: 'new', iat: NOW },
    ],
    [
      'in the same second is given the next one',
      request(0, { newest: undefined }),
      { kind: 'new', iat: NOW + 1 },
    ],
    ['is given none that lies ahead', request(-5, { newest: undefined }), { kind: 'not-due' }],
    ['is not given the newest token where that lies ahead', request(-DAY), { kind: 'not-due' }],
    [
      'is given the newest token, be it of former terms, where there can be no new one',
      request(-5, { newest: newest(-5, { isCurrent: false }) }),
      { kind: 'newest', token: 'newest' },
    ],
    [
      'is not given the newest token when that has expired',
      request(59, { newest: newest(59, { exp: NOW }) }),
      { kind: 'new', iat: NOW },
    ],
    [
      'with a token that the database does not know of is given a newer one',
      request(1_000, { shownIat: NOW, newest: undefined }),
      { kind: 'new', iat: NOW + 1 },
    ],
    ['is given none that would be none', request(60, { lexp: NOW, shownIat: NOW - 60 }), { kind: 'not-due' }],
  ])('%s', (_, asked, decision) => {
    expect(decideToken(asked)).toEqual(decision);
  });
});

describe('the smallest age of a token', () => {
  it.each([
    ['a minute', { iat: NOW, exp: NOW + WEEK }, 60],
    ['half of the time until the renewal is due, for a short one', { iat: NOW, exp: NOW + 60 }, 20],
    [
      'the same where the warning time makes it due',
      { iat: NOW, exp: NOW + 2 * DAY + 10, tok_exp_warn_days: 2 },
      5,
    ],
  ])('is %s', (_, terms, age) => {
    expect(minAge(terms)).toBe(age);
  });
});

describe('the statement of a revocation', () => {
  it.each([
    ['has the time of the revocation', { revokedAt: NOW - 60, aheadIat: null }, NOW - 60],
    ['may lie some seconds ahead', { revokedAt: NOW + 5, aheadIat: null }, NOW + 5],
    ['lies no further ahead', { revokedAt: NOW + 365 * DAY, aheadIat: null }, NOW],
    ['does not cover a token yet that lies ahead', { revokedAt: NOW - 60, aheadIat: NOW + DAY }, NOW],
    ['covers that token once it can be taken', { revokedAt: NOW - 2 * DAY, aheadIat: NOW - DAY }, NOW - DAY],
  ])('%s', (_, license, iat) => {
    expect(statementIat(license, NOW)).toBe(iat);
  });
});

describe('a token that an instance can still have', () => {
  const HOUR = 3_600;
  const ISSUED = { iat: NOW, exp: NOW + WEEK };
  it.each<[string, number, number, boolean]>([
    ['is the newest one, however old', NOW, NOW + 365 * DAY, true],
    ['is newer than what the database knows after a restore', NOW - DAY, NOW + 365 * DAY, true],
    ['is a former one whose renewal was due less than an hour ago', NOW + 1, NOW + DAY + HOUR - 1, true],
    ['is none whose renewal was due an hour ago', NOW + 1, NOW + DAY + HOUR, false],
  ])('%s', (_, lastIat, now, is) => {
    expect(isPresentToken(ISSUED, lastIat, now)).toBe(is);
  });

  it('is no former one that has expired', () => {
    const short = { iat: NOW, exp: NOW + 600 };
    expect([599, 600].map((age) => isPresentToken(short, NOW + 1, NOW + age))).toEqual([true, false]);
  });
});
