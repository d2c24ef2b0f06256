import { IssuerServerError } from '../../../src/issuer-server/issuer-server-error.js';
import { type LicenseChange, withChange } from '../../../src/issuer-server/licenses/license-change.js';
import { newLicense } from '../../../src/issuer-server/licenses/new-license.js';

const DAY = 86_400;
const NOW = 1_800_000_000;
const begun = newLicense(
  { sub: 'https://a/', lid: 'demo', company: 'A', products: ['p'], includedUsers: 50 },
  NOW - DAY,
  new Date((NOW - DAY) * 1000),
);
const ahead = { ...begun, nbf: NOW + 10 * DAY, lexp: NOW + 20 * DAY };

describe('A license with other terms', () => {
  it.each<[string, typeof begun, LicenseChange, Partial<typeof begun>]>([
    ['nothing', begun, {}, {}],
    ['seats', begun, { includedUsers: 10 }, { includedUsers: 10 }],
    ['no seats', begun, { includedUsers: null }, { includedUsers: null }],
    ['products', begun, { products: ['p', 'q'] }, { prod: ['p', 'q'] }],
    ['company', begun, { company: 'B' }, { company: 'B' }],
    ['no company', begun, { company: null }, { company: null }],
    ['an earlier end', begun, { expires: NOW + 1 }, { lexp: NOW + 1 }],
    ['a length', begun, { licenseSeconds: 30 * DAY }, { lexp: begun.nbf + 30 * DAY }],
    ['an earlier beginning', begun, { starts: NOW - 9 * DAY }, { nbf: NOW - 9 * DAY }],
    ['another beginning before it began', ahead, { starts: NOW + 5 * DAY }, { nbf: NOW + 5 * DAY }],
    [
      'beginning and length',
      ahead,
      { starts: NOW + 5 * DAY, licenseSeconds: DAY },
      { nbf: NOW + 5 * DAY, lexp: NOW + 6 * DAY },
    ],
    ['longer tokens', begun, { tokenSeconds: 30 * DAY }, { tokenSeconds: 30 * DAY, tokExpWarnDays: 2 }],
    ['shorter tokens', begun, { tokenSeconds: 2 * DAY }, { tokenSeconds: 2 * DAY, tokExpWarnDays: 1 }],
    [
      'tokens and their warning',
      begun,
      { tokenSeconds: 2 * DAY, tokenWarnDays: 0 },
      { tokenSeconds: 2 * DAY, tokExpWarnDays: 0 },
    ],
    [
      'warning and renewal',
      begun,
      { licenseWarnDays: 9, updateDays: 3 },
      { licExpWarnDays: 9, updateDays: 3 },
    ],
    [
      'terms while it is suspended',
      { ...begun, status: 'suspended' },
      { includedUsers: 1 },
      { includedUsers: 1 },
    ],
  ])('has what is to change, and all else as before: %s', (_, license, change, expected) => {
    expect(withChange(license, change, NOW)).toEqual({ ...license, ...expected });
  });

  it.each<[string, typeof begun, LicenseChange, RegExp]>([
    ['it is revoked', { ...begun, status: 'revoked' }, { includedUsers: 1 }, /is revoked: "resume"/],
    ['it has begun and would begin later', begun, { starts: NOW + 1 }, /has begun: no instance would take/],
    ['it would have ended', begun, { expires: NOW }, /would have ended by now/],
    ['its length would have ended it', begun, { licenseSeconds: DAY }, /would have ended by now/],
    ['it would end before it begins', ahead, { expires: NOW + 10 * DAY }, /would end before it begins/],
  ])('is refused where %s', (_, license, change, words) => {
    expect(() => withChange(license, change, NOW)).toThrow(IssuerServerError);
    expect(() => withChange(license, change, NOW)).toThrow(words);
  });
});
