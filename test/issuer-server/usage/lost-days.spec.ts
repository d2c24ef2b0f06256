import { DAY } from '../../../src/domain/clock.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { isoDay } from '../../../src/domain/usage/usage-window.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, TestIssuerServer } from '../test-issuer-server.js';

const COUNTS = {
  active_admins_and_editors: 2,
  active_viewers: 3,
  active_users: 5,
  active_anonymous_devices: 1,
};

describe('An issuer that lost days of usage', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  let token: string;
  /** Yesterday. */
  let last: number;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });

  beforeEach(async () => {
    ({ token } = await issuerServer.issued({}));
    last = Math.floor(issuerServer.now / DAY) - 1;
    expect(await until(days(-3, -2, -1))).toBe(day(-1));
  });

  afterAll(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  /** Counted from yesterday. */
  const day = (number: number) => isoDay(last + number);
  const days = (...numbers: number[]): JsonObject[] =>
    numbers.map((number) => ({ day: day(number), used: 5, limit: 10, peak: 5, denials: 0, ...COUNTS }));
  const known = (first: number, end: number, count = end - first + 1) => ({
    acknowledged: { first: day(first), last: day(end), count },
  });
  const until = async (reported: JsonObject[], more: JsonObject = {}): Promise<string | null | undefined> => {
    const usage = { ...COUNTS, days: reported, head: null, ...more };
    const { body } = await issuerServer.renew({ token, body: { instance: INSTANCE, version: '1', usage } });
    return (body.usage as { until: string | null } | undefined)?.until;
  };
  const restore = async (end: number) =>
    issuerServer.query('DELETE FROM reported_day WHERE day > $1', [last + end]);

  it('asks for them again: with a report without days', async () => {
    expect(await until([], known(-3, -1))).toBeNull();
    await restore(-3);
    expect(await until([], known(-3, -1))).toBe(day(-3));
    expect(await until(days(-2, -1), known(-3, -3))).toBe(day(-1));
    expect(await until([], known(-3, -1))).toBeNull();
  });

  it('asks for them again: with a report of later days', async () => {
    await restore(-4);
    expect(await until(days(0), known(-3, -1))).toBe(day(-4));
    expect(await until(days(0), known(-3, -1))).toBe(day(-4));
    expect(await until(days(-3, -2, -1, 0))).toBe(day(0));
    expect(await until([], known(-3, 0))).toBeNull();
  });

  it('asks no instance of an earlier release, which does not say what was acknowledged', async () => {
    await restore(-3);
    expect(await until([])).toBeNull();
    expect(await until(days(0))).toBe(day(0));
  });

  it('asks for none under another license, and none that it never keeps', async () => {
    expect(await until([], known(-20, -1, 3))).toBeNull();
    expect(await until([], known(-1_300, -1, 202))).toBeNull();
  });

  it('takes no report that says it in another way', async () => {
    expect(await until([], { acknowledged: { first: day(-3), last: day(-1), count: 4 } })).toBeUndefined();
    expect(await until([], { acknowledged: null })).toBeUndefined();
  });
});
