import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describeWithOwnSessions, POSTGRES_URL } from '../support/database.js';
import { ServiceProcess } from '../support/service-process.js';

describeWithOwnSessions('The credentials of the database in a file', () => {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const [owner, before, after, database] = ['owner', 'before', 'after', 'db'].map(
    (name) => `licentia_rotation_${name}_${id}`,
  ) as [string, string, string, string];
  let directory: string;

  async function onServer(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: POSTGRES_URL });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  const login = (role: string) => [
    `CREATE ROLE ${role} LOGIN PASSWORD '${role}' IN ROLE ${owner}`,
    `ALTER ROLE ${role} SET role = ${owner}`,
  ];

  /** As secret managers do it: the file is replaced, not written over. */
  async function name(role: string): Promise<string> {
    const url = new URL(POSTGRES_URL as string);
    Object.assign(url, { username: role, password: role, pathname: `/${database}` });
    const path = join(directory, 'database_url');
    await writeFile(`${path}.new`, `${url.href}\n`);
    await rename(`${path}.new`, path);
    return path;
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-rotation-'));
    await onServer(
      `CREATE ROLE ${owner} NOLOGIN`,
      ...login(before),
      `CREATE DATABASE ${database} OWNER ${owner}`,
    );
  });

  afterAll(async () => {
    await onServer(
      `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`,
      ...[before, after, owner].map((role) => `DROP ROLE IF EXISTS ${role}`),
    );
    await rm(directory, { recursive: true });
  });

  it('can be rotated under load: no write fails, also with the old role gone, and nothing restarts', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: await name(before) });
    try {
      const statuses: number[] = [];
      let writing = true;
      const write = async (writer: number) => {
        for (let number = 0; writing; number += 1) {
          const account = { name: `account ${writer} ${number}`, role: 'Viewer' };
          statuses.push((await service.call('POST', '/api/serviceaccounts', account)).status);
        }
      };
      const writers = [0, 1, 2, 3].map(write);
      await onServer(...login(after));
      await name(after);
      await service.said('DATABASE_URL_FILE changed');
      const sessions = async () => {
        const client = new pg.Client({ connectionString: POSTGRES_URL });
        await client.connect();
        const found = await client.query(`SELECT 1 FROM pg_stat_activity WHERE usename = '${before}'`);
        await client.end();
        return found.rows.length;
      };
      while ((await sessions()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      await onServer(`DROP ROLE ${before}`);
      const soFar = statuses.length;
      while (statuses.length < soFar + 40) await new Promise((resolve) => setTimeout(resolve, 50));
      writing = false;
      await Promise.all(writers);
      expect(new Set(statuses)).toEqual(new Set([201]));
      service.signal('SIGHUP');
      await service.said('"DATABASE_URL_FILE":"unchanged"');
    } finally {
      await service.kill('SIGTERM');
    }
  });
});
