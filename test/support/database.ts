import { randomUUID } from 'node:crypto';
import { cpSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DatabaseLocation } from '../../src/config/setting.js';

/** Which tables a new database has: those of the latest migrations of one program, or none. */
export type Tables = 'none' | 'service' | 'issuer';

/** A database of its own for a test file: without rows, and gone afterwards. */
export interface TestDatabase {
  readonly location: DatabaseLocation;
  /** What `DATABASE_URL` says for it. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Where there is a PostgreSQL for the tests; without one they run on the embedded database. */
export const POSTGRES_URL = process.env.TEST_DATABASE_URL || undefined;

/** On PostgreSQL when `TEST_DATABASE_URL` names one, else embedded. */
export async function testDatabase(tables: Tables = 'service'): Promise<TestDatabase> {
  return POSTGRES_URL === undefined ? embeddedDatabase(tables) : postgresDatabase(POSTGRES_URL, tables);
}

/** The directory of an embedded database to copy; global-setup.mjs made it. */
export function embeddedTemplate(tables: Tables): string {
  const directory = process.env.TEST_TEMPLATE_DIRECTORY;
  if (directory === undefined) throw new Error('the run has no database to copy: see global-setup.mjs');
  return join(directory, tables);
}

/** Puts databases where the programs look for them by default. @param directory - the working directory */
export function copyDatabases(directory: string): void {
  cpSync(embeddedTemplate('service'), join(directory, 'data', 'pglite'), { recursive: true });
  cpSync(embeddedTemplate('issuer'), join(directory, 'data', 'authority'), { recursive: true });
}

/** An embedded database: a copy of one that the run began with. */
export async function embeddedDatabase(tables: Tables = 'service'): Promise<TestDatabase> {
  const root = await mkdtemp(join(tmpdir(), 'licentia-test-'));
  const directory = join(root, 'database');
  await cp(embeddedTemplate(tables), directory, { recursive: true });
  return {
    location: { kind: 'embedded', directory },
    url: `pglite://${directory}`,
    drop: () => rm(root, { recursive: true, force: true }),
  };
}

/**
 * A database of its own on the server of `serverUrl`.
 * @param tables - others than none only on the server of {@link POSTGRES_URL}, where the run has made them
 */
export async function postgresDatabase(serverUrl: string, tables: Tables = 'none'): Promise<TestDatabase> {
  const name = `licentia_test_${randomUUID().replaceAll('-', '')}`;
  const template = tables === 'none' ? '' : ` TEMPLATE ${process.env.TEST_TEMPLATE_PREFIX}${tables}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}${template}`);
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
