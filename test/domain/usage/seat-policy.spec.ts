import {
  DEFAULT_SEAT_POLICY,
  readSeatPolicy,
  type SeatPolicy,
} from '../../../src/domain/usage/seat-policy.js';
import type { JsonValue } from '../../../src/domain/token/strict-json.js';

const read = (seat_policy: JsonValue, usage_billing?: boolean) =>
  readSeatPolicy({ seat_policy, ...(usage_billing === undefined ? {} : { usage_billing }) });

describe('the seat policy of a license', () => {
  it('is the default one without a claim, and without members', () => {
    expect(readSeatPolicy({})).toEqual({ policy: DEFAULT_SEAT_POLICY, faults: [] });
    expect(read({})).toEqual({ policy: DEFAULT_SEAT_POLICY, faults: [] });
    expect(DEFAULT_SEAT_POLICY).toEqual({
      mode: 'active-only',
      tolerancePercent: 0,
      window: 'rolling-30d',
      leave: 'keep',
    });
  });

  it.each<[JsonValue, Partial<SeatPolicy>]>([
    [
      { mode: 'tolerance', tolerance_percent: 10 },
      { mode: 'tolerance', tolerancePercent: 10 },
    ],
    [{ tolerance_percent: 1000 }, { tolerancePercent: 1000 }],
    [{ mode: 'metered' }, { mode: 'metered' }],
    [{ mode: 'report' }, { mode: 'report' }],
    [{ window: 'calendar-month' }, { window: 'calendar-month' }],
    [{ leave: 'free' }, { leave: 'free' }],
  ])('is read from %j', (claim, expected) => {
    expect(read(claim)).toEqual({ policy: { ...DEFAULT_SEAT_POLICY, ...expected }, faults: [] });
  });

  it('is metered where use is billed, regardless of the claim', () => {
    expect(read({ mode: 'active-only' }, true).policy.mode).toBe('metered');
    expect(read({ mode: 'report' }, false).policy.mode).toBe('report');
  });

  it.each<[JsonValue, string]>([
    [null, 'seat_policy must be an object'],
    ['report', 'seat_policy must be an object'],
    [[], 'seat_policy must be an object'],
    [{ mode: 'Report' }, 'seat_policy.mode must be one of active-only, tolerance, metered, report'],
    [{ mode: null }, 'seat_policy.mode must be one of active-only, tolerance, metered, report'],
    [{ tolerance_percent: -1 }, 'seat_policy.tolerance_percent must be a whole number from 0 to 1000'],
    [{ tolerance_percent: 1001 }, 'seat_policy.tolerance_percent must be a whole number from 0 to 1000'],
    [{ tolerance_percent: 1.5 }, 'seat_policy.tolerance_percent must be a whole number from 0 to 1000'],
    [{ tolerance_percent: '5' }, 'seat_policy.tolerance_percent must be a whole number from 0 to 1000'],
    [{ window: 'week' }, 'seat_policy.window must be one of rolling-30d, calendar-month'],
    [{ leave: true }, 'seat_policy.leave must be one of keep, free'],
    [{ color: 1 }, 'seat_policy.color is not known'],
    [{ 'a b': 1 }, 'seat_policy has a member that is not known'],
  ])('takes %j for absent, and says so', (claim, fault) => {
    expect(read(claim)).toEqual({ policy: DEFAULT_SEAT_POLICY, faults: [fault] });
  });

  it('keeps what is sound beside what is not', () => {
    const { policy, faults } = read({ mode: 'report', window: 7 });
    expect(policy).toEqual({ ...DEFAULT_SEAT_POLICY, mode: 'report' });
    expect(faults).toHaveLength(1);
  });

  it('names no more than 20 faults', () => {
    const members = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`m${index}`, 1]));
    expect(read(members).faults).toHaveLength(20);
  });
});
