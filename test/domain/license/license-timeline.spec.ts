import fc from 'fast-check';
import { type LicenseClaims, readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { type Candidate, LICENSE_SOURCES, rankLicenses } from '../../../src/domain/license/license-choice.js';
import {
  LICENSE_WARNINGS,
  transitions,
  turningPoints,
  warningsAt,
} from '../../../src/domain/license/license-timeline.js';
import { judge, LicenseStatus } from '../../../src/domain/license/license.js';
import { renewalDueAt } from '../../../src/domain/license/renewal-policy.js';
import { DAY, NOW, type Overrides, policy, validClaims } from '../../support/tokens.js';

const claimsWith = (overrides: Overrides = {}): LicenseClaims => readLicenseClaims(validClaims(overrides));

describe('warnings', () => {
  const terms = {
    exp: NOW + 10 * DAY,
    lexp: NOW + 100 * DAY,
    tok_exp_warn_days: 2,
    lic_exp_warn_days: 30,
  };
  const claims = claimsWith(terms);
  const token = 'token-ends-soon';
  const license = 'license-ends-soon';

  it('are of the token and of the license', () => {
    expect(LICENSE_WARNINGS).toEqual([token, license]);
  });

  it.each([
    [NOW, []],
    [NOW + 8 * DAY - 1, []],
    [NOW + 8 * DAY, [token]],
    [NOW + 10 * DAY - 1, [token]],
    [NOW + 10 * DAY, []],
    [NOW + 70 * DAY - 1, []],
    [NOW + 70 * DAY, [license]],
    [NOW + 100 * DAY - 1, [license]],
    [NOW + 100 * DAY, []],
  ])('are given within their windows, to the second (%d)', (moment, expected) => {
    expect(warningsAt(claims, moment)).toEqual(expected);
  });

  it('are given together where the windows overlap, the token’s first', () => {
    expect(
      warningsAt(claimsWith({ ...terms, lexp: terms.exp, lic_exp_warn_days: 2 }), NOW + 9 * DAY),
    ).toEqual([token, license]);
  });

  it('are never given without the claims, nor for zero days', () => {
    for (const days of [undefined, 0]) {
      const silent = claimsWith({ ...terms, tok_exp_warn_days: days, lic_exp_warn_days: days });
      for (const moment of [terms.exp - 1, terms.exp, terms.lexp - 1, terms.lexp]) {
        expect(warningsAt(silent, moment)).toEqual([]);
      }
    }
  });
});

describe('the turning points of a license', () => {
  it('are its starts with leeway and without, its warnings, its renewal and its ends', () => {
    const claims = claimsWith({
      iat: NOW,
      nbf: NOW + DAY,
      exp: NOW + 10 * DAY,
      lexp: NOW + 100 * DAY,
      tok_exp_warn_days: 2,
      lic_exp_warn_days: 30,
      update_days: 5,
    });
    const sorted = turningPoints(claims).sort((a, b) => a - b);
    expect(sorted).toEqual([
      NOW - 10,
      NOW,
      NOW + DAY - 10,
      NOW + DAY,
      NOW + 5 * DAY,
      NOW + 8 * DAY,
      NOW + 10 * DAY,
      NOW + 70 * DAY,
      NOW + 100 * DAY,
    ]);
  });

  it('are those of iat where there is no nbf', () => {
    const points = turningPoints(claimsWith({ iat: 1000, nbf: undefined }));
    expect(points).toContain(1000);
    expect(points).toContain(990);
    expect(points.every((point) => Number.isInteger(point))).toBe(true);
  });
});

/** What the service says of a moment, in few words; it depends on time and on the candidates alone. */
function stateOf(candidates: readonly Candidate[], moment: number) {
  const ranked = rankLicenses(candidates, policy, moment);
  const [first] = ranked;
  const isValid = first?.verdict.status === LicenseStatus.Valid;
  return {
    answer: isValid,
    status: first?.verdict.status ?? LicenseStatus.NotFound,
    reason: first?.verdict.message,
    decidedBy: first?.license.claims.jti,
    warnings: first !== undefined && isValid ? warningsAt(first.license.claims, moment) : [],
    renewalDue: first !== undefined && renewalDueAt(first.license.claims) <= moment,
    sources: ranked.map(({ license, verdict }) => [license.claims.jti, verdict.code]),
  };
}

const candidate = (overrides: Overrides, revokedAt?: number): Candidate => ({
  source: 'database',
  license: { claims: claimsWith(overrides), fingerprint: '' },
  revokedAt,
});

const follow = (from: number, candidates: readonly Candidate[]) => [
  ...transitions(
    from,
    candidates.map(({ license }) => license.claims),
    (moment) => stateOf(candidates, moment),
  ),
];

describe('the transitions', () => {
  it('are none where there is no license, and of one that will never be valid', () => {
    expect(follow(NOW, [])).toEqual([]);
    const foreign = candidate({ sub: 'https://other.example/', update_days: 0 });
    expect(follow(NOW, [foreign])).toEqual([]);
  });

  it('of one license come to the second, with what changes and how it is from then on', () => {
    const license = candidate({
      iat: NOW + 20,
      nbf: NOW + 100,
      exp: NOW + 10 * DAY,
      lexp: NOW + 10 * DAY + 60,
      tok_exp_warn_days: 2,
      lic_exp_warn_days: 1,
      update_days: 5,
    });
    const told = follow(NOW, [license]).map(({ at, changes, state }) => [
      at - NOW,
      changes.join(),
      state.answer,
      state.status,
      state.warnings.join(),
    ]);
    expect(told).toEqual([
      [90, 'answer,status,reason,sources', true, 1, ''],
      [5 * DAY + 20, 'renewalDue', true, 1, ''],
      [8 * DAY, 'warnings', true, 1, 'token-ends-soon'],
      [9 * DAY + 60, 'warnings', true, 1, 'token-ends-soon,license-ends-soon'],
      [10 * DAY, 'answer,status,reason,warnings,sources', false, 5, ''],
      [10 * DAY + 60, 'reason', false, 5, ''],
    ]);
  });

  it('tell of another license that takes over, although the answer stays', () => {
    const ending = (end: number) => ({ exp: end, lexp: end, tok_exp_warn_days: 0, lic_exp_warn_days: 0 });
    const present = candidate({ jti: 'present', iat: NOW, update_days: 9, ...ending(NOW + 50) });
    const next = candidate({ jti: 'next', iat: NOW - 1, update_days: 9, ...ending(NOW + 90) });
    const told = follow(NOW + 40, [present, next]).map(({ at, changes, state }) => [
      at - NOW,
      changes.join(),
      state.decidedBy,
      state.answer,
    ]);
    expect(told).toEqual([
      [50, 'decidedBy,renewalDue,sources', 'next', true],
      [59, 'renewalDue', 'next', true],
      [90, 'answer,status,reason,decidedBy,sources', 'present', false],
    ]);
  });

  it('begin after the moment that is asked about, not at it', () => {
    const license = candidate({ exp: NOW + 100, tok_exp_warn_days: 0 });
    const ends = (from: number) =>
      follow(from, [license]).filter(({ changes }) => changes.includes('answer'));
    expect(ends(NOW + 99).map(({ at }) => at)).toEqual([NOW + 100]);
    expect(ends(NOW + 100)).toEqual([]);
  });

  it('do not look further than they are asked', () => {
    let looks = 0;
    const license = claimsWith({ exp: NOW + 100 });
    const all = transitions(NOW, [license], (moment) => {
      looks += 1;
      return { isValid: judge(license, policy, moment).status === LicenseStatus.Valid };
    });
    expect(all.next().value).toMatchObject({
      at: NOW + 100,
      changes: ['isValid'],
      state: { isValid: false },
    });
    expect(looks).toBeLessThan(turningPoints(license).length);
  });

  it('are every second at which something differs from the second before, and no other', () => {
    const near = fc.integer({ min: NOW - 60, max: NOW + 60 });
    const days = fc.constantFrom(undefined, 0, 1, 2);
    // Ends a day or two later, so that windows of whole days open and close among the other moments.
    const end = fc.oneof(
      near,
      near.map((moment) => moment + DAY),
      near.map((moment) => moment + 2 * DAY),
    );
    const claims = fc.record({
      nbf: fc.option(near, { nil: undefined }),
      iat: near,
      exp: end,
      lexp: end,
      tok_exp_warn_days: days,
      lic_exp_warn_days: days,
      update_days: days,
      sub: fc.constantFrom(...Array<string>(6).fill(policy.rootUrl.canonical), 'https://other.example/'),
    });
    const all = fc.array(
      fc.tuple(claims, fc.option(near, { nil: undefined }), fc.constantFrom(...LICENSE_SOURCES)),
      {
        maxLength: 5,
      },
    );
    let count = 0;
    fc.assert(
      fc.property(all, near, (held, from) => {
        const candidates = held.map(([overrides, revokedAt, source], index): Candidate => ({
          ...candidate({ ...overrides, jti: String(index) }, revokedAt),
          source,
        }));
        const told = follow(from, candidates);
        const stateAt = (moment: number) => JSON.stringify(stateOf(candidates, moment));
        for (const { at, changes, state } of told) {
          const before = stateOf(candidates, at - 1);
          expect(JSON.stringify(state)).toBe(stateAt(at));
          expect(changes).not.toEqual([]);
          for (const name of Object.keys(before) as (keyof typeof before)[]) {
            const isDifferent = JSON.stringify(before[name]) !== JSON.stringify(state[name]);
            expect([name, changes.includes(name)]).toEqual([name, isDifferent]);
          }
        }
        const moments = told.map(({ at }) => at);
        expect(moments).toEqual([...new Set(moments)].sort((a, b) => a - b));
        // Every second of the busy times, and nothing in between.
        const known = new Set(moments);
        for (const start of [from + 1, NOW + DAY - 80, NOW + 2 * DAY - 80]) {
          for (let moment = Math.max(start, from + 1); moment < start + 160; moment += 1) {
            if (known.has(moment)) continue;
            if (stateAt(moment) !== stateAt(moment - 1))
              throw new Error(`nothing is told of ${moment - NOW}`);
          }
        }
        for (const [index, at] of moments.entries()) {
          const last = (moments[index + 1] ?? at + 1000 * DAY) - 1;
          expect(stateAt(last)).toBe(stateAt(at));
        }
        count += moments.length;
      }),
      { numRuns: 150 },
    );
    expect(count).toBeGreaterThan(300);
  });
});
