import fc from 'fast-check';
import type { LicenseClaims } from '../../../src/domain/license/license-claims.js';
import {
  countSeats,
  percentOf,
  type SubjectGroup,
  totalLimit,
} from '../../../src/domain/usage/seat-count.js';
import { termsOf } from '../../../src/domain/usage/seat-terms.js';
import { SUBJECT_ROLES } from '../../../src/domain/usage/subject.js';
import { activeUntil, startOf } from '../../../src/domain/usage/usage-window.js';

const TODAY = 20_000;
const NOW = startOf(TODAY) + 4_000;

const terms = (claims: Partial<LicenseClaims> = {}) => termsOf({ lid: '1', ...claims } as LicenseClaims);
const group = (role: SubjectGroup['role'], lastDay: number, subjects: number) => ({
  role,
  lastDay,
  subjects,
});

describe('the seats in use', () => {
  it('are the active users of each role, and what active devices take', () => {
    const groups = [
      ...[group('admin', TODAY, 1), group('editor', TODAY - 29, 2), group('viewer', TODAY - 1, 3)],
      ...[group('viewer', TODAY - 30, 100), group('device', TODAY, 4), group('device', TODAY - 30, 100)],
    ];
    expect(countSeats(groups, terms({ anonymousRatio: 3, included_users: 10 }), NOW)).toEqual({
      byRole: { admin: 1, editor: 2, viewer: 3 },
      users: 6,
      devices: 4,
      deviceSeats: 2,
      used: 8,
      pools: [{ name: 'all', used: 8, limit: 10 }],
    });
  });

  it.each([
    [0, 7, 0],
    [1, 7, 7],
    [3, 6, 2],
    [3, 7, 3],
    [100, 1, 1],
    [100, 0, 0],
  ])('with a ratio of %i and %i devices are %i', (anonymousRatio, devices, seats) => {
    expect(countSeats([group('device', TODAY, devices)], terms({ anonymousRatio }), NOW).used).toBe(seats);
  });

  it.each<[string, Partial<LicenseClaims>, unknown]>([
    ['any number', {}, [{ name: 'all', used: 7, limit: undefined }]],
    ['any number', { included_users: 0 }, [{ name: 'all', used: 7, limit: undefined }]],
    [
      'one limit for all roles',
      { included_users: 5, included_admins: 1 },
      [{ name: 'all', used: 7, limit: 5 }],
    ],
    [
      'two limits, with devices among the viewers',
      { included_admins: 5, included_viewers: 10 },
      [
        { name: 'admins_and_editors', used: 3, limit: 5 },
        { name: 'viewers', used: 4, limit: 10 },
      ],
    ],
    [
      'no seats for the role that is not named',
      { included_users: 0, included_admins: 5 },
      [
        { name: 'admins_and_editors', used: 3, limit: 5 },
        { name: 'viewers', used: 4, limit: 0 },
      ],
    ],
  ])('have %s', (_, claims, pools) => {
    const groups = [
      ...[group('admin', TODAY, 1), group('editor', TODAY, 2), group('viewer', TODAY, 3)],
      group('device', TODAY, 2),
    ];
    expect(countSeats(groups, terms({ anonymousRatio: 2, ...claims }), NOW).pools).toEqual(pools);
  });

  it('have a total limit only where each has one', () => {
    expect(totalLimit({ pools: [] })).toBe(0);
    expect(totalLimit(countSeats([], terms(), NOW))).toBeUndefined();
    expect(totalLimit(countSeats([], terms({ included_users: 5 }), NOW))).toBe(5);
    expect(totalLimit(countSeats([], terms({ included_admins: 5, included_viewers: 2 }), NOW))).toBe(7);
  });

  it('are full by whole per cents', () => {
    expect([percentOf(0, 3), percentOf(2, 3), percentOf(3, 3), percentOf(4, 3), percentOf(0, 0)]).toEqual([
      ...[0, 66, 100, 133, 100],
    ]);
  });

  it('are as many as there are subjects whose time is not up, however they are grouped', () => {
    const subject = fc.record({
      role: fc.constantFrom(...SUBJECT_ROLES),
      lastDay: fc.integer({ min: TODAY - 70, max: TODAY + 2 }),
    });
    const anyTerms = fc.record({
      anonymousRatio: fc.integer({ min: 0, max: 4 }),
      seat_policy: fc.record({ window: fc.constantFrom('rolling-30d', 'calendar-month') }),
    });
    fc.assert(
      fc.property(
        fc.array(subject),
        anyTerms,
        fc.integer({ min: 0, max: 20 * 86_400 }),
        (all, claims, later) => {
          const moment = NOW + later;
          const own = terms(claims);
          const active = all.filter(({ lastDay }) => activeUntil(own.policy.window, lastDay) > moment);
          const users = active.filter(({ role }) => role !== 'device').length;
          const devices = active.length - users;
          const seats = claims.anonymousRatio === 0 ? 0 : Math.ceil(devices / claims.anonymousRatio);
          const single = countSeats(
            all.map((one) => ({ ...one, subjects: 1 })),
            own,
            moment,
          );
          expect([single.users, single.devices, single.used]).toEqual([users, devices, users + seats]);
          const grouped = new Map<string, SubjectGroup>();
          for (const { role, lastDay } of all) {
            const key = `${role} ${lastDay}`;
            grouped.set(key, { role, lastDay, subjects: (grouped.get(key)?.subjects ?? 0) + 1 });
          }
          expect(countSeats(grouped.values(), own, moment)).toEqual(single);
        },
      ),
    );
  });
});
