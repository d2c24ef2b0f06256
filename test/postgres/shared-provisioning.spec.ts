import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { createLogger } from '../../src/http/logger.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const RELOAD = '/api/admin/provisioning/access-control/reload';
const NAMES = ['one', 'two', 'three', 'four', 'five'];

interface Change {
  readonly action: string;
  readonly target: string;
}

/** A role, and accounts that have it, with a token each. */
function file(keys: ReadonlyMap<string, string>): string {
  const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
  const accounts = [...keys].map(
    ([name, key]) => `  - name: ${name}\n    tokens: [{ name: ci, sha256: '${sha256(key)}' }]\n`,
  );
  const assignments = [...keys.keys()].map((name) => `  - { serviceAccount: ${name}, role: reader }\n`);
  return [
    'apiVersion: 2\nroles:\n',
    '  - { uid: reader, name: custom:reader, permissions: [{ action: licensing:read }] }\n',
    ...['serviceAccounts:\n', ...accounts, 'assignments:\n', ...assignments],
  ].join('');
}

/** When the transactions began that wait for a lock. */
async function waiting(other: Client): Promise<string[]> {
  await other.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await other.query<{ at: string }>(
    `SELECT xact_start::text AS at FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.map(({ at }) => at);
}

describe('Three replicas that provision the same file at once', () => {
  let database: TestDatabase;
  let folder: string;
  let replicas: TestService[] = [];
  const lines: string[] = [];

  const keys = (names: readonly string[]) =>
    new Map(names.map((name) => [name, createServiceAccountToken()]));
  const write = (text: string) => writeFileSync(join(folder, 'access.yaml'), text);
  const faults = () => lines.filter((line) => /"level":[56]0/.test(line));

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'licentia-provisioning-'));
    database = await testDatabase();
    lines.length = 0;
  });

  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    replicas = [];
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
    const settings = { ACCESS_PROVISIONING_PATH: folder };
    const starts = [1, 2, 3].map(async () => TestService.start(database, settings, logger));
    const settled = await Promise.allSettled(starts);
    replicas = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  }

  async function recorded(): Promise<string[]> {
    const { records } = (await (replicas[0] as TestService).get('/api/audit?limit=1000')).body;
    return (records as Change[]).map(({ action, target }) => `${action} ${target}`).sort();
  }

  /** That each thing of the file is there once, recorded once, and counts on every replica. */
  async function expectOnce(tokens: ReadonlyMap<string, string>): Promise<void> {
    const records = await recorded();
    expect(new Set(records).size).toBe(records.length);
    expect(records).toHaveLength(1 + 3 * tokens.size);
    for (const replica of replicas) {
      for (const token of tokens.values())
        expect((await replica.get('/api/licensing/check', { token })).status).toBe(200);
    }
    const { body } = await (replicas[0] as TestService).get('/api/serviceaccounts/search');
    expect(body.totalCount).toBe(tokens.size);
    expect(faults()).toEqual([]);
  }

  it('make everything once at the start, and none fails', async () => {
    const tokens = keys(NAMES);
    write(file(tokens));
    await start();
    await expectOnce(tokens);
    const said = lines.map((line) => JSON.parse(line) as { msg: string; changes: number });
    const done = said.filter(({ msg }) => msg === 'access control is provisioned');
    expect(done.map(({ changes }) => changes).sort()).toEqual([0, 0, 1 + 3 * NAMES.length]);
  });

  it('make everything once by the reload, each several times, and find nothing to do afterwards', async () => {
    write('apiVersion: 2\n');
    await start();
    const tokens = keys(NAMES);
    write(file(tokens));
    const calls = [...replicas, ...replicas, ...replicas];
    const replies = await Promise.all(calls.map(async (replica) => replica.post(RELOAD, {})));
    expect(replies.map(({ status }) => status)).toEqual(calls.map(() => 200));
    const counts = replies.map(({ body }) => (body.changes as Change[]).length).filter((count) => count > 0);
    expect(counts).toEqual([1 + 3 * NAMES.length]);
    await expectOnce(tokens);
  });

  it('wait for a change of another replica, and need no lock where there is nothing to do', async () => {
    write('apiVersion: 2\n');
    await start();
    const tokens = keys(NAMES);
    write(file(tokens));
    const [first, second] = replicas as [TestService, TestService];
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT FROM snapshot_version FOR UPDATE');
      const reload = first.post(RELOAD, {});
      // The second that waits is there when the first one has given up.
      const waits = new Set<string>();
      while (waits.size < 2) {
        for (const at of await waiting(other)) waits.add(at);
        await sleep(20);
      }
      await other.query('COMMIT');
      expect((await reload).status).toBe(200);
      await expectOnce(tokens);

      await other.query('BEGIN');
      await other.query('SELECT FROM snapshot_version FOR UPDATE');
      expect((await second.post(RELOAD, {})).body.changes).toEqual([]);
      // A change by hand waits for less, and its answer does not say that the database is away.
      const refused = await second.post('/api/serviceaccounts', { name: 'late' });
      expect([refused.status, refused.body.messageId, refused.body.message]).toEqual([
        503,
        'database.unavailable',
        'The database is busy: another change did not end in time.',
      ]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await other.end();
    }
  });

  it('wait behind the changes of their own replica, which give up first', async () => {
    write('apiVersion: 2\n');
    await start();
    const tokens = keys(['one']);
    write(file(tokens));
    const [first] = replicas as [TestService];
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT FROM snapshot_version FOR UPDATE');
      const reload = first.post(RELOAD, {});
      while ((await waiting(other)).length === 0) await sleep(20);
      // Shortly before it gives up: they are before its second try, and wait so long that this try is overdue.
      await sleep(2_300);
      const creates = [1, 2, 3, 4, 5, 6].map(async (n) =>
        first.post('/api/serviceaccounts', { name: `${n}` }),
      );
      const said = (await Promise.all(creates)).map(
        ({ status, body }) => `${status} ${body.message as string}`,
      );
      expect(new Set(said)).toEqual(
        new Set([
          '503 The database is busy: another change did not end in time.',
          '503 The database is busy: too many changes are waiting.',
        ]),
      );
      await other.query('COMMIT');
      expect((await reload).status).toBe(200);
    } finally {
      await other.end();
    }
  });
});
