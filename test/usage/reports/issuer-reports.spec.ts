import { DAY } from '../../../src/domain/clock.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { LicenseRenewal } from '../../../src/licensing/renewal/license-renewal.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { IssuerReports } from '../../../src/usage/reports/issuer-reports.js';
import { UsageDays } from '../../../src/usage/days/usage-days.js';
import { UsageService } from '../../../src/usage/usage.service.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';
import type { Overrides } from '../../support/tokens.js';

function noonAfter(second: number): number {
  return (Math.floor(second / DAY) + 1) * DAY + DAY / 2;
}

describe('The reports of usage to the issuer', () => {
  let stage: LicensingStage;
  shareLicensingStage((opened) => (stage = opened));

  beforeEach(async () => {
    for (const table of ['usage_subject', 'usage_count', 'usage_open_day', 'usage_day', 'renewal_attempt'])
      await stage.change(`DELETE FROM ${table}`);
    await stage.change('UPDATE usage_state SET started_day = NULL, reported_day = NULL, reported_lid = NULL');
    stage.issuer.heal();
    stage.issuer.requests.length = 0;
    stage.issuer.reports.received.length = 0;
    // Noon: a test may last for some seconds of one day.
    stage.clock.advance((noonAfter(stage.now) - stage.now) * 1000);
    await stage.restart();
    first = Math.floor(stage.now / DAY);
  });

  let first: number;
  /** So many days after the first one of the test. */
  const dayAfter = (count: number) => isoDay(first + count);
  const claims = (more: Overrides = {}) =>
    stage.issuer.claims({
      usage_billing: true,
      ...{
        nbf: stage.now - DAY,
        iat: stage.now - 60,
        exp: stage.now + 300 * DAY,
        lexp: stage.now + 300 * DAY,
      },
      ...more,
    });
  const install = async (more: Overrides = {}) => stage.install(claims(more));
  const admit = async (...names: string[]) => {
    for (const name of names) await stage.get(UsageService).admit(name);
  };
  /** Goes on by so many days, and closes those that are over. */
  const days = async (count: number, at = 1) => {
    for (let done = 0; done < count; done += 1) {
      stage.clock.advance(at * DAY * 1000);
      await look();
    }
  };
  /** What happens each ten seconds: days are closed, and the terms of today written down. */
  const look = async () => stage.get(UsageDays).prepare();
  const renew = async () => {
    const state = await stage.get(LicenseRenewal).renew(ACTOR);
    // What became of the report is noted after the renewal.
    await stage.get(IssuerReports).beforeApplicationShutdown();
    return state;
  };
  const sent = () =>
    stage.issuer.renewals.map(({ body }) => (JSON.parse(body) as { usage?: JsonObject }).usage);
  const daysIn = (usage: JsonObject | undefined) =>
    (usage?.days as unknown as { day: string }[]).map(({ day }) => day);
  const outcome = async (name: string) =>
    Number(
      new RegExp(`licentia_usage_reports_total\\{outcome="${name}"\\} (\\d+)`).exec(
        await stage.get(Metrics).text(),
      )?.[1],
    );

  it('go with a renewal: the counts of now, the closed days, the head; each day once', async () => {
    await install({ lid: 'billed', included_users: 50 });
    await admit('anna', 'bert');
    await days(1);
    await admit('carl');
    await renew();
    const zero = { active_admins_and_editors: 0, active_anonymous_devices: 0 };
    const [head] = await stage.query<{ hash: string }>(
      'SELECT hash FROM usage_day ORDER BY day DESC LIMIT 1',
    );
    expect(sent()).toEqual([
      {
        ...{ ...zero, active_viewers: 3, active_users: 3 },
        days: [
          {
            ...{ day: dayAfter(0), used: 2, limit: 50, peak: 2, denials: 0 },
            ...{ ...zero, active_viewers: 2, active_users: 2 },
          },
        ],
        head: { day: dayAfter(0), hash: head?.hash },
      },
    ]);
    await days(1);
    await renew();
    await renew();
    expect(sent().slice(1).map(daysIn)).toEqual([[dayAfter(1)], []]);
    expect(stage.issuer.reports.days('billed')).toHaveLength(2);
    expect(await outcome('taken')).toBe(3);
  });

  it.each<[string | undefined, boolean, boolean]>([
    [undefined, true, true],
    [undefined, false, false],
    ['auto', true, true],
    ['on', false, true],
    ['off', true, false],
  ])('with USAGE_REPORT=%s and usage_billing %s: %s', async (choice, isBilled, isSent) => {
    await stage.restart(choice === undefined ? {} : { USAGE_REPORT: choice });
    await install({ usage_billing: isBilled });
    await renew();
    expect(sent().map((usage) => usage !== undefined)).toEqual([isSent]);
  });

  it('are of the days of the license that is renewed, and of no other one', async () => {
    await install({ lid: 'first' });
    await admit('anna');
    await days(2);
    await install({ lid: 'second', iat: stage.now - 60 });
    await look();
    await days(1);
    await renew();
    await install({ lid: 'first', iat: stage.now - 50 });
    await look();
    await days(1);
    await renew();
    expect(sent().map(daysIn)).toEqual([
      [dayAfter(2)],
      // Nothing of this license was taken as far as is known: all of it comes again.
      [dayAfter(0), dayAfter(1), dayAfter(3)],
    ]);
  });

  it('have a hundred days at most, the oldest first, until all of them are taken', async () => {
    await install();
    await admit('anna');
    await days(1, 150);
    await renew();
    await renew();
    const [first, second] = sent().map(daysIn) as [string[], string[]];
    expect([first.length, second.length]).toEqual([100, 50]);
    expect(second[0]).toBe(dayAfter(100));
  });

  it('come again until the issuer says that it took them', async () => {
    await install({ lid: 'ignored' });
    await admit('anna');
    await days(1);
    stage.issuer.reports.manner = 'ignore';
    await renew();
    await renew();
    stage.issuer.reports.manner = 'take';
    await renew();
    await renew();
    expect(sent().map((usage) => daysIn(usage).length)).toEqual([1, 1, 1, 0]);
    expect([await outcome('ignored'), await outcome('taken')]).toEqual([2, 2]);
  });

  it('are taken by an issuer that has nothing newer to give', async () => {
    await install({ jti: 'same' });
    await admit('anna');
    await days(1);
    stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due', usage: { until: dayAfter(0) } } });
    expect((await renew()).claims?.jti).toBe('same');
    await renew();
    expect(sent().map((usage) => daysIn(usage).length)).toEqual([1, 0]);
  });

  it.each([
    { status: 400, body: '{"code":"bad_request"}' },
    { status: 403, body: 'blocked by a firewall' },
    { status: 413, body: '' },
    { status: 422, body: '{"message":"unknown member"}' },
    { status: 500, body: '<html>' },
    { status: 200, body: '{}' },
  ])('that are answered with $status cost the renewal nothing', async ({ status, body }) => {
    const present = claims();
    await stage.install(present);
    const next = stage.issuer.token({ ...present, jti: 'next', iat: Number(present.iat) + 1 });
    stage.issuer.answerRenewals((request, response) => {
      const hasReport = 'usage' in (JSON.parse(request.body) as object);
      response.writeHead(hasReport ? status : 200).end(hasReport ? body : JSON.stringify({ token: next }));
    });
    expect((await renew()).claims?.jti).toBe('next');
    expect(sent().map((usage) => usage !== undefined)).toEqual([true, false]);
    // One attempt: the issuer can tell that it is one renewal.
    const keys = stage.issuer.renewals.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    expect(await outcome('refused')).toBe(1);
  });

  it('that an issuer refused do not go again for an hour', async () => {
    await install();
    stage.issuer.reports.manner = 'refuse';
    await renew();
    await renew();
    stage.clock.advance(3_601_000);
    stage.issuer.reports.manner = 'take';
    await renew();
    expect(sent().map((usage) => usage !== undefined)).toEqual([true, false, false, true]);
    expect([await outcome('refused'), await outcome('taken')]).toEqual([1, 1]);
  });

  it('do not go with a further call of an attempt, also after a restart', async () => {
    await install();
    stage.issuer.answerRenewals((_, response) => void response.destroy());
    await expect(renew()).rejects.toMatchObject({ code: 'issuer.unavailable' });
    stage.issuer.answerRenewals();
    await stage.restart();
    await renew();
    await renew();
    expect(sent().map((usage) => usage !== undefined)).toEqual([true, false, true]);
  });

  it('cost a renewal nothing when they cannot be read', async () => {
    await install({ lid: 'unreadable' });
    await stage.change(
      `INSERT INTO usage_day (day, content, hash) VALUES (1, '{"lid":"unreadable","used":"many"}', 'x')`,
    );
    expect((await renew()).claims?.jti).toMatch(/^renewed/);
    expect(sent()).toEqual([undefined]);
    expect(await outcome('unreadable')).toBe(1);
  });

  it('count once at the issuer when the service dies before it notes that they were taken', async () => {
    await install({ lid: 'killed' });
    await admit('anna');
    await days(2);
    await renew();
    const before = stage.issuer.reports.days('killed');
    await stage.change('UPDATE usage_state SET reported_day = NULL, reported_lid = NULL');
    await renew();
    expect(sent().map(daysIn)).toEqual([
      [dayAfter(0), dayAfter(1)],
      [dayAfter(0), dayAfter(1)],
    ]);
    expect(stage.issuer.reports.days('killed')).toEqual(before);
    expect(before).toHaveLength(2);
  });
});
