import fc from 'fast-check';
import { countSeats } from '../../src/domain/usage/seat-count.js';
import { termsOf } from '../../src/domain/usage/seat-terms.js';
import type { LicenseClaims } from '../../src/domain/license/license-claims.js';
import { Scrape } from '../support/scrape.js';
import { UsageStage } from '../e2e/usage/usage-stage.js';
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
    arbitrary: fc.record({ call: fc.constant('set back' as const), hours: fc.integer({ min: 1, max: 72 }) }),
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
    anonymousRatio: fc.integer({ min: 0, max: 2 }),
    seat_policy: fc.record({
      window: fc.constantFrom('rolling-30d', 'calendar-month'),
      leave: fc.constantFrom('keep', 'free'),
      mode: fc.constantFrom('active-only', 'tolerance', 'report'),
      tolerance_percent: fc.constant(50),
    }),
  });
}

describe('the count of seats', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open();
  });

  afterAll(async () => {
    await usage.close();
  });

  it('is that of the subjects themselves after any calls, and what every answer says', async () => {
    const { stage } = usage;
    await fc.assert(
      fc.asyncProperty(terms(), fc.array(step, { minLength: 5, maxLength: 25 }), async (first, steps) => {
        await usage.clear();
        await stage.change('DELETE FROM usage_day; UPDATE usage_state SET started_day = NULL');
        await usage.license(first);
        let present = first;
        for (const one of steps) {
          if (one.call === 'seen')
            await usage.seen({ subject: one.who.subject, ...one.who.more, at: stage.now - one.back * DAY });
          if (one.call === 'admit') await usage.admit(one.who.subject, one.who.more);
          if (one.call === 'left') await usage.left(one.who.subject, one.who.more);
          if (one.call === 'days') usage.days(one.count);
          if (one.call === 'set back')
            stage.service.clock.set(stage.service.clock.now() - one.hours * 3_600_000);
          if (one.call === 'license') {
            present = one.terms;
            await usage.license(one.terms);
          }
        }
        await usage.flush();
        const answer = await usage.usage();
        // The clock was set: what usage makes of that is tested elsewhere.
        const { moment } = stage.service.running.application.nest.get(UsageClock);
        const [row = {}] = await stage.query<Record<string, string>>(INDEPENDENT, [
          answer.window.kind,
          moment,
        ]);
        const [admin, editor, viewer, devices] = ['admins', 'editors', 'viewers', 'devices'].map((name) =>
          Number(row[name]),
        ) as [number, number, number, number];
        expect(answer.roles).toEqual({ admin, editor, viewer });
        expect(await usage.stats()).toEqual({
          active_admins_and_editors: admin + editor,
          active_viewers: viewer,
          active_users: admin + editor + viewer,
          active_anonymous_devices: devices,
        });
        expect(answer.licensed).toBe(true);
        const { groups } = await stage.service.running.application.nest.get(UsageMeter).measure();
        const count = countSeats(groups, termsOf(present as unknown as LicenseClaims), moment);
        expect([answer.used, answer.roles, answer.devices.active]).toEqual([
          ...[count.used, count.byRole, count.devices],
        ]);
        const { subjects } = await usage.get('subjects');
        expect(subjects.filter(({ counted }: { counted: boolean }) => counted)).toHaveLength(
          count.users + count.devices,
        );
        const { included_users: limit, anonymousRatio: ratio, seat_policy: policy } = present;
        const used = admin + editor + viewer + (ratio === 0 ? 0 : Math.ceil(devices / ratio));
        expect(answer.used).toBe(used);
        expect((await Scrape.of(stage.service.url)).text).toContain(
          `licentia_seats_used{pool="all"} ${used}\n`,
        );
        // A new person: what the gate says goes with the count.
        const tolerated = policy.mode === 'tolerance' ? Math.floor(limit / 2) : 0;
        const admitted = limit === 0 || policy.mode === 'report' || used < limit + tolerated;
        const reply = await usage.admit('newcomer');
        expect([reply.admitted, reply.used]).toEqual([admitted, used + Number(admitted)]);
      }),
      { numRuns: 12 },
    );
  });
});
