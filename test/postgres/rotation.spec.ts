import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { POSTGRES_URL } from '../support/database.js';
import { describeWithOwnSessions } from '../support/own-sessions.js';
import { ServiceProcess } from '../support/service-process.js';

describeWithOwnSessions('The credentials of the database in a file', () => {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const [owner, before, after, late, database] = ['owner', 'before', 'after', 'late', 'db'].map(
    (name) => `licentia_rotation_${name}_${id}`,
  ) as [string, string, string, string, string];
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
      ...[before, after, late, owner].map((role) => `DROP ROLE IF EXISTS ${role}`),
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

  it('keep working while the new ones do not work yet: one warning, and they are used once they work', async () => {
    await onServer(
      `DROP ROLE IF EXISTS ${before}`,
      ...login(before),
      ...login(late),
      `ALTER ROLE ${late} NOLOGIN`,
    );
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: await name(before) });
    try {
      const roles = async () => {
        const client = new pg.Client({ connectionString: POSTGRES_URL });
        await client.connect();
        const found = await client.query<{ usename: string }>(
          `SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = '${database}'`,
        );
        await client.end();
        return found.rows.map(({ usename }) => usename);
      };
      let number = 0;
      /** More at a time than there are sessions: new ones are made. */
      const write = async () => {
        const calls = Array.from({ length: 20 }, async () => {
          const account = { name: `late ${(number += 1)}`, role: 'Viewer' };
          return (await service.call('POST', '/api/serviceaccounts', account)).status;
        });
        return new Set(await Promise.all(calls));
      };
      const warnings = () =>
        service.output.split('\n').filter((line) => line.includes('a connection with the new content fails'));

      await name(late);
      await service.said('DATABASE_URL_FILE changed');
      const began = performance.now();
      while (performance.now() - began < 6_000) expect(await write()).toEqual(new Set([201]));
      expect(await roles()).toEqual([before]);
      service.signal('SIGHUP');
      await service.said('"DATABASE_URL_FILE":"not used yet');
      expect(warnings().map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({ level: 40, reason: expect.stringMatching(/not permitted to log in/) }),
      ]);

      await onServer(`ALTER ROLE ${late} LOGIN`);
      // Far below a minute, and no matter how busy the machine is.
      const allowed = performance.now();
      await service.said('new connections use what it says');
      expect(performance.now() - allowed).toBeLessThan(20_000);
      expect(await write()).toEqual(new Set([201]));
      while ((await roles()).includes(before)) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await roles()).toEqual([late]);
      expect(warnings()).toHaveLength(1);
    } finally {
      await service.kill('SIGTERM');
    }
  });
});
