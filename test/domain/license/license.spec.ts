import fc from 'fast-check';
import type { LicenseClaims, LicenseCopy } from '../../../src/domain/license/license-claims.js';
import {
  compareTokens,
  decideInstall,
  decideQueue,
  decideRenewal,
  dequeuedBy,
  isOlder,
  firstMoment,
  judge,
  judgeForQueue,
  LicenseStatus,
  traceRules,
  untraceableRules,
  type Verdict,
} from '../../../src/domain/license/license.js';
import { ISSUER, NOW, type Overrides, policy, PRODUCT, ROOT_URL, validClaims } from '../../support/tokens.js';

const { Valid, Invalid, Expired, InvalidSubject } = LicenseStatus;

function claimsWith(overrides: Overrides = {}): LicenseClaims {
  return validClaims(overrides) as unknown as LicenseClaims;
}

function judgeWith(overrides: Overrides, now = NOW, revokedAt?: number): Verdict {
  return judge(claimsWith(overrides), policy, now, revokedAt);
}

describe('judgeForQueue', () => {
  const later = { nbf: NOW + 100 };

  it.each<[string, Overrides, Verdict['code'], string]>([
    ['nothing but its nbf', later, undefined, 'valid'],
    ['nothing at all', {}, undefined, 'valid'],
    ['its exp too', { ...later, exp: NOW - 1 }, 'license.expired', '"exp"'],
    ['its exp by the time of its nbf', { ...later, exp: NOW + 100 }, 'license.expired', '"exp"'],
    ['its lexp by the time of its nbf', { ...later, lexp: NOW + 100 }, 'license.expired', '"lexp"'],
    ['its product too', { ...later, prod: ['other'] }, 'license.invalid', '"prod"'],
    ['its iat too', { ...later, iat: NOW + 60 }, 'license.not-active', '"iat"'],
  ])('names what is wrong with one that lacks %s', (_, overrides, code, words) => {
    const verdict = judgeForQueue(claimsWith(overrides), policy, NOW);
    expect(verdict.code).toBe(code);
    expect(verdict.message).toContain(words);
  });

  it('knows of a revocation', () => {
    expect(judgeForQueue(claimsWith({ ...later, iat: NOW - 9 }), policy, NOW, NOW - 8).code).toBe(
      'license.invalid',
    );
  });
});

describe('judge', () => {
  it('finds a sound license valid', () => {
    expect(judgeWith({})).toEqual({ status: Valid, message: 'The license is valid.' });
    expect(judgeWith({ nbf: undefined }).status).toBe(Valid);
  });

  it.each<[string, number, string | undefined, Overrides]>([
    ['another issuer', Invalid, 'license.untrusted', { iss: 'https://other.example' }],
    ['the issuer with a slash', Invalid, 'license.untrusted', { iss: `${ISSUER}/` }],
    ['a part of the issuer', Invalid, 'license.untrusted', { iss: ISSUER.slice(0, -1) }],
    ['the issuer in upper case', Invalid, 'license.untrusted', { iss: ISSUER.toUpperCase() }],
    ['another root URL', InvalidSubject, 'license.subject-mismatch', { sub: 'https://other.example/' }],
    ['a longer root URL', InvalidSubject, 'license.subject-mismatch', { sub: `${ROOT_URL}more` }],
    [
      'a shorter root URL',
      InvalidSubject,
      'license.subject-mismatch',
      { sub: 'https://licentia.example.com/' },
    ],
    ['two slashes at its end', InvalidSubject, 'license.subject-mismatch', { sub: `${ROOT_URL}/` }],
    ['a query', InvalidSubject, 'license.subject-mismatch', { sub: `${ROOT_URL}?` }],
    ['a wildcard', InvalidSubject, 'license.subject-mismatch', { sub: '*' }],
    ['a subject that is no URL', InvalidSubject, 'license.subject-mismatch', { sub: 'licentia.example.com' }],
    ['the root URL without its slash', Valid, undefined, { sub: ROOT_URL.slice(0, -1) }],
    [
      'the root URL with port and capitals',
      Valid,
      undefined,
      { sub: 'HTTPS://LICENTIA.example.com:443/app' },
    ],
    ['an nbf of now', Valid, undefined, { nbf: NOW }],
    ['an nbf 10 s ahead', Valid, undefined, { nbf: NOW + 10 }],
    ['an nbf 11 s ahead', Invalid, 'license.not-active', { nbf: NOW + 11 }],
    ['an iat of now', Valid, undefined, { iat: NOW }],
    ['an iat 10 s ahead', Valid, undefined, { iat: NOW + 10 }],
    ['an iat 11 s ahead', Invalid, 'license.not-active', { iat: NOW + 11 }],
    ['a lexp 1 s ahead', Valid, undefined, { lexp: NOW + 1 }],
    ['a lexp of now', Expired, 'license.expired', { lexp: NOW }],
    ['a lexp 1 s ago', Expired, 'license.expired', { lexp: NOW - 1 }],
    ['an exp 1 s ahead', Valid, undefined, { exp: NOW + 1 }],
    ['an exp of now', Expired, 'license.expired', { exp: NOW }],
    ['an exp 1 s ago', Expired, 'license.expired', { exp: NOW - 1 }],
    ['no product', Invalid, 'license.invalid', { prod: [] }],
    ['another product', Invalid, 'license.invalid', { prod: ['other'] }],
    ['a longer product', Invalid, 'license.invalid', { prod: [`${PRODUCT}-trial`, ''] }],
    ['the product in upper case', Invalid, 'license.invalid', { prod: [PRODUCT.toUpperCase()] }],
    ['the product among others', Valid, undefined, { prod: ['other', PRODUCT] }],
    ['a trial that is over', Valid, undefined, { trial: true, trial_exp: 1 }],
  ])('judges a license with %s by status %d', (_, status, code, overrides) => {
    const verdict = judgeWith(overrides);
    expect([verdict.status, verdict.code]).toEqual([status, code]);
  });

  it('names the first rule that fails, in their order', () => {
    const faults: [Overrides, string][] = [
      [{ iss: 'https://other.example' }, 'issuer'],
      [{ sub: 'https://other.example/' }, 'sub'],
      [{ nbf: NOW + 11 }, 'nbf'],
      [{ iat: NOW + 11 }, 'iat'],
      [{ lexp: NOW }, 'lexp'],
      [{ exp: NOW }, '"exp"'],
    ];
    for (const [index, [, word]] of faults.entries()) {
      const overrides = Object.assign(
        { prod: ['other'] },
        ...faults.slice(index).map(([fault]) => fault),
      ) as Overrides;
      expect(judgeWith(overrides, NOW, NOW * 2).message).toContain(word);
    }
    expect(judgeWith({ prod: ['other'] }, NOW, NOW).message).toContain('revoked');
    expect(judgeWith({ prod: ['other'] }).message).toContain('prod');
  });

  it('finds a license revoked unless its token is newer than the statement', () => {
    const { iat } = claimsWith();
    expect(judgeWith({}, NOW, iat - 1).status).toBe(Valid);
    expect(judgeWith({}, NOW, iat)).toMatchObject({ status: Invalid, code: 'license.invalid' });
    expect(judgeWith({}, NOW, iat + 1).status).toBe(Invalid);
  });

  it('finds nothing valid at a moment that is no number, or when the revocation’s is none', () => {
    expect(judgeWith({}, NaN).status).not.toBe(Valid);
    expect(judgeWith({ nbf: undefined }, NaN).status).not.toBe(Valid);
    expect(judgeWith({}, Infinity).status).toBe(Expired);
    expect(judgeWith({}, NOW, NaN).status).toBe(Invalid);
  });

  it('needs one of the configured products, and finds none where none is configured', () => {
    const products = ['other', PRODUCT];
    expect(judge(claimsWith(), { ...policy, products }, NOW).status).toBe(Valid);
    expect(judge(claimsWith(), { ...policy, products: [] }, NOW).status).toBe(Invalid);
    expect(judge(claimsWith({ prod: [''] }), { ...policy, products: [] }, NOW).status).toBe(Invalid);
  });

  it('goes from not active over valid to expired as time passes, and never back', () => {
    const time = fc.integer({ min: 1, max: 1000 });
    const stages = ['license.not-active', undefined, 'license.expired'];
    fc.assert(
      fc.property(time, time, time, time, time, time, (nbf, iat, exp, lexp, one, two) => {
        const stageAt = (now: number): number => stages.indexOf(judgeWith({ nbf, iat, exp, lexp }, now).code);
        const [early, late] = [Math.min(one, two), Math.max(one, two)];
        expect(stageAt(early)).toBeGreaterThanOrEqual(0);
        expect(stageAt(early)).toBeLessThanOrEqual(stageAt(late));
        expect(stageAt(early) === 1).toBe(Math.max(nbf, iat) <= early + 10 && early < Math.min(exp, lexp));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds no license valid because it was revoked', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (revokedAt, now) => {
        if (judgeWith({}, now, revokedAt).status === Valid) expect(judgeWith({}, now).status).toBe(Valid);
      }),
    );
  });
});

/** Every rule in its order: what it says of a sound license, and what breaks it. */
const RULES: [rule: string, passed: string, breaks: Overrides][] = [
  ['iss', 'The license is by the configured issuer.', { iss: 'https://other.example' }],
  ['sub', 'The license is for this instance: its "sub" is the root URL.', { sub: 'https://other.example/' }],
  ['nbf', 'The license is active: no "nbf" lies ahead.', { nbf: NOW + 11 }],
  ['iat', 'The license token is active: its "iat" does not lie ahead.', { iat: NOW + 11 }],
  ['lexp', 'The license lasts: its "lexp" lies ahead.', { lexp: NOW }],
  ['exp', 'The license token lasts: its "exp" lies ahead.', { exp: NOW }],
  ['revocation', 'No revocation of the license is as new as its "iat".', {}],
  ['prod', 'The license is for this product: its "prod" names it.', { prod: ['other'] }],
];

const MESSAGES: Readonly<Record<string, string>> = {
  iss: 'The license is by another issuer: its "iss" is not the configured one.',
  sub: 'The license is for another instance: its "sub" is not the root URL.',
  nbf: 'The license is not active yet: its "nbf" lies ahead.',
  iat: 'The license token is not active yet: its "iat" lies ahead.',
  lexp: 'The license has expired: its "lexp" has passed.',
  exp: 'The license token has expired: its "exp" has passed.',
  revocation: 'The license was revoked by its issuer.',
  prod: 'The license is for another product: its "prod" names none of this one.',
};

describe('traceRules', () => {
  const trace = (overrides: Overrides, now = NOW, revokedAt?: number) =>
    traceRules(claimsWith(overrides), policy, now, revokedAt);

  it('says of a sound license that it passed every rule, in their order', () => {
    expect(trace({}).map(({ rule, verdict, sentence }) => [rule, verdict, sentence])).toEqual(
      RULES.map(([rule, passed]) => [rule, 'passed', passed]),
    );
  });

  it.each(RULES)(
    'says that %s failed, what passed before it, and that nothing behind it was looked at',
    (name, _passed, breaks) => {
      const place = RULES.findIndex(([rule]) => rule === name);
      // Everything behind it is broken as well, and must not be looked at.
      const broken = Object.assign(
        {},
        ...RULES.slice(place + 1).map(([, , other]) => other),
        breaks,
      ) as Overrides;
      const rules = trace(broken, NOW, name === 'prod' ? undefined : NOW + 11);
      expect(rules).toHaveLength(RULES.length);
      for (const [at, { rule, verdict, sentence, ...compared }] of rules.entries()) {
        const [expected, passed] = RULES[at] ?? [];
        expect(rule).toBe(expected);
        if (at < place) expect([verdict, sentence]).toEqual(['passed', passed]);
        else if (at === place) expect([verdict, sentence]).toEqual(['failed', MESSAGES[name]]);
        else {
          expect([verdict, sentence]).toEqual([
            'not-reached',
            'Not looked at: a rule before it did not pass.',
          ]);
          expect(compared).toEqual({});
        }
      }
    },
  );

  it('shows what was compared with what', () => {
    const claims = claimsWith({ sub: ROOT_URL.slice(0, -1) });
    const compared = traceRules(claims, policy, NOW, 5).map(({ rule, value, against }) => [
      rule,
      value,
      against,
    ]);
    expect(compared).toEqual([
      ['iss', ISSUER, ISSUER],
      ['sub', ROOT_URL.slice(0, -1), ROOT_URL],
      ['nbf', claims.nbf, NOW + 10],
      ['iat', claims.iat, NOW + 10],
      ['lexp', claims.lexp, NOW],
      ['exp', claims.exp, NOW],
      ['revocation', claims.iat, 5],
      ['prod', [PRODUCT], [PRODUCT]],
    ]);
    const [, , nbf, , , , revocation] = trace({ nbf: undefined });
    expect([nbf?.value, nbf?.against]).toEqual([undefined, NOW + 10]);
    expect([revocation?.value, revocation?.against]).toEqual([claims.iat, undefined]);
  });

  it('agrees with the verdict: valid exactly when every rule passed, else with the sentence of the one that failed', () => {
    const near = fc.integer({ min: NOW - 30, max: NOW + 30 });
    const start = fc.integer({ min: NOW - 50, max: NOW + 20 });
    const end = fc.integer({ min: NOW - 20, max: NOW + 80 });
    const claims = fc.record({
      iss: fc.constantFrom(ISSUER, ISSUER, ISSUER, 'https://other.example'),
      sub: fc.constantFrom(ROOT_URL, ROOT_URL, ROOT_URL, 'https://other.example/'),
      prod: fc.constantFrom<string[]>([PRODUCT], [PRODUCT, 'other'], [PRODUCT], ['other']),
      nbf: fc.option(start, { nil: undefined }),
      iat: start,
      exp: end,
      lexp: end,
    });
    let valid = 0;
    fc.assert(
      fc.property(claims, near, fc.option(near, { nil: undefined }), (overrides, now, revokedAt) => {
        const verdict = judgeWith(overrides, now, revokedAt);
        const rules = trace(overrides, now, revokedAt);
        const failed = rules.filter((rule) => rule.verdict === 'failed');
        if (verdict.status === Valid) valid += 1;
        expect(rules.every((rule) => rule.verdict === 'passed')).toBe(verdict.status === Valid);
        expect(failed.map(({ sentence }) => sentence)).toEqual(
          verdict.status === Valid ? [] : [verdict.message],
        );
        // What is behind the failed rule, and nothing else, was not looked at.
        const place = rules.findIndex((rule) => rule.verdict === 'failed');
        const unseen = rules.filter((rule) => rule.verdict === 'not-reached');
        expect(unseen).toEqual(place === -1 ? [] : rules.slice(place + 1));
      }),
      { numRuns: 3000 },
    );
    expect(valid).toBeGreaterThan(50);
  });

  it('has nothing to say of what has no claims', () => {
    expect(untraceableRules()).toEqual(
      RULES.map(([rule]) => ({
        rule,
        verdict: 'not-reached',
        sentence: 'Not looked at: a rule before it did not pass.',
      })),
    );
  });
});

describe('firstMoment', () => {
  it('is the first second at which a license can be valid', () => {
    const time = fc.integer({ min: NOW - 100, max: NOW + 100 });
    fc.assert(
      fc.property(time, fc.option(time, { nil: undefined }), (iat, nbf) => {
        const overrides = { iat, nbf };
        const first = firstMoment(claimsWith(overrides));
        expect(judgeWith(overrides, first).status).toBe(Valid);
        expect(judgeWith(overrides, first - 1).status).toBe(Invalid);
      }),
    );
    expect(firstMoment(claimsWith({ iat: 20, nbf: 30 }))).toBe(20);
    expect(firstMoment(claimsWith({ iat: 30, nbf: 20 }))).toBe(20);
    expect(firstMoment(claimsWith({ iat: 25, nbf: undefined }))).toBe(15);
  });
});

describe('isOlder', () => {
  it('compares iat, then exp', () => {
    const at = (iat: number, exp: number): LicenseClaims => claimsWith({ iat, exp });
    expect(isOlder(at(1, 9), at(2, 3))).toBe(true);
    expect(isOlder(at(2, 3), at(1, 9))).toBe(false);
    expect(isOlder(at(1, 3), at(1, 4))).toBe(true);
    expect(isOlder(at(1, 4), at(1, 4))).toBe(false);
    expect(compareTokens(at(1, 4), at(1, 4))).toBe(0);
    expect([at(2, 1), at(1, 2), at(1, 1)].sort(compareTokens).map(({ iat, exp }) => [iat, exp])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });
});

const stored = copy({ jti: '1', iat: 100, exp: 200 });

function copy(overrides: Overrides, fingerprint?: string): LicenseCopy {
  const claims = claimsWith({ jti: '1', iat: 100, exp: 200, ...overrides });
  return { claims, fingerprint: fingerprint ?? JSON.stringify(claims) };
}

describe('decideInstall', () => {
  it.each<[string, LicenseCopy | undefined, LicenseCopy, string, string]>([
    ['the first license', undefined, copy({}), 'replace', 'replace'],
    ['the same claims', stored, copy({}), 'unchanged', 'unchanged'],
    ['the same jti with other claims', stored, copy({ company: 'Other' }), 'stale', 'stale'],
    ['the same jti with newer claims', stored, copy({ iat: 101 }), 'stale', 'stale'],
    ['the same jti with another unknown claim', stored, copy({}, 'other'), 'stale', 'stale'],
    ['a newer token', stored, copy({ jti: '2', iat: 101 }), 'replace', 'replace'],
    ['a token of the same moment', stored, copy({ jti: '2' }), 'replace', 'replace'],
    ['a token of the same iat that ends later', stored, copy({ jti: '2', exp: 201 }), 'replace', 'replace'],
    ['a token of the same iat that ends earlier', stored, copy({ jti: '2', exp: 199 }), 'stale', 'replace'],
    ['an older token', stored, copy({ jti: '0', iat: 99, exp: 300 }), 'stale', 'replace'],
    ['an older token of another license', stored, copy({ lid: '2', iat: 99 }), 'replace', 'replace'],
    ['another license of the same jti', stored, copy({ lid: '2' }), 'replace', 'replace'],
    ['another issuer’s', stored, copy({ iss: 'https://other.example', iat: 99 }), 'replace', 'replace'],
  ])('decides on %s', (_, before, candidate, besideValid, besideInvalid) => {
    expect(decideInstall(before, candidate, true)).toBe(besideValid);
    expect(decideInstall(before, candidate, false)).toBe(besideInvalid);
  });
});

describe('decideRenewal', () => {
  it.each<[string, LicenseCopy, string]>([
    ['the stored token', copy({}), 'unchanged'],
    ['a newer token', copy({ jti: '2', iat: 101 }), 'replace'],
    ['a token of the same iat that ends later', copy({ jti: '2', exp: 201 }), 'replace'],
    ['a token of the same moment', copy({ jti: '2' }), 'replace'],
    ['an older token', copy({ jti: '0', iat: 99, exp: 300 }), 'unusable'],
    ['a token of the same iat that ends earlier', copy({ jti: '2', exp: 199 }), 'unusable'],
    ['the same jti with other claims', copy({ included_users: 51 }), 'unusable'],
    ['the same jti with newer claims', copy({ iat: 101 }), 'unusable'],
    ['another license', copy({ lid: '2', jti: '2', iat: 101 }), 'unusable'],
    ['another issuer’s', copy({ iss: 'https://other.example', jti: '2', iat: 101 }), 'unusable'],
    ['one for another root URL', copy({ sub: 'https://other.example/', jti: '2', iat: 101 }), 'unusable'],
    ['one for no root URL', copy({ sub: 'other', jti: '2', iat: 101 }), 'unusable'],
    [
      'one for the same root URL in another spelling',
      copy({ sub: ROOT_URL.slice(0, -1), jti: '2' }),
      'replace',
    ],
  ])('decides on %s', (_, candidate, expected) => {
    expect(decideRenewal(stored, candidate)).toBe(expected);
  });

  it('compares subjects that are no URLs as they are', () => {
    const odd = copy({ sub: 'odd' });
    expect(decideRenewal(odd, copy({ sub: 'odd', jti: '2' }))).toBe('replace');
    expect(decideRenewal(odd, copy({ sub: 'even', jti: '2' }))).toBe('unusable');
    expect(decideRenewal(odd, copy({ jti: '2' }))).toBe('unusable');
  });
});

describe('decideQueue', () => {
  const copy = (overrides: Overrides, fingerprint = 'a'): LicenseCopy => ({
    claims: claimsWith(overrides),
    fingerprint,
  });
  const next = copy({ jti: 'next', iat: NOW }, 'next');

  it('takes a license of the next term where nothing stands against it', () => {
    expect(decideQueue(undefined, undefined, next, false)).toBe('replace');
    expect(decideQueue(copy({ jti: 'now', iat: NOW - 1 }), undefined, next, true)).toBe('replace');
    expect(decideQueue(copy({ lid: 'other', iat: NOW + 1 }), undefined, next, true)).toBe('replace');
  });

  it('knows the one that waits already, and the stored one', () => {
    expect(decideQueue(undefined, next, next, false)).toBe('unchanged');
    expect(decideQueue(next, undefined, next, false)).toBe('unchanged');
    expect(decideQueue(undefined, copy({ jti: 'next', iat: NOW }, 'other'), next, false)).toBe('stale');
  });

  it('keeps what is newer, of the stored one as long as that is valid', () => {
    const newer = copy({ jti: 'newer', iat: NOW + 1 });
    expect(decideQueue(newer, undefined, next, true)).toBe('stale');
    expect(decideQueue(newer, undefined, next, false)).toBe('replace');
    expect(decideQueue(undefined, newer, next, false)).toBe('stale');
    expect(decideQueue(undefined, copy({ jti: 'older', iat: NOW - 1 }), next, false)).toBe('replace');
  });
});

describe('dequeuedBy', () => {
  const copy = (overrides: Overrides, fingerprint: string): LicenseCopy => ({
    claims: claimsWith(overrides),
    fingerprint,
  });
  const waiting = copy({ lid: 'one', jti: 'waiting', iat: NOW, exp: NOW + 100 }, 'waiting');

  it.each<[string, Overrides, string, string | undefined, string | undefined]>([
    ['the waiting license itself', { jti: 'waiting' }, 'waiting', 'installed', 'installed'],
    ['its id with other claims', { jti: 'waiting', company: 'Other' }, 'other', undefined, 'passed-by'],
    ['a newer token of it', { jti: 'newer', iat: NOW + 1 }, 'newer', undefined, undefined],
    ['one of it that lasts longer', { jti: 'longer', exp: NOW + 101 }, 'longer', undefined, undefined],
    ['one of it that is as new', { jti: 'same' }, 'same', undefined, 'passed-by'],
    ['an older token of it', { jti: 'older', iat: NOW - 1 }, 'older', undefined, 'passed-by'],
    ['a newer token of another license', { lid: 'two', iat: NOW + 1 }, 'two', undefined, 'passed-by'],
    ['one of another issuer', { iss: 'https://b.example', iat: NOW + 1 }, 'iss', undefined, 'passed-by'],
  ])('says what %s does before and in its term', (_, overrides, fingerprint, before, after) => {
    const stored = copy({ lid: 'one', jti: 'stored', iat: NOW, exp: NOW + 100, ...overrides }, fingerprint);
    expect([false, true].map((hasBegun) => dequeuedBy(waiting, stored, hasBegun))).toEqual([before, after]);
    expect(dequeuedBy(undefined, stored, true)).toBeUndefined();
  });
});
