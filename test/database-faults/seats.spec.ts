import { checkLedger } from '../../src/domain/usage/ledger-check.js';
import { SeenBuffer } from '../../src/usage/subjects/seen-buffer.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { PostgresServer } from '../support/postgres-server.js';
import { type Reply, TestService } from '../support/service.js';
import { eventually } from './stage.js';

const DAY = 86_400;
const USAGE = '/api/licensing/usage';
const SEATS = 50;
const WINDOW = 30;
const DAYS = 40;
const NEW_EACH_DAY = 2;
/** The server ends on the first of these days, by its number, and is back on the last one. */
const AWAY = { from: 15, to: 17 };

/** Who uses the product, by what an operator would expect: nothing of `src` counts here. */
class Office {
  readonly lastSeen = new Map<string, number>();

  used(day: number): number {
    return [...this.lastSeen.values()].filter((last) => last > day - WINDOW).length;
  }

  /** The first day on which one of those who count now does not. */
  freesOn(day: number): number {
    return Math.min(...[...this.lastSeen.values()].filter((last) => last > day - WINDOW)) + WINDOW;
  }

  /** Each third person comes every day. */
  daily(): string[] {
    return [...this.lastSeen.keys()].filter((name) => Number(name.slice(5)) % 3 === 0);
  }
}

describe('a license of 50 seats over 40 days, with PostgreSQL stopped for two of them', () => {
  let server: PostgresServer;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query('CREATE DATABASE licentia');
    const url = server.url.replace(/postgres$/, 'licentia');
    issuer = await FakeIssuer.start();
    const database = { location: { kind: 'postgres', url }, url, drop: async () => undefined } as const;
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
  }, 120_000);

  afterAll(async () => {
    await service?.stop();
    await issuer?.stop();
    await server?.stop();
  }, 60_000);

  const today = () => Math.floor(service.clock.now() / 1000 / DAY);
  const iso = (day: number) => new Date(day * DAY * 1000).toISOString().slice(0, 10);
  const admit = async (subject: string): Promise<Reply> => service.post(`${USAGE}/admit`, { subject });
  const seen = async (names: string[]): Promise<Reply> =>
    service.post(`${USAGE}/seen`, { events: names.map((subject) => ({ subject })) });
  /** Goes on to the noon of the next day. */
  const sleepOver = () => service.clock.advance(((today() + 1) * DAY + DAY / 2) * 1000 - service.clock.now());

  it('has a reason for each number on each day', async () => {
    const now = Math.floor(service.clock.now() / 1000);
    const token = issuer.token({
      ...{ included_users: SEATS, included_admins: undefined, included_viewers: undefined },
      ...{ iat: now - DAY, nbf: now - DAY, exp: now + 300 * DAY, lexp: now + 300 * DAY },
    });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    // The first day is a whole one.
    sleepOver();
    const office = new Office();
    const first = today();
    const expected = new Map<string, object>();
    let fullOn: number | undefined;
    let ahead: unknown;

    for (let number = 0; number < DAYS; number += 1) {
      const day = today();
      const isAway = number >= AWAY.from && number < AWAY.to;
      if (number === AWAY.from) await server.shutDown();
      if (number === AWAY.to) await server.start();
      if (number === AWAY.to) await eventually(async () => (await service.get('/readyz')).status === 200);

      const daily = office.daily();
      if (daily.length > 0) expect((await seen(daily)).status).toBe(202);
      if (!isAway) for (const name of daily) office.lastSeen.set(name, day);
      if (!isAway) await service.running.application.nest.get(SeenBuffer).flush();

      let denials = 0;
      for (let index = 0; index < NEW_EACH_DAY; index += 1) {
        const name = `user ${number * NEW_EACH_DAY + index}`;
        const { status, body } = await admit(name);
        if (isAway) {
          expect([status, body.messageId]).toEqual([503, 'database.unavailable']);
          continue;
        }
        const isFree = office.used(day) < SEATS;
        const freesAt = isFree ? null : office.freesOn(day) * DAY;
        if (isFree) office.lastSeen.set(name, day);
        else denials += 1;
        expect(body).toEqual({
          ...{ admitted: isFree, reason: isFree ? 'seat-free' : 'limit-reached' },
          ...{ used: office.used(day), limit: SEATS, freesAt },
        });
      }
      // A person who counts always comes in.
      expect((await admit('user 0')).body).toMatchObject({ admitted: true, reason: 'already-active' });

      const { body } = await service.get(USAGE);
      const used = office.used(isAway ? first + AWAY.from - 1 : day);
      expect(body).toMatchObject({
        used,
        limit: SEATS,
        remaining: SEATS - used,
        percent: used * 2,
        overage: 0,
      });
      expect(body.warning.level).toBe(used >= SEATS ? 100 : used >= 45 ? 90 : used >= 40 ? 80 : null);
      // Since the noon before the server ended.
      if (isAway) expect(body.age).toBeGreaterThanOrEqual((number - AWAY.from + 1) * DAY - 60);
      else expect(body.age).toBe(0);
      if (used === SEATS) fullOn ??= day;
      // The day of the start is the first closed one.
      if (number === 12) expect(body.forecast).toBe(null);
      if (number === 13)
        expect(body.forecast).toMatchObject({ method: 'theil-sen', days: 14, seatsPerDay: 2 });
      if (number === 20) ahead = body.forecast;
      const late = number === AWAY.to ? daily.length : 0;
      expected.set(iso(day), { used: office.used(day), peak: office.used(day), limit: SEATS, denials, late });
      Object.assign(expected.get(iso(day)) as object, { observed: !isAway, licensed: true });
      sleepOver();
    }

    const range = `from=${iso(first)}&to=${iso(first + DAYS - 1)}`;
    const { days } = (await service.get(`${USAGE}/history?${range}`)).body as { days: { day: string }[] };
    expect(days.map(({ day }) => day)).toEqual([...expected.keys()]);
    expect(days).toMatchObject([...expected.values()]);

    // The forecast of day 20 against the day on which the seats were taken.
    const { date, earliest, latest } = ahead as Readonly<Record<'date' | 'earliest' | 'latest', string>>;
    expect([earliest <= date, date <= latest]).toEqual([true, true]);
    const apart = Date.parse(date) / 1000 / DAY - (fullOn as number);
    expect(Math.abs(apart)).toBeLessThanOrEqual(5);

    // Each person is explained by the same days.
    for (const [name, last] of office.lastSeen) {
      const { body } = await service.post(`${USAGE}/explain`, { subject: name });
      const counted = last > today() - WINDOW;
      expect(body).toMatchObject({
        counted,
        rule: counted ? 'seen-within-window' : 'window-passed',
        lastSeen: iso(last),
        until: counted ? (last + WINDOW) * DAY : null,
      });
    }
    const ledger = (await service.get(`${USAGE}/ledger?${range}`)).text.trimEnd().split('\n');
    expect(checkLedger(ledger.map((line) => JSON.parse(line)))).toBeUndefined();
    const denied = (await service.get(`${USAGE}/denials?limit=1000`)).body.denials as { times: number }[];
    const refused = [...expected.values()] as { denials: number }[];
    expect(denied.length).toBe(refused.reduce((sum, { denials }) => sum + denials, 0));
  }, 300_000);
});
