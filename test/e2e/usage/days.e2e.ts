import { findChainFault } from '../../../src/domain/hash-chain.js';
import { UsageStage, USAGE } from './usage-stage.js';

describe('the days of usage', () => {
  let usage: UsageStage;

  beforeEach(async () => {
    usage = await UsageStage.open();
  });

  afterEach(async () => {
    await usage.close();
  });

  it('fill a license of 50 seats in 40 days, and every number is explained', async () => {
    await usage.license({ included_users: 50 });
    const expected: number[] = [];
    for (let day = 0; day < 40; day += 1) {
      if (day > 0) usage.days(1);
      // One more each day, and everybody comes back each ten days.
      await usage.seen(...Array.from({ length: day + 1 }, (_, index) => ({ subject: `user ${index}` })));
      await usage.flush();
      expected.push(day + 1);
    }
    usage.days(1);
    const { days } = await usage.get(`history?from=2020-01-01&to=2020-01-02`);
    expect(days).toEqual([]);
    const history = (await usage.get(`history${range(usage, 41)}`)).days as { used: number; limit: number }[];
    expect(history.map(({ used }) => used)).toEqual(expected);
    expect(new Set(history.map(({ limit }) => limit))).toEqual(new Set([50]));
    const answer = await usage.usage();
    expect(answer).toMatchObject({ used: 40, limit: 50, warning: { level: 80 } });
    expect(answer.forecast).toMatchObject({ method: 'theil-sen', days: 40, pool: 'all', seatsPerDay: 1 });
    expect(Date.parse(answer.forecast.date as string) / 86_400_000).toBe(
      Math.floor(usage.stage.now / 86_400) + 9,
    );
    expect(await usage.explain('user 39')).toMatchObject({ counted: true });
  });

  it('have the limit of their end, the peak, refusals and late reports', async () => {
    await usage.license({ included_users: 2, seat_policy: { leave: 'free' } });
    await usage.admit('anna');
    await usage.admit('bert');
    await usage.admit('carl');
    await usage.admit('carl');
    await usage.left('bert');
    await usage.seen({ subject: 'dora', at: usage.stage.now - 5 * 86_400 });
    await usage.flush();
    await usage.license({ included_users: 7, seat_policy: { leave: 'free' } });
    await usage.admit('anna');
    usage.days(1);
    const [day] = (await usage.get(`history${range(usage, 2)}`)).days as object[];
    expect(day).toMatchObject({
      used: 2,
      peak: 2,
      denials: 2,
      late: 1,
      limit: 7,
      licensed: true,
      observed: true,
    });
  });

  it('have the peak of the license before, where a new one counts fewer', async () => {
    const year = new Date(usage.stage.now * 1000).getUTCFullYear() + 1;
    // The last day of a month.
    usage.days(Date.parse(`${year}-01-31`) / 86_400_000 - Math.floor(usage.stage.now / 86_400));
    await usage.license({ included_users: 9, anonymousRatio: 1 });
    for (const subject of ['a', 'b', 'c']) await usage.admit(subject);
    usage.days(1);
    await usage.admit('d');
    await usage.admit('tablet', { kind: 'device' });
    expect((await usage.usage()).used).toBe(5);
    await usage.license({ included_users: 9, seat_policy: { window: 'calendar-month' } });
    await usage.admit('e');
    expect((await usage.usage()).used).toBe(2);
    usage.days(1);
    const { days } = await usage.get(`history${range(usage, 1)}`);
    expect(days).toMatchObject([{ day: `${year}-02-01`, used: 2, peak: 5 }]);
  });

  it('are closed once, and never change', async () => {
    await usage.license();
    await usage.admit('anna');
    usage.days(1);
    const before = await usage.get(`history${range(usage, 2)}`);
    await usage.seen({ subject: 'bert', at: usage.stage.now - 86_400 });
    await usage.flush();
    await usage.stage.restart();
    usage.days(1);
    expect(await usage.get(`history${range(usage, 2)}`)).toEqual(before);
    expect((await usage.usage()).used).toBe(2);
  });

  it.each([3, 40, -3])('are not closed by a clock that is set by %d days for hours', async (days) => {
    usage.days(1);
    await usage.license({ included_users: 5 });
    await usage.admit('anna');
    const before = (await usage.get('history')).days;
    const { clock } = usage.stage.service;
    clock.set(clock.now() + days * 86_400_000);
    await usage.admit('bert');
    clock.advance(3 * 3_600_000);
    await usage.seen({ subject: 'carl' });
    await usage.flush();
    expect(await usage.stage.query('SELECT count(*) AS days FROM usage_day')).toEqual([
      { days: String(before.length) },
    ]);
    clock.set(clock.now() - days * 86_400_000);
    expect((await usage.usage()).used).toBe(3);
    const [{ latest } = { latest: 0 }] = await usage.stage.query<{ latest: number }>(
      'SELECT max(last_day) AS latest FROM usage_subject',
    );
    expect(latest).toBe(Math.floor(usage.stage.now / 86_400));
    usage.days(1);
    expect((await usage.get('history')).days.slice(before.length)).toMatchObject([
      { used: 3, observed: true },
    ]);
  });

  it('are closed at once when the machine wakes up', async () => {
    await usage.license();
    await usage.admit('anna');
    usage.stage.service.clock.sleep(3 * 86_400_000);
    expect((await usage.get('history')).days).toHaveLength(3);
  });

  it('are closed after a week without a process, by the terms that were known last', async () => {
    await usage.license({ included_users: 5 });
    await usage.admit('anna');
    await usage.stage.restart();
    usage.days(25);
    await usage.admit('bert');
    usage.days(7);
    await usage.admit('carl');
    const { days } = await usage.get(`history${range(usage, 33)}`);
    expect(days).toHaveLength(32);
    expect(days.map(({ used }: { used: number }) => used)).toEqual([
      ...Array.from({ length: 25 }, () => 1),
      ...Array.from({ length: 5 }, () => 2),
      ...[1, 1],
    ]);
    expect(days.at(-1)).toMatchObject({ limit: 5, observed: false });
  });

  it('are a chain of hashes, as JSON Lines and CSV', async () => {
    await usage.license({ lid: '=1+1' });
    for (let day = 0; day < 3; day += 1) {
      await usage.admit(`user ${day}`);
      usage.days(1);
    }
    const reply = await usage.stage.service.get(`${USAGE}/ledger${range(usage, 4)}`);
    expect(reply.headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    const entries = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries).toHaveLength(3);
    expect(findChainFault(entries, '0'.repeat(64))).toBeUndefined();
    entries[1].used += 1;
    expect(findChainFault(entries)).toEqual({ index: 1, fault: 'changed' });
    const csv = await usage.stage.service.call('GET', `${USAGE}/ledger`, { headers: { Accept: 'text/csv' } });
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, first] = csv.text.split('\r\n');
    expect(head).toMatch(/^active_admins_and_editors,.*policy\.mode.*hash/);
    expect(first).toContain("'=1+1");
    const none = await usage.stage.service.call('GET', `${USAGE}/ledger?from=2020-01-01&to=2020-01-02`, {
      headers: { Accept: 'text/csv' },
    });
    expect([none.status, none.text]).toEqual([200, '']);
  });

  it.each(['from=x', 'from=2026-02-30', 'from=2026-02-02&to=2026-02-01', 'from=2020-01-01&to=2026-01-01'])(
    'of %s are refused',
    async (query) => {
      for (const path of ['history', 'ledger'])
        expect((await usage.stage.service.get(`${USAGE}/${path}?${query}`)).status).toBe(400);
    },
  );
});

/** The days before today. */
function range(usage: UsageStage, days: number): string {
  const iso = (offset: number) =>
    new Date((usage.stage.now - offset * 86_400) * 1000).toISOString().slice(0, 10);
  return `?from=${iso(days)}&to=${iso(1)}`;
}
