import { DAY } from '../../../src/domain/clock.js';
import type { LicenseClaims } from '../../../src/domain/license/license-claims.js';
import type { JsonObject, JsonValue } from '../../../src/domain/token/strict-json.js';
import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { LicenseRenewal } from '../../../src/licensing/renewal/license-renewal.js';
import { UsageDays } from '../../../src/usage/days/usage-days.js';
import { IssuerReports } from '../../../src/usage/reports/issuer-reports.js';
import { UsageService } from '../../../src/usage/usage.service.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';

describe('Days of usage that the issuer acknowledged', () => {
  let stage: LicensingStage;
  shareLicensingStage((opened) => (stage = opened));

  let first: number;
  const claims = () =>
    stage.issuer.claims({
      ...{ usage_billing: true, lid: 'billed', nbf: stage.now - DAY, iat: stage.now - 60 },
      ...{ exp: stage.now + 300 * DAY, lexp: stage.now + 300 * DAY },
    });

  beforeEach(async () => {
    for (const table of ['usage_subject', 'usage_count', 'usage_open_day', 'usage_day', 'renewal_attempt'])
      await stage.change(`DELETE FROM ${table}`);
    await stage.change('UPDATE usage_state SET started_day = NULL, reported_day = NULL, reported_lid = NULL');
    stage.issuer.heal();
    stage.issuer.requests.length = 0;
    // Noon: a test may last for some seconds of one day.
    const noon = (Math.floor(stage.now / DAY) + 1) * DAY + DAY / 2;
    stage.clock.advance((noon - stage.now) * 1000);
    await stage.restart();
    first = Math.floor(stage.now / DAY);
    await stage.install(claims());
    await stage.get(UsageService).admit('anna');
  });

  const dayAfter = (count: number) => isoDay(first + count);
  const days = async (count: number) => {
    stage.clock.advance(count * DAY * 1000);
    await stage.get(UsageDays).prepare();
  };
  const renew = async () => {
    await stage.get(LicenseRenewal).renew(ACTOR);
    // What became of the report is noted after the renewal.
    await stage.get(IssuerReports).beforeApplicationShutdown();
  };
  const acknowledge = (until: JsonValue) =>
    stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due', usage: { until } } });
  const sent = () =>
    stage.issuer.renewals.map(({ body }) => (JSON.parse(body) as { usage: JsonObject }).usage);
  const daysIn = (usage: JsonObject | undefined) =>
    (usage?.days as unknown as { day: string }[]).map(({ day }) => day);
  const noted = async () => {
    const [row] = await stage.query<{ day: number | null }>('SELECT reported_day AS day FROM usage_state');
    return row?.day == null ? null : row.day - first;
  };

  it('are named in each report, and come again when it lost them', async () => {
    await days(3);
    await renew();
    await renew();
    acknowledge(dayAfter(0));
    await renew();
    stage.issuer.answerRenewals();
    await renew();
    await renew();
    const all = { first: dayAfter(0), last: dayAfter(2), count: 3 };
    expect(sent().map(({ acknowledged }) => acknowledged)).toEqual([
      ...[undefined, all, all],
      ...[{ ...all, last: dayAfter(0), count: 1 }, all],
    ]);
    expect(sent().map(daysIn)).toEqual([
      [dayAfter(0), dayAfter(1), dayAfter(2)],
      ...[[], [], [dayAfter(1), dayAfter(2)], []],
    ]);
  });

  it.each([null, 'nothing', 7])('do not come again for the word %j', async (word) => {
    await days(2);
    await renew();
    acknowledge(word);
    await renew();
    await renew();
    expect(sent().map((usage) => daysIn(usage).length)).toEqual([2, 0, 0]);
    expect(await noted()).toBe(1);
  });

  it('come again a hundred at most with each renewal, also if an issuer always says that it lost all', async () => {
    await days(120);
    await days(1);
    await renew();
    await renew();
    acknowledge('2001-01-01');
    await renew();
    await renew();
    await renew();
    expect(sent().map((usage) => daysIn(usage).length)).toEqual([100, 21, 0, 100, 100]);
    stage.issuer.answerRenewals();
    await renew();
    await renew();
    await renew();
    expect(
      sent()
        .slice(5)
        .map((usage) => daysIn(usage).length),
    ).toEqual([100, 21, 0]);
  });

  it('are not taken back, nor counted as taken, by an answer to an earlier report', async () => {
    await days(2);
    await renew();
    const reports = stage.get(IssuerReports);
    const settle = async (report: Awaited<ReturnType<IssuerReports['next']>>, until: string) => {
      if (report === undefined) throw new Error('there is no report');
      reports.settle(report, { kind: 'answered', acknowledgment: { until } });
      await reports.beforeApplicationShutdown();
      return noted();
    };
    await days(1);
    const next = async () => reports.next(claims() as unknown as LicenseClaims);
    const [one, two, three] = [await next(), await next(), await next()];
    expect(await settle(one, dayAfter(0))).toBe(0);
    // The issuer took this one before it lost what it had.
    expect(await settle(two, dayAfter(2))).toBe(0);
    await renew();
    expect(await noted()).toBe(2);
    expect(await settle(three, dayAfter(0))).toBe(2);
  });

  it('are named no more once the issuer refused a report with them, and it gets reports as before', async () => {
    await days(2);
    await renew();
    const reports = stage.get(IssuerReports);
    const next = async () => reports.next(claims() as unknown as LicenseClaims);
    const naming = await next();
    if (naming === undefined) throw new Error('there is no report');
    expect(naming.member).toHaveProperty('acknowledged');
    reports.settle(naming, { kind: 'refused' });
    const plain = await next();
    if (plain === undefined) throw new Error('there is no report');
    expect(plain.member).not.toHaveProperty('acknowledged');
    reports.settle(plain, { kind: 'refused' });
    expect(await next()).toBeUndefined();
  });

  it('are named up to a thousand days back', async () => {
    await days(2);
    await stage.change(
      `INSERT INTO usage_day (day, content, hash)
       SELECT past, content, past::text FROM usage_day, generate_series(day - 1500, day - 1) AS past
       WHERE day = ${first}`,
    );
    await stage.change(`UPDATE usage_state SET reported_lid = 'billed', reported_day = ${first}`);
    await renew();
    expect(sent()[0]?.acknowledged).toEqual({ first: dayAfter(-999), last: dayAfter(0), count: 1_000 });
  });
});
