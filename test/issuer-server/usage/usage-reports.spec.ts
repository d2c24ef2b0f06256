import { Logger } from '@nestjs/common';
import { DAY } from '../../../src/domain/clock.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { licenseReport, usesReport } from '../../../src/cli/issuer/issuer-report.js';
import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, operate, TestIssuerServer } from '../test-issuer-server.js';

const COUNTS = {
  active_admins_and_editors: 2,
  active_viewers: 3,
  active_users: 5,
  active_anonymous_devices: 1,
};
const HASH = 'ab'.repeat(32);

describe('Reports of usage at the issuer', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  /** Yesterday. */
  let last: number;

  beforeEach(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
    last = Math.floor(issuerServer.now / DAY) - 1;
  });

  afterEach(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  const day = (number: number, used = 5): JsonObject => ({
    ...{ day: isoDay(number), used, limit: 10, peak: used, denials: 0 },
    ...COUNTS,
  });
  const usageOf = (...days: JsonObject[]): JsonObject => ({
    ...COUNTS,
    days,
    head: { day: isoDay(last), hash: HASH },
  });
  const report = async (token: string, usage: JsonObject, more: object = {}) =>
    issuerServer.renew({ token, body: { instance: INSTANCE, version: '1', usage, ...more } });
  const kept = async (lid: string) => {
    const register = issuerServer.running.application.nest.get(LicenseRegister);
    return register.useOf(lid, 10_000);
  };
  const daysOf = async (lid: string) =>
    (await kept(lid))?.days.map(({ day: number, used }) => [number - last, used]) ?? [];

  it('are taken with a renewal, which says until which day', async () => {
    const { token, lid } = await issuerServer.issued({});
    const { status, body } = await report(token, usageOf(day(last - 1, 4), day(last)));
    expect({ status, usage: body.usage }).toEqual({ status: 200, usage: { until: isoDay(last) } });
    expect(await daysOf(lid)).toEqual([
      [0, 5],
      [-1, 4],
    ]);
    expect((await kept(lid))?.counts).toMatchObject({
      ...{ adminsAndEditors: 2, viewers: 3, users: 5, devices: 1 },
      ...{ headDay: last, headHash: HASH },
    });
  });

  it('are taken with a renewal that is not due', async () => {
    const { token } = await issuerServer.issued({});
    const newest = (await issuerServer.renew({ token })).body.token as string;
    const { status, body } = await report(newest, usageOf(day(last)));
    expect([status, body.code, body.usage]).toEqual([409, 'not_due', { until: isoDay(last) }]);
    expect((await report(newest, usageOf())).body.usage).toEqual({ until: null });
  });

  it('count once: a day stays as it was reported first, for each license', async () => {
    const [one, two] = [await issuerServer.issued({}), await issuerServer.issued({})];
    await report(one.token, usageOf(day(last - 1), day(last, 7)));
    expect((await report(one.token, usageOf(day(last, 8)))).body.usage).toEqual({ until: isoDay(last) });
    await report(two.token, usageOf(day(last, 9)));
    expect(await daysOf(one.lid)).toEqual([
      [0, 7],
      [-1, 5],
    ]);
    expect(await daysOf(two.lid)).toEqual([[0, 9]]);
  });

  it('count once when many arrive at a time, and each of them is answered', async () => {
    const { token, lid } = await issuerServer.issued({});
    const replies = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        report(token, usageOf(day(last - 1 - (index % 5)), day(last))),
      ),
    );
    expect(new Set(replies.map(({ body }) => body.usage?.until))).toEqual(new Set([isoDay(last)]));
    expect(await daysOf(lid)).toHaveLength(6);
  });

  it('are taken with the newest token alone, or with one that an instance in time can still have', async () => {
    const { token, lid } = await issuerServer.issued({});
    const body = (await report(token, usageOf())).body as { token: string };
    // The answer is lost, and the instance repeats the renewal within the hour after it was due.
    issuerServer.clock.advance(DAY * 1000);
    expect((await report(token, usageOf(day(last - 1)))).body.usage).toEqual({ until: isoDay(last - 1) });
    issuerServer.clock.advance(3_600_000);
    const late = await report(token, usageOf(day(last, 0)));
    expect([late.status, late.body.usage]).toEqual([200, undefined]);
    const refused = await report(body.token, usageOf(day(last, 0)));
    expect([refused.status, refused.body.usage]).toEqual([200, undefined]);
    expect(await daysOf(lid)).toEqual([[-1, 5]]);
    // With the token that it gets now, the instance sends them again.
    const again = await report(late.body.token as string, usageOf(day(last)));
    expect(again.body.usage).toEqual({ until: isoDay(last) });
    // However long an instance was away: the newest token is the newest.
    issuerServer.clock.advance(6 * DAY * 1000);
    const back = await report(again.body.token ?? late.body.token, usageOf(day(last + 3)));
    expect(back.body.usage).toEqual({ until: isoDay(last + 3) });
    expect(await daysOf(lid)).toHaveLength(3);
  });

  it('of the instance are taken although a caller renews with an old token all the time', async () => {
    const { token, lid } = await issuerServer.issued({});
    let present = token;
    for (const hour of [1, 2, 3]) {
      issuerServer.clock.advance(8 * 3_600_000);
      expect((await issuerServer.renew({ token })).status).toBe(200);
      const { body } = await report(present, usageOf(day(last - 3 + hour)));
      expect(body.usage).toEqual({ until: isoDay(last - 3 + hour) });
      present = (body.token as string | undefined) ?? present;
    }
    expect(await daysOf(lid)).toHaveLength(3);
  });

  it('are bounded: three years of days, and none that is not over', async () => {
    const { token, lid } = await issuerServer.issued({});
    const days = [day(last - 1_100), day(last - 1_099), day(last), day(last + 1), day(last + 2)];
    const { usage, token: next } = (await report(token, usageOf(...days))).body;
    expect(usage).toEqual({ until: isoDay(last) });
    expect(await daysOf(lid)).toEqual([
      [0, 5],
      [-1_099, 5],
    ]);
    issuerServer.clock.advance(2 * DAY * 1000);
    expect((await report(next, usageOf(day(last + 1), day(last + 3)))).body.usage).toEqual({
      until: isoDay(last + 1),
    });
    expect(await daysOf(lid)).toEqual([
      [1, 5],
      [0, 5],
    ]);
  });

  it('that are malformed cost the renewal nothing, and nothing of them is kept', async () => {
    const { token, lid } = await issuerServer.issued({});
    for (const usage of [{}, { ...usageOf(day(last)), active_users: -1 }, usageOf(day(last), {})]) {
      const { status, body } = await report(token, usage);
      expect([status, body.usage]).toEqual([200, undefined]);
    }
    expect(await kept(lid)).toBeUndefined();
  });

  it('that are not as they should be are warned of once an hour for each license, however often they come', async () => {
    const warnings: object[] = [];
    const ignore = () => undefined;
    const { token, lid } = await issuerServer.issued({});
    const { token: other, lid: otherLid } = await issuerServer.issued({});
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: never) => warnings.push(line) });
    try {
      const lost = {
        ...usageOf(),
        acknowledged: { first: isoDay(last - 900), last: isoDay(last), count: 901 },
      };
      for (let round = 0; round < 3; round += 1)
        for (const usage of [{}, lost]) for (const one of [token, other]) await report(one, usage);
    } finally {
      Logger.overrideLogger(false);
    }
    const gone = expect.stringMatching(/^days of usage that were taken are gone/) as unknown;
    expect(warnings).toEqual([
      ...[lid, otherLid].map((one) => ({ msg: 'a report of usage is malformed', lid: one })),
      ...[lid, otherLid].map((one) => ({ msg: gone, lid: one, after: isoDay(last - 901) })),
    ]);
  });

  it('that cannot be stored cost the renewal nothing', async () => {
    const { token } = await issuerServer.issued({});
    await issuerServer.query('ALTER TABLE reported_day ADD CONSTRAINT full_disk CHECK (used < 0)');
    const { status, body } = await report(token, usageOf(day(last)));
    expect([status, typeof body.token, body.usage]).toEqual([200, 'string', undefined]);
    await issuerServer.query('ALTER TABLE reported_day DROP CONSTRAINT full_disk');
    expect((await report(token, usageOf(day(last)))).body.usage).toEqual({ until: isoDay(last) });
  });

  it.each<[string, (lid: string) => Promise<unknown>, object]>([
    ['a dry run', async () => undefined, { dryRun: true }],
    ['another instance', async () => undefined, { instance: 'http://elsewhere/' }],
    ['a suspended license', async (lid) => issuerServer.running.issuer.suspend(lid), {}],
    ['a revoked license', async (lid) => issuerServer.running.issuer.revoke(lid), {}],
  ])('of %s are not taken', async (_, prepare, more) => {
    const { token, lid } = await issuerServer.issued({});
    await prepare(lid);
    expect((await report(token, usageOf(day(last)), more)).body.usage).toBeUndefined();
    expect(await kept(lid)).toBeUndefined();
  });

  it('of a caller in a loop write nothing for a minute', async () => {
    const { token, lid } = await issuerServer.issued({});
    await report(token, usageOf(day(last)));
    const first = (await kept(lid))?.counts;
    await report(token, { ...usageOf(day(last)), active_users: 6 });
    expect((await kept(lid))?.counts).toEqual(first);
    issuerServer.clock.advance(61_000);
    await report(token, { ...usageOf(day(last)), active_users: 6 });
    expect((await kept(lid))?.counts.users).toBe(6);
  });

  it('are shown by "list --usage" and "show"', async () => {
    const { token, lid } = await issuerServer.issued({ company: 'Example' });
    const { lid: silent } = await issuerServer.issued({});
    await report(token, usageOf(...Array.from({ length: 40 }, (_, index) => day(last - 39 + index))));
    const { clock } = issuerServer;
    await issuerServer.stop();
    const { uses, show } = await operate(
      database,
      async (operator) => ({ uses: await operator.uses(), show: await operator.show(lid) }),
      { clock },
    );
    const [table] = usesReport(uses).sections;
    const own = table?.rows.filter(([name]) => name === lid) ?? [];
    expect(own[0]?.slice(1, 11)).toEqual(['Example', 'last counts', null, null, null, null, ...[2, 3, 5, 1]]);
    expect(own[1]?.slice(1, 11)).toEqual(['Example', isoDay(last), 5, 10, 5, 0, 2, 3, 5, 1]);
    expect(own).toHaveLength(32);
    expect(table?.rows.find(([name]) => name === silent)).toContain('nothing reported');
    const usage = uses.find((one) => one.lid === lid)?.usage;
    expect(usage).toMatchObject({ ...COUNTS, head: { day: isoDay(last), hash: HASH } });
    expect(usage?.days).toHaveLength(40);
    expect(usage?.days[0]).toEqual({ ...day(last), reported_at: expect.any(Number) });
    expect(uses.find((one) => one.lid === silent)?.usage).toBeNull();
    expect(show).toMatchObject({ lid, usage });
    expect(licenseReport(show).sections[0]?.rows).toContainEqual(['last day', `${isoDay(last)}: 5 of 10`]);
    await database.drop();
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });
});
