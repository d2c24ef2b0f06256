import { existsSync } from 'node:fs';
import pg from 'pg';
import { CommitProxy } from '../support/commit-proxy.js';
import { PostgresServer } from '../support/postgres-server.js';

/** Milliseconds. After a kill a server syncs all its files before it lets anybody in: long, on a busy disk. */
const MAX_TEST_MS = 120_000;

describe('a PostgreSQL server of the tests', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query('CREATE TABLE kept (id int)');
  }, MAX_TEST_MS);

  afterAll(() => server.stop());

  const rows = async () => (await server.query('SELECT id FROM kept ORDER BY id')).map((row) => row.id);

  it(
    'keeps what it committed through an orderly end and through a kill',
    async () => {
      await server.query('INSERT INTO kept VALUES (1)');
      await server.shutDown();
      await expect(server.query('SELECT 1')).rejects.toThrow();
      await server.start();
      await server.query('INSERT INTO kept VALUES (2)');
      await server.kill();
      await expect(server.query('SELECT 1')).rejects.toThrow();
      await server.start();
      expect(await rows()).toEqual([1, 2]);
    },
    MAX_TEST_MS,
  );

  it(
    'answers nobody while it is frozen, and then goes on',
    async () => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await server.freeze();
      const answer = client.query('SELECT 1');
      const first = await Promise.race([
        answer,
        new Promise((resolve) => setTimeout(resolve, 500, 'silent')),
      ]);
      expect(first).toBe('silent');
      await server.thaw();
      expect((await answer).rowCount).toBe(1);
      await client.end();
    },
    MAX_TEST_MS,
  );

  it(
    'turns everybody away, when told so, as one that is still starting',
    async () => {
      await server.shutDown();
      await server.refuseEverybody(true);
      await server.launch();
      let code: unknown;
      while (code !== '57P03') {
        code = await server.query('SELECT 1').catch((error: { code?: string }) => error.code);
      }
      await server.kill();
      await server.refuseEverybody(false);
      await server.start();
      await server.query('INSERT INTO kept VALUES (3)');
    },
    MAX_TEST_MS,
  );

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)(
    'loses its client %s it committed, where a proxy cuts the line',
    async (when, stored) => {
      await server.query('TRUNCATE kept');
      const proxy = await CommitProxy.start('127.0.0.1', server.port);
      const client = new pg.Client({ host: '127.0.0.1', port: proxy.port, user: 'postgres' });
      client.on('error', () => undefined);
      await client.connect();
      const cut = proxy.cutCommit(when);
      // A transaction that only reads is no write.
      for (const statement of ['START TRANSACTION', 'SELECT 1', 'COMMIT']) await client.query(statement);
      await client.query('START TRANSACTION');
      await client.query('INSERT INTO kept VALUES ($1)', [4]);
      await expect(client.query('COMMIT')).rejects.toThrow();
      await cut;
      await proxy.stop();
      expect((await rows()).length).toBe(stored);
    },
    MAX_TEST_MS,
  );

  it(
    'leaves nothing behind',
    async () => {
      const own = await PostgresServer.start();
      await own.freeze();
      await own.stop();
      expect(existsSync(own.directory)).toBe(false);
      await expect(own.query('SELECT 1')).rejects.toThrow();
    },
    MAX_TEST_MS,
  );
});
