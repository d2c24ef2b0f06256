import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { ChangeListener } from '../../src/database/change-listener.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { CHANGES } from '../../src/snapshot/snapshot-version.store.js';
import { POSTGRES_URL, postgresDatabase, type TestDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { itWithOwnSessions } from '../support/own-sessions.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestService } from '../support/service.js';

const CHANNEL = 'a channel of the test';

let database: TestDatabase;
let dataSource: DataSource;
let listener: ChangeListener;
let changes: number;
/** Past any pooler: what a pooled session listens for is another client's as well. */
let server: pg.Client;

beforeEach(async () => {
  database = await postgresDatabase(POSTGRES_URL as string, 'service');
  dataSource = new DataSource(dataSourceOptions(database.location, SERVICE_SCHEMA));
  await dataSource.initialize();
  const direct = new URL(process.env.TEST_DATABASE_DIRECT_URL ?? database.url);
  direct.pathname = new URL(database.url).pathname;
  server = new pg.Client({ connectionString: direct.href });
  await server.connect();
  changes = 0;
  listener = new ChangeListener(dataSource);
  listener.start(CHANNEL, 0, () => (changes += 1));
});

afterEach(async () => {
  await listener.beforeApplicationShutdown();
  await server.end();
  await dataSource.destroy();
  await database.drop();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function hears(): Promise<void> {
  const before = changes;
  await server.query('SELECT pg_notify($1, $2)', [CHANNEL, '']);
  await until(() => changes > before);
}

describe('The connection that listens', () => {
  itWithOwnSessions('hears what is notified, and again after it was cut', async () => {
    await until(() => listener.isListening);
    await hears();
    const before = changes;
    const cut = await server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    expect(cut.rowCount).toBe(1);
    await until(() => !listener.isListening);
    await until(() => listener.isListening);
    // What was notified meanwhile is looked for.
    expect(changes).toBeGreaterThan(before);
    await hears();
  });

  itWithOwnSessions('is gone after the end, which is no loss to warn of', async () => {
    const warned: unknown[] = [];
    const silent = () => undefined;
    Logger.overrideLogger({ log: silent, error: silent, warn: (message: unknown) => warned.push(message) });
    await until(() => listener.isListening);
    await listener.beforeApplicationShutdown();
    Logger.overrideLogger(false);
    expect(warned).toEqual([]);
    const left = await server.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    expect(left.rowCount).toBe(0);
  });

  itWithOwnSessions('does not keep the process from ending where its line is dead', async () => {
    const url = new URL(database.url);
    const proxy = await TcpProxy.start(url.hostname, Number(url.port));
    url.port = String(proxy.port);
    const options = dataSourceOptions({ kind: 'postgres', url: url.href, tls: undefined }, SERVICE_SCHEMA);
    const distant = new DataSource(options);
    await distant.initialize();
    const overheard = new ChangeListener(distant);
    try {
      overheard.start(CHANNEL, 0, () => undefined);
      await until(() => overheard.isListening);
      proxy.freeze();
      const began = performance.now();
      await overheard.beforeApplicationShutdown();
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(overheard.isListening).toBe(false);
    } finally {
      await proxy.stop();
      await distant.destroy();
    }
  });

  if (process.env.TEST_DATABASE_POOLED) {
    it('is none through a pool of transactions, and leaves no session listening', async () => {
      // Time for more than one try.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect(listener.isListening).toBe(false);
      await server.query('SELECT pg_notify($1, $2)', [CHANNEL, '']);
      expect(changes).toBe(0);
    });
  }
});

describe('A change', () => {
  it('is notified when it is committed, and only then', async () => {
    const issuer = await FakeIssuer.start();
    const service = await TestService.start(database, { ISSUER_URL: issuer.url });
    try {
      let notified = 0;
      server.on('notification', () => (notified += 1));
      await server.query(`LISTEN ${CHANGES}`);
      expect((await service.post('/api/licensing/token', { token: 'none' })).status).toBe(400);
      await server.query('SELECT 1');
      expect(notified).toBe(0);
      expect((await service.post('/api/licensing/token', { token: issuer.token() })).status).toBe(200);
      await until(() => notified > 0);
    } finally {
      await service.stop();
      await issuer.stop();
    }
  });
});
