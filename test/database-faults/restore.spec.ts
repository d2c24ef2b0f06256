import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PostgresServer } from '../support/postgres-server.js';
import type { ServiceProcess } from '../support/service-process.js';
import { eventually, Stage } from './stage.js';

const COPY = 'licentia_copy';

describe('a backup that is restored under a running service', () => {
  let server: PostgresServer;
  let stage: Stage;
  let elsewhere: ServiceProcess;

  /** Runs one of PostgreSQL's programs, as docs/operations.md has it. */
  const run = async (program: string, database: string, ...args: string[]) =>
    promisify(execFile)(join(process.env.TEST_POSTGRES_BIN as string, program), [
      ...args,
      `--dbname=${server.url.replace(/postgres$/, database)}`,
    ]);
  const versionOf = async (database: string) =>
    (await server.query<{ version: string }>('SELECT version FROM snapshot_version', [], database))[0]
      ?.version;

  /** A new account's key: it may nothing, and so is answered 403 where it is known and 401 where it is not. */
  async function makeKey(name: string, service?: ServiceProcess): Promise<string> {
    const account = await stage.call('POST', '/api/serviceaccounts', { name }, service);
    const path = `/api/serviceaccounts/${account.body.id}/tokens`;
    return (await stage.call('POST', path, { name: 'key' }, service)).body.key as string;
  }

  const statusOf = async (key: string, service: ServiceProcess) =>
    (
      await fetch(`${service.url}/api/licensing/check`, {
        headers: { Authorization: `Bearer ${key}` },
      })
    ).status;

  beforeAll(async () => {
    server = await PostgresServer.start();
    stage = await Stage.set(server);
    await server.query(`CREATE DATABASE ${COPY}`);
    const dump = join(server.directory, 'backup.dump');
    await run('pg_dump', 'licentia', '--format=custom', `--file=${dump}`);
    await run('pg_restore', COPY, dump);
    elsewhere = await stage.join(server.url.replace(/postgres$/, COPY));
  }, 120_000);

  afterAll(async () => {
    await (stage?.strike() ?? Promise.resolve()).finally(() => server?.stop());
  }, 60_000);

  it('counts though its counter is the same: keys that are gone are refused', async () => {
    const here = await stage.join();
    const gone = await makeKey('gone', here);
    const kept = await makeKey('of the backup', elsewhere);
    expect(await versionOf(COPY)).toBe(await versionOf('licentia'));
    expect([await statusOf(gone, here), await statusOf(kept, here)]).toEqual([403, 401]);
    expect([await statusOf(gone, here), await statusOf(kept, elsewhere)]).toEqual([403, 403]);
    const dump = join(server.directory, 'backup.dump');
    await run('pg_dump', COPY, '--format=custom', `--file=${dump}`);
    await run('pg_restore', 'licentia', '--clean', '--if-exists', '--single-transaction', dump);
    await eventually(async () => (await statusOf(gone, here)) === 401);
    await eventually(async () => (await statusOf(kept, here)) === 403);
    expect((await stage.call('GET', '/api/licensing/check', undefined, here)).body).toBe(true);
    // And it goes on from there: what is written now is seen elsewhere.
    expect(await statusOf(await makeKey('after it', here), here)).toBe(403);
  }, 60_000);
});
