import { IssuedLicenseEntity } from '../../../src/issuer-server/licenses/issued-license.entity.js';
import { isAhead, repairIat } from '../../../src/issuer-server/licenses/iat-repair.js';

const NOW = 1_790_000_000;
const PAST = { lastIat: NOW - 9, revokedAt: null, nbf: NOW - 9, createdAt: new Date((NOW - 9) * 1000) };
const beginning = (at: number) => ({ nbf: at, createdAt: new Date(at * 1000) });

describe('A license that a clock has touched which was ahead', () => {
  it.each<[string, Partial<IssuedLicenseEntity>, boolean]>([
    ['nothing ahead', {}, false],
    // Two issuers on one database, whose clocks its server confirms, may differ so much.
    ['a token 24 s ahead', { lastIat: NOW + 24 }, false],
    ['a token 25 s ahead', { lastIat: NOW + 25 }, true],
    ['a revocation 24 s ahead', { revokedAt: NOW + 24 }, false],
    ['a revocation 25 s ahead', { revokedAt: NOW + 25 }, true],
    ['a begin 24 s ahead', beginning(NOW + 24), false],
    ['a begin 25 s ahead', beginning(NOW + 25), true],
    ['a begin a day ahead that was named', { nbf: NOW + 86_400 }, false],
  ])('with %s is judged, and repaired where it needs it', (_, members, expected) => {
    const license = Object.assign(new IssuedLicenseEntity(), PAST, members);
    expect(isAhead(license, NOW)).toBe(expected);
    expect(repairIat(license, NOW)).toBe(expected);
    expect(isAhead(license, NOW)).toBe(false);
  });
});
