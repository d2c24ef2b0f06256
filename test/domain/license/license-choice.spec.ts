import fc from 'fast-check';
import {
  type Candidate,
  candidatesOfDatabase,
  judgeCandidate,
  momentFor,
  rankLicenses,
  traceCandidate,
} from '../../../src/domain/license/license-choice.js';
import { type LicenseClaims, readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { compareTokens, LicenseStatus } from '../../../src/domain/license/license.js';
import { candidatesOfLocal, sightingOf, SourceMemory } from '../../../src/domain/license/source-memory.js';
import { DAY, NOW, type Overrides, policy, validClaims } from '../../support/tokens.js';

const candidate = (
  source: Candidate['source'],
  overrides: Overrides = {},
  revokedAt?: number,
): Candidate => ({
  source,
  license: { claims: readLicenseClaims(validClaims(overrides)), fingerprint: source },
  revokedAt,
});

const order = (...candidates: Candidate[]) =>
  rankLicenses(candidates, policy, NOW).map(({ source }) => source);

describe('the licenses of several sources', () => {
  it('are none where there is none', () => {
    expect(rankLicenses([], policy, NOW)).toEqual([]);
  });

  it('count by the later iat, then by the later exp', () => {
    const old = { iat: NOW - 10 };
    expect(order(candidate('database', old), candidate('file', { iat: NOW - 9 }))).toEqual([
      'file',
      'database',
    ]);
    expect(order(candidate('file', { iat: NOW - 9 }), candidate('database', old))).toEqual([
      'file',
      'database',
    ]);
    const longer = { ...old, exp: NOW + 31 * DAY };
    expect(order(candidate('database', old), candidate('text', longer))).toEqual(['text', 'database']);
  });

  it('count in the order in which they are named where they are as fresh', () => {
    expect(order(candidate('database'), candidate('file'), candidate('text'))).toEqual([
      'database',
      'file',
      'text',
    ]);
  });

  it.each<[string, Overrides, number | undefined]>([
    ['has expired', { iat: NOW - 1, exp: NOW }, undefined],
    ['is past its lexp', { iat: NOW - 1, lexp: NOW }, undefined],
    ['is not active yet', { iat: NOW - 1, nbf: NOW + 11 }, undefined],
    ['was made in the future', { iat: NOW + 11 }, undefined],
    ['is for another instance', { iat: NOW - 1, sub: 'https://other.example.com/' }, undefined],
    ['is by another issuer', { iat: NOW - 1, iss: 'https://other.example.com' }, undefined],
    ['is for another product', { iat: NOW - 1, prod: ['other'] }, undefined],
    ['was revoked', { iat: NOW - 1 }, NOW - 1],
  ])('never give way to a fresher one that %s', (_, overrides, revokedAt) => {
    const [first, second] = rankLicenses(
      [candidate('file', overrides, revokedAt), candidate('database', { iat: NOW - DAY })],
      policy,
      NOW,
    );
    expect([first?.source, first?.verdict.status]).toEqual(['database', LicenseStatus.Valid]);
    expect(second?.verdict.status).not.toBe(LicenseStatus.Valid);
  });

  it('say of this instance why none is valid, before they say it of another', () => {
    const expired = candidate('database', { iat: NOW - 5, exp: NOW - 1 });
    const foreign = candidate('file', { sub: 'https://other.example.com/' });
    const untrusted = candidate('text', { iss: 'https://other.example.com' });
    const [first] = rankLicenses([foreign, untrusted, expired], policy, NOW);
    expect([first?.source, first?.verdict.code]).toEqual(['database', 'license.expired']);
  });

  it('give their place to one of the next term at the very moment at which that becomes valid', () => {
    const now = candidate('database', { iat: NOW - 5 });
    const next = candidate('file', { iat: NOW - 1, nbf: NOW + DAY });
    const at = (moment: number) => rankLicenses([now, next], policy, moment)[0]?.source;
    expect([at(NOW), at(NOW + DAY - 11), at(NOW + DAY - 10)]).toEqual(['database', 'database', 'file']);
  });

  it('are valid together exactly when one of them is valid by itself', () => {
    const claims = fc.record({
      iat: fc.integer({ min: NOW - 20, max: NOW + 20 }),
      exp: fc.integer({ min: NOW - 20, max: NOW + 20 }),
      lexp: fc.integer({ min: NOW - 20, max: NOW + 20 }),
    });
    fc.assert(
      fc.property(fc.array(claims, { maxLength: 6 }), (all) => {
        const candidates = all.map((overrides) => candidate('file', overrides));
        const ranked = rankLicenses(candidates, policy, NOW);
        const alone = candidates.flatMap((one) => rankLicenses([one], policy, NOW));
        const valid = alone.filter(({ verdict }) => verdict.status === LicenseStatus.Valid);
        expect(ranked).toHaveLength(candidates.length);
        expect(ranked[0]?.verdict.status === LicenseStatus.Valid).toBe(valid.length > 0);
        const freshest = valid.reduce<LicenseClaims | undefined>(
          (best, { license }) =>
            best === undefined || compareTokens(license.claims, best) > 0 ? license.claims : best,
          undefined,
        );
        if (freshest !== undefined) expect(ranked[0]?.license.claims).toEqual(freshest);
      }),
    );
  });
});

describe('the two licenses of the database', () => {
  const NEXT = NOW + DAY;
  const ofNextTerm = { lid: 'next', jti: 'next', nbf: NEXT, exp: NEXT + 30 * DAY, lexp: NEXT + 365 * DAY };
  const at = (
    moment: number,
    stored: Candidate | undefined,
    queued: Candidate | undefined,
    present = moment,
  ) => candidatesOfDatabase(stored, queued, policy, present, moment).map(({ source }) => source);
  const stored = candidate('database', { exp: NEXT + 2 * DAY });

  it('are the stored one alone until the very second of the nbf of the queued one, and then that alone', () => {
    const queued = candidate('queue', ofNextTerm);
    expect(at(NEXT - 1, stored, queued)).toEqual(['database']);
    expect(at(NEXT, stored, queued)).toEqual(['queue']);
    expect(at(NEXT - 1, undefined, queued)).toEqual([]);
    expect(at(NEXT, undefined, queued)).toEqual(['queue']);
    expect(at(NEXT, stored, undefined)).toEqual(['database']);
    expect(at(NEXT, undefined, undefined)).toEqual([]);
  });

  it('are the queued one alone even long after it has expired: it was put in the place of the other', () => {
    expect(at(NEXT + 9_999 * DAY, stored, candidate('queue', ofNextTerm))).toEqual(['queue']);
  });

  it('begin with the iat where the queued one has no nbf', () => {
    const queued = candidate('queue', { ...ofNextTerm, nbf: undefined, iat: NEXT });
    expect(at(NEXT - 1, stored, queued)).toEqual(['database']);
    expect(at(NEXT, stored, queued)).toEqual(['queue']);
  });

  it.each<[string, Overrides, number | undefined]>([
    ['expired before its term begins', { exp: NEXT }, undefined],
    ['ended before its term begins', { lexp: NEXT }, undefined],
    ['was revoked', {}, NOW],
    ['is for another instance', { sub: 'https://other.example.com/' }, undefined],
  ])('are the stored one alone where the queued one %s', (_, overrides, revokedAt) => {
    const queued = candidate('queue', { ...ofNextTerm, ...overrides }, revokedAt);
    expect(at(NEXT, stored, queued)).toEqual(['database']);
    expect(at(NEXT + DAY, stored, queued)).toEqual(['database']);
    expect(at(NEXT + DAY, undefined, queued)).toEqual([]);
  });

  it('are both where the stored token of the same license is newer: it was renewed meanwhile', () => {
    const same = { ...ofNextTerm, lid: 'same' };
    const renewed = candidate('database', { lid: 'same', iat: NOW, exp: NEXT + DAY });
    const older = candidate('queue', { ...same, iat: NOW - 1 });
    expect(at(NEXT, renewed, older)).toEqual(['database', 'queue']);
    expect(at(NEXT, renewed, candidate('queue', { ...same, iat: NOW + 1 }))).toEqual(['queue']);
    expect(at(NEXT, renewed, candidate('queue', { ...same, iat: NOW, exp: NEXT + DAY }))).toEqual(['queue']);
    expect(at(NEXT, renewed, candidate('queue', { ...ofNextTerm, iat: NOW - 1 }))).toEqual(['queue']);
    const ofAnother = { ...same, iat: NOW - 1, iss: 'https://other.example.com' };
    expect(at(NEXT, renewed, candidate('queue', ofAnother))).toEqual(['database']);
  });
});

describe('what the database holds, from second to second', () => {
  /** Who decides, and whether it is valid: what a caller sees. */
  const decided = (candidates: readonly Candidate[], moment: number) => {
    const [first] = rankLicenses(candidates, policy, moment);
    return [first?.license.claims.jti, first?.verdict.status];
  };

  it('is what was foretold at first, with a file beside it and with what takes over', () => {
    const terms = (jti: string) =>
      fc.record({
        jti: fc.constant(jti),
        lid: fc.constantFrom('one', 'two'),
        iat: fc.integer({ min: NOW - 9, max: NOW }),
        nbf: fc.integer({ min: NOW - 5, max: NOW + 20 }),
        exp: fc.integer({ min: NOW + 1, max: NOW + 40 }),
        lexp: fc.integer({ min: NOW + 1, max: NOW + 60 }),
      });
    const two = fc.option(fc.tuple(terms('stored'), terms('queued')), { nil: undefined, freq: 9 });
    let takeovers = 0;
    let besides = 0;
    fc.assert(
      fc.property(two, fc.array(terms('file'), { maxLength: 2 }), (both, files) => {
        let stored = both === undefined ? undefined : candidate('database', both[0]);
        let queued = both === undefined ? undefined : candidate('queue', both[1]);
        const memory = new SourceMemory<Candidate>();
        const said = files.map((claims, index) => candidate('file', { ...claims, jti: `file ${index}` }));
        const look = (since: number, moment: number) =>
          memory.look(said[0], (one, when) => {
            const span = { from: moment - (when === 'now' ? 0 : since), until: moment };
            return sightingOf(one, policy, { wall: span, earliest: span, isAnswered: false });
          });
        if (said[1] !== undefined) memory.look(said[1], () => 'sure');
        look(0, NOW);
        const [first, before] = [{ stored, queued }, memory.shown];
        for (let moment = NOW; moment < NOW + 45; moment += 1) {
          const foretold = [
            ...candidatesOfDatabase(first.stored, first.queued, policy, NOW, moment),
            ...candidatesOfLocal(before, policy, NOW, moment),
          ];
          const held = candidatesOfDatabase(stored, queued, policy, moment, moment);
          const present = [...held, ...candidatesOfLocal(memory.shown, policy, moment, moment)];
          const [told, met] = [decided(foretold, moment), decided(present, moment)].map((what) =>
            what.join(),
          );
          if (told !== met) throw new Error(`at ${moment - NOW}: ${told} was foretold, and ${met} came`);
          // What the look for the next term does, and the look at the file.
          if (held.length === 2) besides += 1;
          if (queued !== undefined && rankLicenses(held, policy, moment)[0]?.source === 'queue') {
            stored = { ...queued, source: 'database' };
            queued = undefined;
            takeovers += 1;
          }
          look(1, moment);
        }
      }),
      { numRuns: 300 },
    );
    // What is rare may be met a few times alone; without it the property would say nothing.
    expect(takeovers).toBeGreaterThan(0);
    expect(besides).toBeGreaterThan(0);
  });

  it('never is again what was replaced when it ended', () => {
    const renewed = candidate('database', { lid: 'same', iat: NOW, exp: NOW + 20 });
    const waiting = candidate('queue', { lid: 'same', iat: NOW - 1, nbf: NOW + 3, exp: NOW + 40 });
    const lids = (present: number, moment: number) =>
      candidatesOfDatabase(renewed, waiting, policy, present, moment).map(({ source }) => source);
    expect(lids(NOW, NOW + 2)).toEqual(['database']);
    expect(lids(NOW, NOW + 3)).toEqual(['database', 'queue']);
    expect(lids(NOW, NOW + 19)).toEqual(['database', 'queue']);
    expect(lids(NOW, NOW + 20)).toEqual(['queue']);
    expect(lids(NOW, NOW + 40)).toEqual(['queue']);
    expect(lids(NOW + 50, NOW + 50)).toEqual(['database', 'queue']);
    expect(lids(NOW + 50, NOW + 20)).toEqual(['database', 'queue']);
  });
});

describe('what waits', () => {
  it('is judged and traced without leeway for its nbf', () => {
    const waiting = { ...candidate('queue', { iat: NOW - 5, nbf: NOW + 9 }), leeway: 0 };
    const failed = (moment: number) =>
      traceCandidate(waiting, policy, moment).find(({ verdict }) => verdict === 'failed');
    expect(judgeCandidate(waiting, policy, NOW).code).toBe('license.not-active');
    expect(failed(NOW)).toMatchObject({ rule: 'nbf', value: NOW + 9, against: NOW });
    expect(failed(NOW + 8)).toMatchObject({ rule: 'nbf' });
    expect(failed(NOW + 9)).toBeUndefined();
    expect(judgeCandidate(waiting, policy, NOW + 9).status).toBe(LicenseStatus.Valid);
  });
});

describe('traceCandidate', () => {
  it('follows the verdict of the ranking, revocations included', () => {
    const claims = fc.record({
      iat: fc.integer({ min: NOW - 20, max: NOW + 20 }),
      exp: fc.integer({ min: NOW - 20, max: NOW + 20 }),
      lexp: fc.integer({ min: NOW - 20, max: NOW + 20 }),
    });
    const revokedAt = fc.option(fc.integer({ min: NOW - 20, max: NOW + 20 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.tuple(claims, revokedAt), { maxLength: 4 }), (all) => {
        const candidates = all.map(([overrides, at]) => candidate('file', overrides, at));
        for (const judged of rankLicenses(candidates, policy, NOW)) {
          const failed = traceCandidate(judged, policy, NOW).filter(({ verdict }) => verdict === 'failed');
          const isValid = judged.verdict.status === LicenseStatus.Valid;
          expect(failed.map(({ sentence }) => sentence)).toEqual(isValid ? [] : [judged.verdict.message]);
        }
      }),
    );
  });
});

describe('a license that was seen expired', () => {
  const seen = { ...candidate('database', { exp: NOW + 10, iat: NOW - 1 }), judgedFrom: NOW + 12 };

  it('is judged by that moment or a later one, never an earlier one', () => {
    expect(momentFor({}, NOW)).toBe(NOW);
    expect(momentFor({ judgedFrom: undefined }, NOW)).toBe(NOW);
    expect(momentFor({ judgedFrom: NOW + 12 }, NOW)).toBe(NOW + 12);
    expect(momentFor({ judgedFrom: NOW + 12 }, NOW + 13)).toBe(NOW + 13);
  });

  it('stays expired with the clock set back, and gives way to an older one that is valid', () => {
    const [first, second] = rankLicenses([seen, candidate('file', { iat: NOW - DAY })], policy, NOW);
    expect([first?.source, first?.verdict.status]).toEqual(['file', LicenseStatus.Valid]);
    expect([second?.source, second?.verdict.status]).toEqual(['database', LicenseStatus.Expired]);
  });
});
