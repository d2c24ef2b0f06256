import pg from 'pg';
import { DAY } from '../../src/domain/clock.js';
import { SeenBuffer } from '../../src/usage/subjects/seen-buffer.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../support/service.js';

const USAGE = '/api/licensing/usage';
const MAX_WAIT_MS = 1_000;
/** Who waits for a lock of the database, or has it. */
const WAITING = `SELECT count(*) AS waiting FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

describe('an admission that waits for the row of its person', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;
  let client: pg.Client;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
    const token = issuer.token({ included_users: 1, seat_policy: { leave: 'free' } });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    const direct = new URL(process.env.TEST_DATABASE_DIRECT_URL ?? database.url);
    direct.pathname = new URL(database.url).pathname;
    client = new pg.Client({ connectionString: direct.href });
    await client.connect();
  });

  beforeEach(async () => {
    await clear();
  });

  afterAll(async () => {
    await client.end();
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  const admit = async (subject: string, role?: string): Promise<Reply> =>
    service.post(`${USAGE}/admit`, { subject, role });
  const clear = () =>
    client.query('DELETE FROM usage_subject; DELETE FROM usage_count; DELETE FROM usage_denial');
  /** @returns whether so many wait soon: before the service gives up waiting for a lock */
  const waiting = async (count: number): Promise<boolean> => {
    const deadline = performance.now() + MAX_WAIT_MS;
    while (Number((await client.query<{ waiting: string }>(WAITING)).rows[0]?.waiting) < count) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return true;
  };
  /**
   * Starts both, the second one while the first one cannot end: it is kept from a table that it changes last. A busy
   * machine can be too late for that, so it is tried again.
   */
  const cross = async (
    { given, table }: { given: () => Promise<unknown>; table: string },
    first: () => Promise<Reply>,
    second: () => Promise<Reply>,
  ) => {
    for (let tries = 0; tries < 10; tries += 1) {
      await clear();
      await given();
      await client.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
      const one = first();
      const isHeld = await waiting(1);
      const other = second();
      const isCrossed = (await waiting(2)) && isHeld;
      await client.query('COMMIT');
      const replies = await Promise.all([one, other]);
      if (isCrossed) return replies;
    }
    throw new Error('the two never met');
  };
  const counted = async () => {
    const { rows } = await client.query<{ subjects: string; counted: string }>(
      `SELECT (SELECT count(*) FROM usage_subject WHERE freed_at IS NULL) AS subjects,
         (SELECT sum(subjects) FROM usage_count) AS counted`,
    );
    return [Number(rows[0]?.subjects), Number(rows[0]?.counted)];
  };

  const takes = (subject: string) => async () =>
    expect((await admit(subject)).body).toMatchObject({ reason: 'seat-free' });
  const deletes = (subject: string) => async () => service.delete(`${USAGE}/subjects`, { subject });

  it('which is deleted gives the person the seat that this frees', async () => {
    const [deleted, admitted] = await cross(
      { given: takes('anna'), table: 'audit_event' },
      deletes('anna'),
      // A new role changes the row, so it waits for it.
      () => admit('anna', 'editor'),
    );
    expect(deleted.body).toEqual({ deleted: true });
    expect(admitted.body).toMatchObject({ admitted: true, reason: 'seat-free', used: 1, limit: 1 });
    expect(await counted()).toEqual([1, 1]);
    expect((await service.get(USAGE)).body).toMatchObject({ used: 1, roles: { editor: 1, viewer: 0 } });
    const { body } = await service.post(`${USAGE}/explain`, { subject: 'anna' });
    expect(body).toMatchObject({ counted: true, role: 'editor' });
  });

  it('which leaves gives the person the seat that this frees', async () => {
    const [left, admitted] = await cross(
      { given: takes('anna'), table: 'usage_open_day' },
      () => service.post(`${USAGE}/left`, { subject: 'anna' }),
      () => admit('anna', 'editor'),
    );
    expect(left.body).toEqual({ freed: true });
    expect(admitted.body).toMatchObject({ admitted: true, reason: 'seat-free', used: 1, limit: 1 });
    expect(await counted()).toEqual([1, 1]);
  });

  it('which is deleted gives the seat to one of the person and others', async () => {
    let others: Promise<Reply>[] = [];
    const [deleted, admitted] = await cross(
      { given: takes('anna'), table: 'audit_event' },
      deletes('anna'),
      () => {
        const back = admit('anna', 'editor');
        // These are decided before the deletion, or with the one who is back.
        others = ['bert', 'carl', 'dora'].map((name) => admit(name));
        return back;
      },
    );
    const replies = [admitted, ...(await Promise.all(others))];
    expect(deleted.body).toEqual({ deleted: true });
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(replies.filter(({ body }) => body.admitted)).toHaveLength(1);
    expect(await counted()).toEqual([1, 1]);
  });

  it('which another replica writes meanwhile finds the person active, also at the limit', async () => {
    const { subject } = (await service.post(`${USAGE}/explain`, { subject: 'anna' })).body;
    const today = Math.floor(service.clock.now() / 1000 / DAY);
    await client.query('BEGIN; LOCK TABLE usage_count IN ACCESS EXCLUSIVE MODE');
    const admitted = admit('anna');
    // It has looked for the person, and waits to read the counts.
    await waiting(1);
    await client.query(
      `INSERT INTO usage_subject (subject, role, first_day, last_day, role_at)
       VALUES ($1, 'viewer', $2::int, $2::int, $2::bigint * ${DAY})`,
      [subject, today],
    );
    await client.query(`INSERT INTO usage_count VALUES ($1, 'viewer', 0, 1)`, [today]);
    await client.query('COMMIT');
    expect((await admitted).body).toMatchObject({ admitted: true, reason: 'already-active', used: 1 });
    expect(await counted()).toEqual([1, 1]);
  });

  it('finds the person active by a report that another admission is writing down', async () => {
    const buffer = service.running.application.nest.get(SeenBuffer);
    // It writes nothing by itself any more.
    await buffer.beforeApplicationShutdown();
    const given = async () => {
      await takes('bert')();
      expect((await service.post(`${USAGE}/seen`, { events: [{ subject: 'nora' }] })).status).toBe(202);
    };
    const replies = await cross(
      { given, table: 'usage_subject' },
      () => admit('nora'),
      () => admit('nora'),
    );
    for (const { body } of replies)
      expect(body).toMatchObject({ admitted: true, reason: 'already-active', used: 2, limit: 1 });
    expect([buffer.size, await counted()]).toEqual([0, [2, 2]]);
  });
});
