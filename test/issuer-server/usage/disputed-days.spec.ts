import { Logger } from '@nestjs/common';
import { DAY, isoTime } from '../../../src/domain/clock.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { licenseReport, usesReport } from '../../../src/cli/issuer/issuer-report.js';
import { LocalAdministration } from '../../../src/issuer-server/administration/local-administration.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, TestIssuerServer } from '../test-issuer-server.js';

const COUNTS = {
  active_admins_and_editors: 2,
  active_viewers: 3,
  active_users: 5,
  active_anonymous_devices: 1,
};
const HOUR_MS = 3_600_000;
const itOnPostgres = POSTGRES_URL === undefined ? it.skip : it;

describe('A day of usage that is reported again with other numbers', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  /** Yesterday. */
  let last: number;
  let warnings: { msg: string; days?: string[] }[];

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });

  beforeEach(() => {
    last = Math.floor(issuerServer.now / DAY) - 1;
    warnings = [];
    const ignore = () => undefined;
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: never) => warnings.push(line) });
  });

  afterAll(async () => {
    Logger.overrideLogger(false);
    await issuerServer.stop();
    await database.drop();
  });

  const day = (number: number, used: number, more: object = {}): JsonObject => ({
    ...{ day: isoDay(number), used, limit: 50, peak: used, denials: 0 },
    ...COUNTS,
    ...more,
  });
  const report = async (token: string, ...days: JsonObject[]) =>
    issuerServer.renew({
      token,
      body: { instance: INSTANCE, version: '1', usage: { ...COUNTS, days, head: null } },
    });
  const untilOf = async (reply: ReturnType<typeof report>) => (await reply).body.usage?.until as unknown;
  const operator = () => issuerServer.running.application.nest.get(LocalAdministration);
  const daysOf = async (lid: string) => (await operator().show(lid)).usage?.days ?? [];
  const usedOf = async (lid: string) =>
    (await daysOf(lid)).map(({ used, disputed }) => [used, disputed?.used]);
  /** What changes with every write to the rows, and with every lock that is taken on them. */
  const versions = async (lid: string) =>
    Promise.all(
      ['reported_day', 'disputed_day'].map(async (table) =>
        issuerServer.query(
          `SELECT day, ctid::text, xmin::text, xmax::text FROM ${table} WHERE lid = $1 ORDER BY day`,
          [lid],
        ),
      ),
    );

  it('keeps its first numbers, is shown as disputed with both, and is acknowledged as before', async () => {
    const { token, lid } = await issuerServer.issued({ company: 'Example' });
    const { lid: other } = await issuerServer.issued();
    // Another holder of a token of the license comes first, right after midnight.
    expect(await untilOf(report(token, day(last - 1, 41), day(last, 0)))).toBe(isoDay(last));
    issuerServer.clock.advance(HOUR_MS / 2);
    const own = day(last, 42, { peak: 45, denials: 3, active_users: 40, limit: null });
    expect(await untilOf(report(token, day(last - 1, 41), own))).toBe(isoDay(last));
    const { day: _, ...numbers } = own;
    const kept = await daysOf(lid);
    const since = kept[0]?.disputed?.since as number;
    expect(since - (kept[0]?.reported_at as number)).toBeGreaterThanOrEqual(1_800);
    expect(kept).toEqual([
      {
        ...day(last, 0),
        reported_at: expect.any(Number) as unknown,
        disputed: { ...numbers, since, reported_at: since },
      },
      { ...day(last - 1, 41), reported_at: expect.any(Number) as unknown },
    ]);

    const said = `used 42, limit none, peak 45, denied 3, users 40 (${isoTime(since)})`;
    const uses = usesReport(await operator().uses());
    const [section] = uses.sections;
    expect(section?.head?.at(-1)).toBe('disputed');
    const rows = section?.rows.filter(([name]) => name === lid).map((row) => [row[2], row[3], row.at(-1)]);
    expect(rows).toEqual([
      ['last counts', null, null],
      [isoDay(last), 0, said],
      [isoDay(last - 1), 41, null],
    ]);
    const warning = `Warning: Of the license ${lid} 1 day is disputed, the last one ${isoDay(last)}:`;
    expect(uses.note).toMatch(warning);
    expect(uses.note).not.toMatch(other);
    const shown = licenseReport(await operator().show(lid));
    expect(shown.sections[0]?.rows).toContainEqual(['last day', `${isoDay(last)}: 0 of 50`]);
    expect(shown.sections[0]?.rows).toContainEqual(['last day, disputed', said]);
    expect(shown.sections[0]?.rows).toContainEqual(['disputed days', 1]);
    expect(shown.note).toMatch(warning);
    const undisputed = licenseReport(await operator().show(other));
    expect(undisputed.sections[0]?.rows).toContainEqual(['disputed days', null]);
    expect(undisputed.note).toBeUndefined();
  });

  it.each([
    ['used', 1],
    ['limit', null],
    ['peak', 1],
    ['denials', 1],
    ['active_admins_and_editors', 1],
    ['active_viewers', 1],
    ['active_users', 1],
    ['active_anonymous_devices', 0],
  ])('is disputed where only %s is another one', async (name, value) => {
    const { token, lid } = await issuerServer.issued();
    await report(token, day(last, 4));
    await report(token, day(last, 4, { [name]: value }));
    expect((await daysOf(lid))[0]?.disputed).toMatchObject({ [name]: value });
  });

  it('is not disputed by the same numbers, however often they come, nor by those of another license', async () => {
    const [one, two] = [await issuerServer.issued(), await issuerServer.issued()];
    await report(one.token, day(last - 1, 3, { limit: null }), day(last, 4));
    const before = await versions(one.lid);
    for (let times = 0; times < 3; times += 1) {
      issuerServer.clock.advance(2 * HOUR_MS);
      const { token } = await operator().token(one.lid);
      expect(await untilOf(report(token, day(last - 1, 3, { limit: null }), day(last, 4)))).toBe(
        isoDay(last),
      );
    }
    expect(await versions(one.lid)).toEqual(before);
    await report(two.token, day(last, 9));
    expect(await usedOf(one.lid)).toEqual([
      [4, undefined],
      [3, undefined],
    ]);
    expect(await usedOf(two.lid)).toEqual([[9, undefined]]);
    expect(warnings).toEqual([]);
  });

  it('has the newest other numbers, and a caller in a loop changes them once an hour', async () => {
    const { token, lid } = await issuerServer.issued();
    await report(token, day(last, 0));
    await report(token, day(last, 1));
    const since = (await daysOf(lid))[0]?.disputed?.since as number;
    const before = await versions(lid);
    issuerServer.clock.advance(HOUR_MS - 120_000);
    for (const used of [2, 0, 1, 3, 0, 4]) await report(token, day(last, used));
    expect(await versions(lid)).toEqual(before);
    issuerServer.clock.advance(121_000);
    const { token: newest } = await operator().token(lid);
    for (const used of [0, 1, 5, 6]) await report(newest, day(last, used));
    const [{ used, disputed } = { used: undefined, disputed: undefined }] = await daysOf(lid);
    expect([used, disputed]).toMatchObject([0, { used: 5, since }]);
    expect((disputed?.reported_at ?? 0) - since).toBeGreaterThanOrEqual(3_600);
    expect(warnings).toHaveLength(1);
  });

  it('is disputed also where both reports are answered together', async () => {
    const { token, lid } = await issuerServer.issued();
    const numbers = Array.from({ length: 30 }, (_, index) => index % 3);
    const replies = await Promise.all(
      numbers.map((used) => report(token, day(last - 1, 7), day(last, used))),
    );
    expect(new Set(replies.map(({ body }) => body.usage?.until))).toEqual(new Set([isoDay(last)]));
    const [[used, other] = [], before] = await usedOf(lid);
    expect([0, 1, 2]).toContain(used);
    expect([0, 1, 2].filter((number) => number !== used)).toContain(other);
    expect(before).toEqual([7, undefined]);
  });

  itOnPostgres('is disputed also where replicas take both at a time, and one of them warns', async () => {
    const { token, lid } = await issuerServer.issued();
    const second = await TestIssuerServer.start(database, issuerServer.clock);
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (l: never) => warnings.push(l),
    });
    const days = (used: number) => Array.from({ length: 60 }, (_, index) => day(last - 59 + index, used));
    const body = (used: number) => ({
      ...{ instance: INSTANCE, version: '1' },
      usage: { ...COUNTS, days: days(used), head: null },
    });
    try {
      const replies = await Promise.all(
        Array.from({ length: 40 }, async (_, index) =>
          (index % 2 === 0 ? issuerServer : second).renew({ token, body: body(index % 4) }),
        ),
      );
      expect(new Set(replies.map(({ body: { usage } }) => usage?.until))).toEqual(new Set([isoDay(last)]));
    } finally {
      await second.stop();
    }
    const kept = await usedOf(lid);
    expect(kept).toHaveLength(60);
    for (const [used, other] of kept) expect([0, 1, 2, 3].filter((n) => n !== used)).toContain(other);
    expect(warnings.flatMap(({ days: named = [] }) => named).sort()).toEqual(
      days(0).map((one) => one.day as string),
    );
  });

  it('is warned of once in the log, with its license', async () => {
    const { token, lid } = await issuerServer.issued();
    const days = [day(last - 2, 1), day(last - 1, 1), day(last, 1)];
    await report(token, ...days);
    await report(token, day(last - 2, 2), day(last - 1, 1), day(last, 2));
    const msg =
      'days of usage are disputed: they were reported before with other numbers, with a token of the same license';
    const line = { msg, lid, days: [isoDay(last - 2), isoDay(last)] };
    expect(warnings).toEqual([line]);
    issuerServer.clock.advance(2 * HOUR_MS);
    const { token: newest } = await operator().token(lid);
    await report(newest, day(last - 2, 3), day(last - 1, 3), day(last, 3));
    expect(warnings).toEqual([line, { ...line, days: [isoDay(last - 1)] }]);
  });

  it('comes again where the dispute cannot be stored, and costs the renewal nothing', async () => {
    const { token, lid } = await issuerServer.issued();
    await report(token, day(last, 0));
    await issuerServer.query('ALTER TABLE disputed_day ADD CONSTRAINT full_disk CHECK (used < 0) NOT VALID');
    const { status, body } = await report(token, day(last - 1, 41), day(last, 42));
    expect([status, typeof body.token, body.usage]).toEqual([200, 'string', undefined]);
    expect(await usedOf(lid)).toEqual([[0, undefined]]);
    await issuerServer.query('ALTER TABLE disputed_day DROP CONSTRAINT full_disk');
    expect(await untilOf(report(token, day(last - 1, 41), day(last, 42)))).toBe(isoDay(last));
    expect(await usedOf(lid)).toEqual([
      [0, 42],
      [41, undefined],
    ]);
  });

  it('is forgotten together with its dispute, and costs no report', async () => {
    const { token, lid } = await issuerServer.issued({ licenseSeconds: 4_000 * DAY });
    await report(token, day(last - 1_099, 0), day(last, 0));
    await report(token, day(last - 1_099, 1), day(last, 1));
    expect(await usedOf(lid)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    issuerServer.clock.advance(DAY * 1000);
    const { token: newest } = await operator().token(lid);
    expect(await untilOf(report(newest, day(last - 1_099, 2), day(last + 1, 0)))).toBe(isoDay(last + 1));
    expect(await usedOf(lid)).toEqual([
      [0, undefined],
      [0, 1],
    ]);
    const left = 'SELECT count(*)::int AS rows FROM disputed_day WHERE lid = $1';
    expect(await issuerServer.query(left, [lid])).toEqual([{ rows: 1 }]);
  });
});
