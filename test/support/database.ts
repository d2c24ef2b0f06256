import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DatabaseLocation } from '../../src/config/setting.js';

/** A database of its own for a test file: empty, and gone afterwards. */
export interface TestDatabase {
  readonly location: DatabaseLocation;
  /** What `DATABASE_URL` says for it. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Where there is a PostgreSQL for the tests; without one they run on the embedded database. */
export const POSTGRES_URL = process.env.TEST_DATABASE_URL || undefined;

/** On PostgreSQL when `TEST_DATABASE_URL` names one, else embedded. */
export async function testDatabase(): Promise<TestDatabase> {
  return POSTGRES_URL === undefined ? embeddedDatabase() : postgresDatabase(POSTGRES_URL);
}

/** An embedded database: a copy of the empty one that the run began with. */
export async function embeddedDatabase(): Promise<TestDatabase> {
  const template = process.env.TEST_TEMPLATE_DIRECTORY;
  if (template === undefined) throw new Error('the run has no empty database to copy: see global-setup.mjs');
  const root = await mkdtemp(join(tmpdir(), 'licentia-test-'));
  const directory = join(root, 'database');
  await cp(join(template, 'database'), directory, { recursive: true });
  return {
    location: { kind: 'embedded', directory },
    url: `pglite://${directory}`,
    drop: () => rm(root, { recursive: true, force: true }),
  };
}

/** A database of its own on the server of `serverUrl`. */
export async function postgresDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `licentia_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    location: { kind: 'postgres', url: url.href },
    url: url.href,
    drop: () => onServer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
