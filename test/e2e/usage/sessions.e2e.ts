import { UsageRetention } from '../../../src/usage/usage-retention.js';
import { USAGE, UsageStage } from './usage-stage.js';

describe('sessions', () => {
  let usage: UsageStage;

  beforeAll(async () => {
    usage = await UsageStage.open({ USAGE_SESSION_IDLE_SECONDS: '60' });
  });

  afterEach(async () => {
    await usage.clear();
  });

  afterAll(async () => {
    await usage.close();
  });

  const put = async (session: string, subject = 'anna') => {
    const reply = await usage.stage.service.call('PUT', `${USAGE}/sessions/${session}`, {
      body: { subject },
    });
    usage.stage.service.clock.advance(1_000);
    return reply.body;
  };

  it('beyond those of the license are named, the longest idle ones, until they end', async () => {
    await usage.license({ max_concurrent_user_sessions: 2 });
    expect(await put('a')).toEqual({ allowed: true, end: [] });
    expect(await put('b')).toEqual({ allowed: true, end: [] });
    expect(await put('x', 'bert')).toEqual({ allowed: true, end: [] });
    expect(await put('c')).toEqual({ allowed: true, end: ['a'] });
    expect(await put('c')).toEqual({ allowed: true, end: ['a'] });
    expect((await usage.stage.service.delete(`${USAGE}/sessions/a`)).body).toEqual({});
    expect(await put('c')).toEqual({ allowed: true, end: [] });
    expect(await put('a')).toEqual({ allowed: true, end: ['b'] });
  });

  it('of one user are a thousand at most: the longest idle ones are forgotten', async () => {
    await usage.license({ max_concurrent_user_sessions: 0 });
    await put('x', 'bert');
    await put('old');
    await usage.stage.change(
      `INSERT INTO usage_session (session, subject, started_at, last_at)
       SELECT 's' || n, subject, started_at, last_at + 1 FROM usage_session, generate_series(1, 999) AS n
       WHERE session = 'old'`,
    );
    usage.stage.service.clock.advance(2_000);
    await put('new');
    const [row] = await usage.stage.query(
      `SELECT count(*) AS stored, count(*) FILTER (WHERE session IN ('x', 'new')) AS kept,
         count(*) FILTER (WHERE session = 'old') AS forgotten FROM usage_session`,
    );
    expect(row).toEqual({ stored: '1001', kept: '2', forgotten: '0' });
  });

  it('are any number without a limit', async () => {
    await usage.license({ max_concurrent_user_sessions: undefined });
    for (const session of ['a', 'b', 'c']) expect((await put(session)).end).toEqual([]);
  });

  it('that are silent for too long are over, and deleted', async () => {
    await usage.license({ max_concurrent_user_sessions: 1 });
    await put('a');
    usage.stage.service.clock.advance(3_700_000);
    expect((await put('b')).end).toEqual([]);
    await usage.stage.service.running.application.nest.get(UsageRetention).prune();
    const rows = await usage.stage.query('SELECT session FROM usage_session');
    expect(rows).toEqual([{ session: 'b' }]);
  });

  it('have names as subjects have', async () => {
    for (const name of ['%0A', 'a'.repeat(257)]) {
      const reply = await usage.stage.service.call('PUT', `${USAGE}/sessions/${name}`, {
        body: { subject: 'a' },
      });
      expect([reply.status, reply.body.messageId]).toEqual([400, 'bad-request']);
    }
  });

  it('and subjects, refusals and counts are deleted after 13 months, days are not', async () => {
    await usage.license({ included_users: 1 });
    await usage.admit('anna');
    await usage.admit('bert');
    await usage.stage.change(
      `INSERT INTO usage_denial SELECT day, 's' || n, role, reason, times, last_at, used, seats
       FROM usage_denial, generate_series(1, 2500) AS n`,
    );
    usage.days(390);
    await usage.admit('carl');
    await usage.stage.service.running.application.nest.get(UsageRetention).prune();
    expect((await usage.get('subjects')).subjects).toHaveLength(2);
    await usage.stage.change(
      `INSERT INTO usage_subject SELECT 's' || n, role, first_day, last_day, role_at, freed_at
       FROM (SELECT * FROM usage_subject ORDER BY last_day LIMIT 1) AS oldest, generate_series(1, 2500) AS n`,
    );
    usage.days(10);
    await usage.stage.service.running.application.nest.get(UsageRetention).prune();
    expect((await usage.get('subjects')).subjects).toHaveLength(1);
    expect((await usage.get('denials')).denials).toEqual([]);
    expect(await usage.stage.query('SELECT sum(subjects) AS sum FROM usage_count')).toEqual([{ sum: '1' }]);
    expect(await usage.stage.query('SELECT count(*) AS days FROM usage_day')).toEqual([{ days: '400' }]);
  });
});
