import fc from 'fast-check';
import { countSeats } from '../../src/domain/usage/seat-count.js';
import { termsOf } from '../../src/domain/usage/seat-terms.js';
import { dayOf, isoDay } from '../../src/domain/usage/usage-window.js';
import type { LicenseClaims } from '../../src/domain/license/license-claims.js';
import { Scrape } from '../support/scrape.js';
import { UsageStage } from '../e2e/usage/usage-stage.js';
import { UsageDays } from '../../src/usage/days/usage-days.js';
import { UsageClock } from '../../src/usage/usage-clock.js';
import { UsageMeter } from '../../src/usage/usage-meter.js';

const DAY = 86_400;

/** Counts the subjects themselves, one by one: nothing of the counting in `src` is in it. */
const INDEPENDENT = `
  SELECT count(*) FILTER (WHERE role = 'admin') AS admins, count(*) FILTER (WHERE role = 'editor') AS editors,
    count(*) FILTER (WHERE role = 'viewer') AS viewers, count(*) FILTER (WHERE role = 'device') AS devices
  FROM usage_subject
  WHERE freed_at IS NULL AND CASE WHEN $1 = 'rolling-30d'
    THEN date '1970-01-01' + last_day > (to_timestamp($2) AT TIME ZONE 'UTC')::date - 30
    ELSE date_trunc('month', date '1970-01-01' + last_day) >= date_trunc('month', to_timestamp($2) AT TIME ZONE 'UTC')
  END`;

/** One thing that happens. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ call: fc.constant('seen' as const), who: who(), back: fc.nat(34) }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('admit' as const), who: who() }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('left' as const), who: who() }) },
  {
    weight: 1,
    arbitrary: fc.record({ call: fc.constant('days' as const), count: fc.integer({ min: 1, max: 25 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ call: fc.constant('set' as const), hours: fc.integer({ min: -72, max: 72 }) }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('license' as const), terms: terms() }) },
);

function who() {
  return fc.record({
    subject: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    more: fc.constantFrom<object>(
      {},
      { role: 'admin' },
      { role: 'editor' },
      { role: 'viewer' },
      { kind: 'device' },
    ),
  });
}

function terms() {
  return fc.record({
    included_users: fc.integer({ min: 0, max: 4 }),
    // These count where that is 0.
    included_admins: fc.constantFrom(undefined, 0, 1, 2),
    included_viewers: fc.constantFrom(undefined, 1, 3),
    anonymousRatio: fc.integer({ min: 0, max: 2 }),
    seat_policy: fc.record({
      window: fc.constantFrom('rolling-30d', 'calendar-month'),
      leave: fc.constantFrom('keep', 'free'),
      mode: fc.constantFrom('active-only', 'tolerance', 'report'),
      tolerance_percent: fc.constant(50),
    }),
  });
}

type Terms = ReturnType<typeof terms> extends fc.Arbitrary<infer T> ? T : never;

/** One of all seats; or of admins and editors, and of viewers and devices; none for any number. */
function limitsOf({ included_users: users, included_admins: admins, included_viewers: viewers }: Terms) {
  if (users > 0) return [users];
  return admins === undefined && viewers === undefined ? [] : [admins ?? 0, viewers ?? 0];
}

interface Counted {
  readonly admin: number;
  readonly editor: number;
  readonly viewer: number;
  readonly devices: number;
  readonly deviceSeats: number;
  readonly used: number;
}

/** A closed day, as the history shows it. */
interface Day {
  readonly day: string;
  readonly limit: number | null;
  readonly policy: { readonly window: string };
  readonly anonymousRatio: number;
  readonly used: number;
  readonly peak: number;
}

describe('the count of seats', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open();
  });

  afterAll(async () => {
    await usage.close();
  });

  /** @param moment - Unix seconds */
  const counted = async (window: string, ratio: number, moment: number): Promise<Counted> => {
    const [row = {}] = await usage.stage.query<Record<string, string>>(INDEPENDENT, [window, moment]);
    const [admin, editor, viewer, devices] = ['admins', 'editors', 'viewers', 'devices'].map((name) =>
      Number(row[name]),
    ) as [number, number, number, number];
    const deviceSeats = ratio === 0 ? 0 : Math.ceil(devices / ratio);
    return { admin, editor, viewer, devices, deviceSeats, used: admin + editor + viewer + deviceSeats };
  };

  const part = <T>(type: new (...args: never[]) => T): T =>
    usage.stage.service.running.application.nest.get(type);

  /** Nobody was ever seen, no day was closed, and the process knows of none. */
  const begin = async (first: Terms) => {
    await usage.clear();
    await usage.stage.change(
      'DELETE FROM usage_day; DELETE FROM usage_open_day; UPDATE usage_state SET started_day = NULL',
    );
    await usage.stage.restart();
    await usage.license(first);
  };

  /**
   * Lets time pass, and compares the days that this closes: nothing was recorded since their end.
   * @param known - the days that were closed before; gets these
   */
  const pass = async (change: () => void, present: Terms, known: Set<string>) => {
    await usage.flush();
    const open = isoDay(dayOf(await part(UsageDays).prepare()));
    change();
    await part(UsageDays).closePast();
    const [from, to] = [usage.stage.now - 700 * DAY, usage.stage.now + 4 * DAY].map((at) =>
      isoDay(dayOf(at)),
    );
    const { days } = (await usage.get(`history?from=${from}&to=${to}`)) as { days: Day[] };
    for (const { day, limit, policy, anonymousRatio, ...row } of days.filter(({ day }) => !known.has(day))) {
      const { admin, editor, viewer, devices, used } = await counted(
        policy.window,
        anonymousRatio,
        Date.parse(day) / 1000,
      );
      expect({ day, ...row }).toMatchObject({
        ...{ day, used, active_admins_and_editors: admin + editor, active_viewers: viewer },
        ...{ active_users: admin + editor + viewer, active_anonymous_devices: devices },
      });
      expect(row.peak).toBeGreaterThanOrEqual(used);
      const limits = limitsOf(present);
      if (day === open)
        expect([limit, policy.window, anonymousRatio]).toEqual([
          limits.length === 0 ? null : limits.reduce((sum, one) => sum + one),
          ...[present.seat_policy.window, present.anonymousRatio],
        ]);
      known.add(day);
    }
  };

  it('is that of the subjects themselves after any calls, and what every answer and closed day says', async () => {
    let closed = 0;
    await fc.assert(
      fc.asyncProperty(terms(), fc.array(step, { minLength: 5, maxLength: 25 }), async (first, steps) => {
        await begin(first);
        const { stage } = usage;
        let present = first;
        const days = new Set<string>();
        for (const one of steps) {
          if (one.call === 'seen')
            await usage.seen({ subject: one.who.subject, ...one.who.more, at: stage.now - one.back * DAY });
          if (one.call === 'admit') await usage.admit(one.who.subject, one.who.more);
          if (one.call === 'left') await usage.left(one.who.subject, one.who.more);
          if (one.call === 'days') await pass(() => usage.days(one.count), present, days);
          if (one.call === 'set') {
            const { clock } = stage.service;
            await pass(() => clock.set(clock.now() + one.hours * 3_600_000), present, days);
          }
          if (one.call === 'license') {
            present = one.terms;
            await usage.license(one.terms);
          }
        }
        closed += days.size;
        await usage.flush();
        const answer = await usage.usage();
        // The clock was set: what usage makes of that is tested elsewhere.
        const { moment } = part(UsageClock);
        const { anonymousRatio: ratio, seat_policy: policy } = present;
        expect(answer.window.kind).toBe(policy.window);
        const { admin, editor, viewer, devices, deviceSeats, used } = await counted(
          policy.window,
          ratio,
          moment,
        );
        expect(answer.roles).toEqual({ admin, editor, viewer });
        expect(answer.used).toBe(used);
        expect(await usage.stats()).toEqual({
          active_admins_and_editors: admin + editor,
          active_viewers: viewer,
          active_users: admin + editor + viewer,
          active_anonymous_devices: devices,
        });
        expect(answer.licensed).toBe(true);
        const { groups } = await part(UsageMeter).measure();
        const count = countSeats(groups, termsOf(present as unknown as LicenseClaims), moment);
        expect([answer.used, answer.roles, answer.devices.active]).toEqual([
          ...[count.used, count.byRole, count.devices],
        ]);
        const { subjects } = await usage.get('subjects');
        expect(subjects.filter(({ counted }: { counted: boolean }) => counted)).toHaveLength(
          count.users + count.devices,
        );
        const limits = limitsOf(present);
        const pools =
          limits.length === 2
            ? { admins_and_editors: admin + editor, viewers: viewer + deviceSeats }
            : { all: used };
        const { text } = await Scrape.of(stage.service.url);
        for (const [pool, taken] of Object.entries(pools))
          expect(text).toContain(`licentia_seats_used{pool="${pool}"} ${taken}\n`);
        // A new viewer: what the gate says goes with the count.
        const reply = await usage.admit('newcomer');
        const after = await counted(policy.window, ratio, moment);
        const taken = limits.length === 2 ? after.viewer + after.deviceSeats : after.used;
        const limit = limits.at(-1);
        const tolerated = policy.mode === 'tolerance' ? Math.floor((limit ?? 0) / 2) : 0;
        const before = taken - Number(reply.admitted);
        const admitted = limit === undefined || policy.mode === 'report' || before < limit + tolerated;
        expect([reply.admitted, reply.used]).toEqual([admitted, taken]);
      }),
      { numRuns: 12 },
    );
    expect(closed).toBeGreaterThan(0);
  }, 480_000);
});
