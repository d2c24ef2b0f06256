import fc from 'fast-check';
import type { LicenseClaims } from '../../../src/domain/license/license-claims.js';
import { decideAdmission, isCounted, type KnownSubject } from '../../../src/domain/usage/admission.js';
import { countSeats, type SubjectGroup } from '../../../src/domain/usage/seat-count.js';
import { termsOf } from '../../../src/domain/usage/seat-terms.js';
import { SUBJECT_ROLES, type SubjectRole } from '../../../src/domain/usage/subject.js';
import { startOf } from '../../../src/domain/usage/usage-window.js';

const TODAY = 20_000;
const NOW = startOf(TODAY) + 4_000;

const terms = (claims: Partial<LicenseClaims> = {}) => termsOf({ lid: '1', ...claims } as LicenseClaims);
const viewers = (subjects: number, lastDay = TODAY): SubjectGroup => ({ role: 'viewer', lastDay, subjects });
const known = (lastDay: number, isFreed = false): KnownSubject => ({ role: 'viewer', lastDay, isFreed });

describe('the admission of a subject', () => {
  it.each<[string, Partial<LicenseClaims>, KnownSubject | undefined, number, object]>([
    ['seat-free', { included_users: 5 }, undefined, 4, { admitted: true, used: 5, limit: 5 }],
    ['limit-reached', { included_users: 5 }, undefined, 5, { admitted: false, used: 5, limit: 5 }],
    ['already-active', { included_users: 5 }, known(TODAY), 5, { admitted: true, used: 5, limit: 5 }],
    ['already-active', { included_users: 5 }, known(TODAY - 29), 9, { admitted: true, used: 9, limit: 5 }],
    ['limit-reached', { included_users: 5 }, known(TODAY - 30), 5, { admitted: false, used: 5 }],
    ['limit-reached', { included_users: 5 }, known(TODAY, true), 5, { admitted: false, used: 5 }],
    ['unlimited', {}, undefined, 5, { admitted: true, used: 6, limit: undefined }],
    [
      'within-tolerance',
      { included_users: 10, seat_policy: { mode: 'tolerance', tolerance_percent: 15 } },
      undefined,
      10,
      { admitted: true, used: 11, limit: 10 },
    ],
    [
      'limit-reached',
      { included_users: 10, seat_policy: { mode: 'tolerance', tolerance_percent: 15 } },
      undefined,
      11,
      { admitted: false, used: 11, limit: 10 },
    ],
    ['limit-reached', { included_users: 5, seat_policy: { mode: 'tolerance' } }, undefined, 5, { used: 5 }],
    ['seat-free', { included_users: 5, usage_billing: true }, undefined, 4, { admitted: true }],
    [
      'metered',
      { included_users: 5, usage_billing: true },
      undefined,
      5,
      { admitted: true, used: 6, limit: 5 },
    ],
    ['reported', { included_users: 5, seat_policy: { mode: 'report' } }, undefined, 5, { admitted: true }],
    ['limit-reached', { included_admins: 5 }, undefined, 0, { admitted: false, used: 0, limit: 0 }],
  ])('%s by %j, known as %j, beside %i others', (reason, claims, own, others, expected) => {
    const decision = decideAdmission('viewer', own, [viewers(others)], terms(claims), NOW);
    expect(decision).toMatchObject({ reason, ...expected });
  });

  it('needs no license', () => {
    const decision = decideAdmission('viewer', undefined, [viewers(9)], termsOf(undefined), NOW);
    expect(decision).toMatchObject({ admitted: true, reason: 'not-licensed', used: 10, limit: undefined });
  });

  it('asks for the seats of its role alone', () => {
    const own = terms({ included_admins: 1, included_viewers: 1 });
    expect(decideAdmission('editor', undefined, [viewers(1)], own, NOW).reason).toBe('seat-free');
    expect(decideAdmission('viewer', undefined, [viewers(1)], own, NOW).reason).toBe('limit-reached');
  });

  it('lets a device in that takes no further seat, also above the limit', () => {
    const own = terms({ included_users: 2, anonymousRatio: 2 });
    const devices = (subjects: number): SubjectGroup => ({ role: 'device', lastDay: TODAY, subjects });
    expect(decideAdmission('device', undefined, [viewers(5), devices(1)], own, NOW).reason).toBe('seat-free');
    expect(decideAdmission('device', undefined, [viewers(5), devices(2)], own, NOW).reason).toBe(
      'limit-reached',
    );
  });

  describe('that is refused says when it would be let in', () => {
    const at = (groups: SubjectGroup[], claims: Partial<LicenseClaims>, role: SubjectRole = 'viewer') =>
      decideAdmission(role, undefined, groups, terms(claims), NOW).freesAt;

    it('after the last day of the first one, at the limit', () => {
      const groups = [viewers(1, TODAY - 3), viewers(1, TODAY - 7)];
      expect(at(groups, { included_users: 2 })).toBe(startOf(TODAY - 7 + 30));
    });

    it('after as many as are above it', () => {
      const groups = [viewers(1, TODAY - 3), viewers(1, TODAY - 7), viewers(1, TODAY - 9)];
      expect(at(groups, { included_users: 2 })).toBe(startOf(TODAY - 7 + 30));
    });

    it('at the next month by a calendar', () => {
      const claims = { included_users: 1, seat_policy: { window: 'calendar-month' } };
      expect(new Date((at([viewers(1)], claims) as number) * 1000).toISOString()).toBe(
        '2024-11-01T00:00:00.000Z',
      );
    });

    it('by the seats of its role', () => {
      const groups = [viewers(1, TODAY - 3), { role: 'admin' as const, lastDay: TODAY - 20, subjects: 1 }];
      expect(at(groups, { included_admins: 1, included_viewers: 1 })).toBe(startOf(TODAY - 3 + 30));
    });

    it('never, of no seats', () => {
      expect(at([viewers(1)], { included_admins: 1 })).toBeUndefined();
    });
  });

  it('counts as the meter does: never above the limit, and by one more for each new one', () => {
    const call = fc.record({
      subject: fc.integer({ min: 0, max: 15 }),
      role: fc.constantFrom(...SUBJECT_ROLES),
      later: fc.integer({ min: 0, max: 12 }),
    });
    const claims = fc.record({
      included_users: fc.integer({ min: 0, max: 6 }),
      included_admins: fc.integer({ min: 0, max: 3 }),
      included_viewers: fc.integer({ min: 0, max: 3 }),
      anonymousRatio: fc.integer({ min: 0, max: 3 }),
      seat_policy: fc.record({ window: fc.constantFrom('rolling-30d', 'calendar-month') }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), claims, (calls, own) => {
        const all = new Map<number, KnownSubject>();
        const population = terms(own);
        const groups = () => [...all.values()].map((one) => ({ ...one, subjects: 1 }));
        let moment = NOW;
        for (const { subject, role, later } of calls) {
          moment += later * 86_400;
          const before = all.get(subject);
          const wasCounted = isCounted(before, population, moment);
          const decision = decideAdmission(role, before, groups(), population, moment);
          if (decision.admitted) {
            all.set(subject, { role, lastDay: Math.floor(moment / 86_400), isFreed: false });
          }
          const { pools } = countSeats(groups(), population, moment);
          const pool = pools[role === 'admin' || role === 'editor' ? 0 : pools.length - 1];
          if (decision.reason === 'seat-free' || decision.reason === 'unlimited') {
            expect(decision.used).toBe(pool?.used);
          }
          if (wasCounted) expect(decision.reason).toBe('already-active');
          if (decision.reason === 'seat-free' && role !== 'device')
            expect(pool?.used).toBeLessThanOrEqual(pool?.limit as number);
          if (!decision.admitted) {
            expect(decision.used).toBeGreaterThanOrEqual(decision.limit as number);
            if (decision.freesAt !== undefined) {
              const later = decideAdmission(role, undefined, groups(), population, decision.freesAt);
              expect(later.admitted).toBe(true);
              const sooner = decideAdmission(role, undefined, groups(), population, decision.freesAt - 1);
              expect(sooner.admitted).toBe(false);
            }
          }
        }
      }),
    );
  });
});
