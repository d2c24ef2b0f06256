import fc from 'fast-check';
import { compareTerms } from '../../../src/domain/license/license-changes.js';
import { type LicenseClaims, readLicenseClaims } from '../../../src/domain/license/license-claims.js';
import { NOW, type Overrides, validClaims } from '../../support/tokens.js';

/** Of every claim that a term is, none; so that each test says what there is. */
const BARE: Overrides = {
  included_users: undefined,
  company: undefined,
  account: undefined,
  slug: undefined,
  details_url: undefined,
  limit_by: undefined,
  lic_exp_warn_days: undefined,
  tok_exp_warn_days: undefined,
  update_days: undefined,
  nbf: undefined,
  included_admins: undefined,
  included_viewers: undefined,
  max_concurrent_user_sessions: undefined,
  anonymousRatio: undefined,
  usage_billing: undefined,
  trial: undefined,
  trial_exp: undefined,
};

const claims = (overrides: Overrides = {}): LicenseClaims =>
  readLicenseClaims(validClaims({ ...BARE, ...overrides }));

const changes = (before: Overrides, after: Overrides) => compareTerms(claims(before), claims(after));

describe('the terms in which two licenses differ', () => {
  it('are none for the same terms in another token', () => {
    expect(changes({}, {})).toEqual([]);
    expect(
      changes({}, { jti: 'other', iat: NOW - 1, iss: 'https://other.example', sub: 'https://x/' }),
    ).toEqual([]);
    expect(changes({ prod: ['a', 'b'] }, { prod: ['b', 'a', 'b'] })).toEqual([]);
  });

  it.each<[string, Overrides, Overrides, boolean]>([
    ['lid', { lid: '1' }, { lid: '2' }, false],
    ['company', { company: 'A' }, { company: 'B' }, false],
    ['account', {}, { account: 'B' }, false],
    ['slug', { slug: 'a' }, {}, false],
    ['details_url', {}, { details_url: 'https://a.example' }, false],
    ['prod', { prod: ['a'] }, { prod: ['a', 'b'] }, false],
    ['prod', { prod: ['a', 'b'] }, { prod: ['a'] }, true],
    ['prod', { prod: ['a'] }, { prod: ['b'] }, true],
    ['limit_by', {}, { limit_by: 'users' }, true],
    ['limit_by', { limit_by: 'users' }, { limit_by: 'sessions' }, true],
    ['limit_by', { limit_by: 'users' }, {}, false],
    ['limit_by', { limit_by: 'users' }, { limit_by: '' }, false],
    ['included_users', { included_users: 50 }, { included_users: 49 }, true],
    ['included_users', { included_users: 50 }, {}, false],
    ['included_users', { included_users: 50 }, { included_users: 0 }, false],
    ['included_users', {}, { included_users: 50 }, true],
    ['included_users', { included_users: 0 }, { included_users: 50 }, true],
    [
      'included_users',
      { included_users: 0, included_admins: 9 },
      { included_users: 50, included_admins: 9 },
      true,
    ],
    ['included_users', { included_users: 50, included_admins: 9 }, { included_admins: 9 }, true],
    ['included_users', { included_users: 0, included_admins: 9 }, { included_admins: 9 }, false],
    ['included_users', { included_users: 50 }, { included_users: 51 }, false],
    ['included_users', {}, { included_users: 0 }, false],
    ['included_admins', { included_admins: 2 }, { included_admins: 1 }, true],
    ['included_admins', {}, { included_admins: 1 }, true],
    ['included_admins', {}, { included_admins: 0 }, true],
    ['included_admins', { included_admins: 2 }, {}, false],
    ['included_admins', { included_admins: 2, included_viewers: 1 }, { included_viewers: 1 }, true],
    ['included_admins', { included_viewers: 1 }, { included_admins: 2, included_viewers: 1 }, false],
    ['included_admins', { included_viewers: 1 }, { included_admins: 0, included_viewers: 1 }, false],
    ['included_admins', { included_users: 5, included_admins: 2 }, { included_users: 5 }, false],
    ['included_admins', { included_users: 5 }, { included_users: 5, included_admins: 1 }, false],
    ['included_viewers', { included_viewers: 2 }, { included_viewers: 1 }, true],
    ['included_viewers', {}, { included_viewers: 1 }, true],
    ['included_viewers', { included_viewers: 2 }, {}, false],
    ['max_concurrent_user_sessions', {}, { max_concurrent_user_sessions: 9 }, true],
    [
      'max_concurrent_user_sessions',
      { max_concurrent_user_sessions: 9 },
      { max_concurrent_user_sessions: 8 },
      true,
    ],
    [
      'max_concurrent_user_sessions',
      { max_concurrent_user_sessions: 8 },
      { max_concurrent_user_sessions: 9 },
      false,
    ],
    [
      'max_concurrent_user_sessions',
      { max_concurrent_user_sessions: 8 },
      { max_concurrent_user_sessions: 0 },
      false,
    ],
    ['max_concurrent_user_sessions', { max_concurrent_user_sessions: 8 }, {}, false],
    ['max_concurrent_user_sessions', {}, { max_concurrent_user_sessions: 0 }, false],
    ['anonymousRatio', { anonymousRatio: 3 }, { anonymousRatio: 2 }, true],
    ['anonymousRatio', { anonymousRatio: 2 }, { anonymousRatio: 3 }, false],
    ['anonymousRatio', {}, { anonymousRatio: 3 }, true],
    ['anonymousRatio', { anonymousRatio: 0 }, { anonymousRatio: 3 }, true],
    ['anonymousRatio', { anonymousRatio: 3 }, { anonymousRatio: 0 }, false],
    ['anonymousRatio', { anonymousRatio: 3 }, {}, false],
    ['usage_billing', {}, { usage_billing: true }, false],
    ['usage_billing', { usage_billing: true }, {}, false],
    ['usage_billing', { usage_billing: true, included_users: 5 }, { included_users: 5 }, true],
    ['usage_billing', { usage_billing: true, included_viewers: 5 }, { included_viewers: 5 }, true],
    ['usage_billing', { included_users: 5 }, { usage_billing: true, included_users: 5 }, false],
    ['trial', {}, { trial: true }, true],
    ['trial', { trial: true }, { trial: false }, false],
    ['trial', { trial: true }, {}, false],
    ['trial_exp', { trial: true }, { trial: true, trial_exp: NOW }, true],
    ['trial_exp', { trial: true, trial_exp: NOW }, { trial: true, trial_exp: NOW - 1 }, true],
    ['trial_exp', { trial: true, trial_exp: NOW }, { trial: true, trial_exp: NOW + 1 }, false],
    ['trial_exp', { trial: true, trial_exp: NOW }, { trial: true }, false],
    ['trial_exp', { trial_exp: NOW }, { trial_exp: NOW - 1 }, false],
    ['trial_exp', { trial_exp: NOW }, {}, false],
    ['nbf', { nbf: 1 }, { nbf: 2 }, false],
    ['lexp', { lexp: NOW + 2 }, { lexp: NOW + 1 }, true],
    ['lexp', { lexp: NOW + 1 }, { lexp: NOW + 2 }, false],
    ['exp', { exp: NOW + 2 }, { exp: NOW + 1 }, true],
    ['exp', { exp: NOW + 1 }, { exp: NOW + 2 }, false],
    ['lic_exp_warn_days', {}, { lic_exp_warn_days: 1 }, false],
    ['tok_exp_warn_days', { tok_exp_warn_days: 2 }, { tok_exp_warn_days: 1 }, false],
    ['update_days', { update_days: 2 }, { update_days: 1 }, false],
  ])('name %s, from %j to %j, and whether that takes something away', (member, before, after, takesAway) => {
    const [change, ...others] = changes(before, after);
    expect(others).toEqual([]);
    expect(change).toEqual({
      member,
      before: before[member] ?? null,
      after: after[member] ?? null,
      takesAway,
    });
  });

  it('are listed in one order, seats and products before dates', () => {
    const all = changes(
      { company: 'A', prod: ['a'], included_users: 1, lexp: NOW + 1, exp: NOW + 1, lid: '1' },
      { company: 'B', prod: ['b'], included_users: 2, lexp: NOW + 2, exp: NOW + 2, lid: '2' },
    );
    expect(all.map(({ member }) => member)).toEqual([
      'lid',
      'company',
      'prod',
      'included_users',
      'lexp',
      'exp',
    ]);
  });

  it('never take something away both ways where they are numbers', () => {
    const seats = fc.record({
      included_users: fc.nat(9),
      anonymousRatio: fc.nat(9),
      max_concurrent_user_sessions: fc.nat(9),
      lexp: fc.integer({ min: NOW, max: NOW + 9 }),
    });
    fc.assert(
      fc.property(seats, seats, (one, other) => {
        const lost = (before: Overrides, after: Overrides) =>
          changes(before, after).flatMap(({ member, takesAway }) => (takesAway ? [member] : []));
        const [there, back] = [lost(one, other), lost(other, one)];
        expect(there.filter((member) => back.includes(member))).toEqual([]);
        // Each difference takes something away in one direction.
        expect(there.length + back.length).toBe(changes(one, other).length);
      }),
    );
  });

  it.each<[Overrides, Overrides, boolean]>([
    [{}, { seat_policy: {} }, false],
    [{ seat_policy: { mode: 'report' } }, {}, false],
    [{ seat_policy: { mode: 'report' }, included_users: 5 }, { included_users: 5 }, true],
    [
      { seat_policy: { mode: 'tolerance', tolerance_percent: 10 }, included_admins: 5 },
      { seat_policy: { mode: 'tolerance', tolerance_percent: 9 }, included_admins: 5 },
      true,
    ],
    [{ included_users: 5 }, { seat_policy: { mode: 'report' }, included_users: 5 }, false],
    [
      { seat_policy: { leave: 'free' }, included_users: 5 },
      { seat_policy: { leave: 'keep' }, included_users: 5 },
      true,
    ],
  ])('name the seat policy as a text, from %j to %j', (before, after, takesAway) => {
    const text = ({ seat_policy: value }: Overrides) => (value === undefined ? null : JSON.stringify(value));
    const expected = { member: 'seat_policy', before: text(before), after: text(after), takesAway };
    expect(changes(before, after)).toEqual([expected]);
  });

  it('say nothing of a seat policy with its members in another order', () => {
    const [a, b] = [
      { mode: 'report', leave: 'free' },
      { leave: 'free', mode: 'report' },
    ];
    expect(changes({ seat_policy: a }, { seat_policy: b })).toEqual([]);
  });
});
