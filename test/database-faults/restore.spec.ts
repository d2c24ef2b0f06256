import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fill, PROGRAMS, type Shape, shapesOf } from '../schema/shape.js';
import { postgresDatabase, type TestDatabase } from '../support/database.js';
import { PostgresServer } from '../support/postgres-server.js';
import { ServiceProcess } from '../support/service-process.js';
import { eventually, Stage } from './stage.js';

const COPY = 'licentia_copy';
/** Of the fixtures: it may read licenses. */
const READER = 'licsa_51gYWqKinQyjMzJmZGL5RBAVoZAb3JjE_ca712098';

describe('a backup that is restored under a running service', () => {
  let server: PostgresServer;
  let stage: Stage;
  let elsewhere: ServiceProcess;

  /** Runs one of PostgreSQL's programs, as docs/operations.md has it. */
  const run = async (program: string, database: string, ...args: string[]) =>
    promisify(execFile)(
      join(process.env.TEST_POSTGRES_BIN as string, program),
      [...args, `--dbname=${server.url.replace(/postgres$/, database)}`],
      // Of two that wait for each other, the service gives way and tries again.
      { env: { ...process.env, PGOPTIONS: '-c deadlock_timeout=20s' } },
    );
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

  it('is waited for by what reads meanwhile: nothing looks empty', async () => {
    const here = await stage.join();
    const key = await makeKey('through a restore', here);
    const { id } = (await stage.call('POST', '/api/serviceaccounts', { name: 'kept' }, here)).body;
    await stage.install();
    const dump = join(server.directory, 'backup.dump');
    const script = join(server.directory, 'restore.sql');
    await run('pg_dump', 'licentia', '--format=custom', `--file=${dump}`);
    await promisify(execFile)(join(process.env.TEST_POSTGRES_BIN as string, 'pg_restore'), [
      ...['--clean', '--if-exists', `--file=${script}`, dump],
    ]);
    const before = here.output.length;
    let restoring = true;
    const paths = [
      `/api/serviceaccounts/${id}/tokens`,
      '/api/licensing/token',
      '/api/licensing/token/history',
    ];
    const answers = new Set<string>();
    const readers = paths.map(async (path) => {
      while (restoring) {
        const { status, body } = await stage.call('GET', path, undefined, here);
        // A read that waited too long is told so; it is never told of nothing.
        if (status !== 503) answers.add(`${path} ${status}`);
        if (status === 200 && path.endsWith('/history')) answers.add(`events: ${body.changes.length > 0}`);
      }
    });
    const callers = [key, 'glsa_unknown'].map(async (token) => {
      while (restoring) {
        answers.add(`${token === key ? 'known' : 'unknown'} ${await statusOf(token, here)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    // Those who read wait for its end, with a view of the database from before it.
    const hold = 'SELECT pg_sleep(0.5)';
    for (let times = 0; times < 3; times += 1) {
      await run(
        'psql',
        'licentia',
        '--single-transaction',
        '--quiet',
        `--file=${script}`,
        `--command=${hold}`,
      );
    }
    restoring = false;
    await Promise.all([...readers, ...callers]);
    expect([...answers].sort()).toEqual(
      [...paths.map((path) => `${path} 200`), 'events: true', 'known 403', 'unknown 401'].sort(),
    );
    expect(here.output.slice(before)).not.toMatch(/EntityNotFound|internal-error/);
  }, 60_000);

  describe.each(PROGRAMS)('of an earlier release of the $name, as docs/operations.md has it,', (program) => {
    const databases: TestDatabase[] = [];
    const nameOf = ({ url }: TestDatabase) => new URL(url).pathname.slice(1);
    const migrate = async ({ url }: TestDatabase) => {
      const spawn = program.name === 'issuer' ? 'spawnIssuer' : 'spawn';
      const migrating = ServiceProcess[spawn]({ DATABASE_URL: url }, '--migrate');
      return [await migrating.end(), migrating.output] as const;
    };

    async function create(): Promise<TestDatabase> {
      const database = await postgresDatabase(server.url);
      databases.push(database);
      return database;
    }

    afterEach(async () => {
      for (const database of databases.splice(0)) await database.drop();
    });

    it.each([0, -2].map((index) => shapesOf(program).at(index) as Shape))(
      'is brought up to date in a new database: $migration',
      async (shape) => {
        const [old, fresh] = [await create(), await create()];
        await fill(shape, old);
        const dump = join(server.directory, 'older.dump');
        await run('pg_dump', nameOf(old), '--format=custom', `--file=${dump}`);
        await run('pg_restore', nameOf(fresh), '--single-transaction', '--no-owner', dump);
        expect(await migrate(fresh)).toEqual([0, expect.stringMatching(/The tables are up to date\.\n$/)]);
        if (program.name === 'issuer') return;
        const service = await ServiceProcess.start({ DATABASE_URL: fresh.url, DATABASE_MIGRATIONS: 'check' });
        try {
          expect(await statusOf(READER, service)).toBe(200);
        } finally {
          await service.kill('SIGTERM');
        }
      },
    );

    it('cannot be restored in place, as tables of the newer release are in the way', async () => {
      const [first, newest] = [shapesOf(program).at(0), shapesOf(program).at(-1)];
      const [old, current] = [await create(), await create()];
      await fill(first as Shape, old);
      await fill(newest as Shape, current);
      const dump = join(server.directory, 'older.dump');
      await run('pg_dump', nameOf(old), '--format=custom', `--file=${dump}`);
      const args = ['--clean', '--if-exists', '--single-transaction', '--no-owner', dump];
      await expect(run('pg_restore', nameOf(current), ...args)).rejects.toThrow('other objects depend on it');
    });
  });

  it('ends what a database without tables caused, which the service said and stayed up', async () => {
    const here = await stage.join();
    await stage.install();
    const dump = join(server.directory, 'backup.dump');
    await run('pg_dump', 'licentia', '--format=custom', `--file=${dump}`);
    await server.query('DROP DATABASE licentia WITH (FORCE)');
    await server.query('CREATE DATABASE licentia');
    const health = async () => (await stage.call('GET', '/api/health', undefined, here)).body;
    await eventually(async () => (await health()).reason === 'tables-missing');
    for (const until = performance.now() + 3_000; performance.now() < until;) {
      expect(await health()).toMatchObject({ database: 'failing', reason: 'tables-missing' });
      expect(await stage.call('GET', '/readyz', undefined, here)).toMatchObject({
        status: 200,
        body: { status: 'ready', reason: 'tables-missing' },
      });
      expect((await stage.call('GET', '/api/licensing/check', undefined, here)).body).toBe(true);
      const refused = await stage.call('POST', '/api/serviceaccounts', { name: 'refused' }, here);
      expect([refused.status, refused.body.messageId]).toEqual([503, 'database.unavailable']);
    }
    // One sentence, however often it is asked; the other lines are those of the refused requests.
    const said = here.output.split('\n').filter((line) => line.includes('"context":"Database"'));
    expect(said.at(-1)).toContain('"level":50');
    expect(said.filter((line) => line.includes('Restore the database from a backup'))).toHaveLength(1);
    await run('pg_restore', 'licentia', '--single-transaction', dump);
    await eventually(async () => (await health()).database === 'ok');
    await here.said('the database can be used again');
    expect(
      (await stage.call('POST', '/api/serviceaccounts', { name: 'after the tables' }, here)).status,
    ).toBe(201);
  }, 60_000);
});
