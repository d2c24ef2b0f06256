import pg from 'pg';
import { ChangeListener } from '../../src/database/change-listener.js';
import type { Environment } from '../../src/config/environment.js';
import { POSTGRES_URL, postgresDatabase, type TestDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { itWithOwnSessions } from '../support/own-sessions.js';
import { TestService } from '../support/service.js';

const POLL_MS = 3_000;
/** A notification takes milliseconds; the rest is for a busy machine. */
const NOTIFIED_WITHIN_MS = 1_500;
/** For a look that is under way, and a busy machine. */
const SLACK_MS = 1_000;
/** Longer than the longest interval of what a replica does by itself. */
const IDLE_MS = 12_500;

describe('How often a replica asks PostgreSQL', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let writer: TestService;
  let reader: TestService;
  let server: pg.Client;
  let uploads: number;

  beforeEach(async () => {
    database = await postgresDatabase(POSTGRES_URL as string, 'service');
    issuer = await FakeIssuer.start();
    const direct = new URL(process.env.TEST_DATABASE_DIRECT_URL ?? database.url);
    direct.pathname = new URL(database.url).pathname;
    server = new pg.Client({ connectionString: direct.href });
    await server.connect();
    uploads = 0;
  });

  afterEach(async () => {
    await writer.stop();
    await reader?.stop();
    await server.end();
    await issuer.stop();
    await database.drop();
  });

  const start = async (environment: Environment) =>
    TestService.start(database, { ISSUER_URL: issuer.url, ...environment });
  const listenerOf = (service: TestService) => service.running.application.nest.get(ChangeListener);

  /** Uploads to one replica. @returns after how many milliseconds the other one answers with it */
  async function delay(): Promise<number> {
    uploads += 1;
    const jti = `upload-${uploads}`;
    const iat = Math.floor(Date.now() / 1000) - 1_000 + uploads;
    expect((await writer.post('/api/licensing/token', { token: issuer.token({ jti, iat }) })).status).toBe(
      200,
    );
    const written = performance.now();
    while ((await reader.get('/api/licensing/token')).body.jti !== jti) await pause(20);
    return performance.now() - written;
  }

  it('is DATABASE_POLL_MS, where no change is notified', async () => {
    writer = await start({});
    reader = await start({ DATABASE_POLL_MS: String(POLL_MS) });
    await listenerOf(reader).beforeApplicationShutdown();
    await delay();
    // This one was written just after a poll.
    const second = await delay();
    expect(second).toBeGreaterThan(POLL_MS / 2);
    expect(second).toBeLessThan(POLL_MS + SLACK_MS);
  }, 30_000);

  itWithOwnSessions(
    'changes nothing for one that listens; one that is cut off sees changes in time, and listens again',
    async () => {
      writer = await start({});
      reader = await start({ DATABASE_POLL_MS: String(POLL_MS) });
      await until(() => listenerOf(reader).isListening);
      await delay();
      expect(await delay()).toBeLessThan(NOTIFIED_WITHIN_MS);

      const cut = await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      expect(cut.rowCount).toBeGreaterThan(0);
      await until(() => !listenerOf(reader).isListening);
      expect((await reader.get('/metrics')).text).toMatch(/^licentia_snapshot_listening 0$/m);
      expect(await delay()).toBeLessThan(POLL_MS + SLACK_MS);

      await until(() => listenerOf(reader).isListening);
      await delay();
      expect(await delay()).toBeLessThan(NOTIFIED_WITHIN_MS);
    },
    60_000,
  );

  itWithOwnSessions(
    'lets an idle database sleep: nothing is asked meanwhile, not even for a lost connection',
    async () => {
      writer = await start({ DATABASE_POLL_MS: '600000', AUTO_REFRESH_LICENSE: 'true' });
      await writer.post('/api/licensing/token', { token: issuer.token() });
      await until(() => listenerOf(writer).isListening);
      // Old usage is deleted once an hour, first ten seconds after the start.
      await pause(12_500);
      await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      const slept = await server.query('SELECT clock_timestamp() AS since');
      const asked = [];
      for (const end = performance.now() + IDLE_MS; performance.now() < end; await pause(500)) {
        const { rows } = await server.query(
          `SELECT query FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND greatest(backend_start, query_start) > $1`,
          [slept.rows[0].since],
        );
        asked.push(...rows.map(({ query }: { query: string }) => query));
      }
      expect(asked).toEqual([]);
      expect((await writer.get('/api/licensing/check')).body).toBe(true);
      expect((await writer.get('/metrics')).text).toMatch(/^licentia_database_up 1$/m);
      // What is asked for is read at once.
      expect((await writer.post('/api/licensing/token/renew', {})).status).toBe(200);
    },
    60_000,
  );
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
