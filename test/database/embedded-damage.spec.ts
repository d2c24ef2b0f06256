import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { DataSource } from 'typeorm';
import { DIRECTORIES } from '../../src/database/embedded/data-layout.js';
import { embeddedDriver } from '../../src/database/embedded/embedded-driver.js';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';

/** What is in a new data directory besides {@link DIRECTORIES}: Postgres makes it itself, or does without it. */
const NEEDLESS = [
  'base/1',
  'base/4',
  'pg_dynshmem',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_tblspc',
  'pg_wal/archive_status',
  'pg_wal/summaries',
];

const INSERT = 'INSERT INTO written VALUES (1)';

let database: TestDatabase;
let directory: string;
let data: string;
let dataSource: DataSource;

beforeEach(async () => {
  database = await embeddedDatabase('none');
  directory = database.url.replace('pglite://', '');
  data = join(directory, 'pgdata');
  dataSource = new DataSource({ type: 'postgres', driver: embeddedDriver({ directory }), logging: false });
});

afterEach(async () => {
  if (dataSource.isInitialized) await dataSource.destroy().catch(() => undefined);
  await database.drop();
});

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

async function open(): Promise<void> {
  await dataSource.initialize();
  await dataSource.query('CREATE TABLE IF NOT EXISTS written (id integer)');
}

const isDamaged = (what: string) => ({
  name: 'EmbeddedDirectoryError',
  message: `${data} is damaged: ${what}. Restore the directory from a backup (docs/operations.md).`,
});

describe('An embedded database without a directory that Postgres needs', () => {
  it('is damaged, and not opened', async () => {
    for (const name of DIRECTORIES) {
      await rename(join(data, name), join(data, 'elsewhere'));
      expect(await failure(dataSource.initialize())).toMatchObject(
        isDamaged(
          name === 'global' ? 'it has no global/pg_control that can be read' : `it has no directory ${name}`,
        ),
      );
      await rename(join(data, 'elsewhere'), join(data, name));
    }
  });

  it('works without all others', async () => {
    for (const name of NEEDLESS) await rm(join(data, name), { recursive: true });
    for (let times = 0; times < 2; times += 1) {
      await open();
      await dataSource.query(INSERT);
      await dataSource.query('CHECKPOINT');
      await dataSource.destroy();
    }
  });
});

describe('An open embedded database', () => {
  it.each(['pg_logical', 'pg_logical/mappings', 'pg_subtrans'])(
    'takes no more writes a second after %s was deleted, and does not end well',
    async (name) => {
      await open();
      await rm(join(data, name), { recursive: true });
      while ((await failure(dataSource.query(INSERT))) === undefined);
      const lost = `"${name}" was changed, deleted or replaced: the embedded database in ${directory} is not the one`;
      expect((await failure(dataSource.query(INSERT)))?.message).toContain(lost);
      expect((await failure(dataSource.destroy()))?.message).toContain(lost);
    },
  );

  it('does not end well where only its last checkpoint fails, and loses nothing', async () => {
    await open();
    await dataSource.query(INSERT);
    // Postgres removes a file of this name before each checkpoint.
    const obstacle = join(data, 'pg_logical', 'replorigin_checkpoint.tmp');
    await mkdir(obstacle);
    expect(await failure(dataSource.destroy())).toMatchObject({
      name: 'UnfinishedCheckpointError',
      message: expect.stringMatching(
        /^The embedded database in \S+ could not be closed in order: .*replorigin_checkpoint\.tmp.* the next start recovers/,
      ),
    });
    await rmdir(obstacle);
    const next = new DataSource({ type: 'postgres', driver: embeddedDriver({ directory }), logging: false });
    await next.initialize();
    expect(await next.query('SELECT id FROM written')).toEqual([{ id: 1 }]);
    await next.destroy();
  });

  it('is lost, and blocks nothing, where a named pipe takes the place of pg_control', async () => {
    await open();
    const control = join(data, 'global', 'pg_control');
    execFileSync('mkfifo', [`${control}.pipe`]);
    await rename(`${control}.pipe`, control);
    expect((await failure(dataSource.query(INSERT)))?.message).toContain(
      'is not the one that this process opened',
    );
  });
});

describe('An embedded database with a named pipe in the place of a file', () => {
  it('is damaged, and blocks nothing', async () => {
    for (const name of [
      'PG_VERSION',
      'global/pg_control',
      'postgresql.conf',
      'pg_xact/0000',
      'base/5/1259',
    ]) {
      await rename(join(data, name), join(directory, '..', 'aside'));
      execFileSync('mkfifo', [join(data, name)]);
      expect(await failure(dataSource.initialize())).toMatchObject(
        isDamaged(`its ${name} is no regular file`),
      );
      await rename(join(directory, '..', 'aside'), join(data, name));
    }
  });

  it('is found behind a link', async () => {
    execFileSync('mkfifo', [join(directory, '..', 'pipe')]);
    await symlink(join(directory, '..', 'pipe'), join(data, 'link'));
    expect(await failure(dataSource.initialize())).toMatchObject(isDamaged('its link is no regular file'));
  });
});

describe('An embedded database behind a symbolic link', () => {
  const isUnreachable = (path: string) => ({
    name: 'EmbeddedDirectoryError',
    message:
      `${path} is a symbolic link that an embedded database cannot follow: ` +
      'move what it leads to into its place, or link the whole directory that DATABASE_URL names.',
  });

  it('is not opened where Postgres cannot follow it, and says which one that is', async () => {
    const aside = join(directory, '..', 'aside');
    for (const name of ['pg_wal', 'base/5', 'pg_xact', 'postgresql.conf', 'PG_VERSION', '.']) {
      const path = join(data, name);
      await rename(path, aside);
      for (const target of [aside, relative(dirname(path), aside)]) {
        await symlink(target, path);
        expect(await failure(dataSource.initialize())).toMatchObject(isUnreachable(path));
        await rm(path);
      }
      await rename(aside, path);
    }
    await rename(join(data, 'pg_wal'), join(data, 'log'));
    await symlink(join(data, 'log'), join(data, 'pg_wal'));
    expect(await failure(dataSource.initialize())).toMatchObject(isUnreachable(join(data, 'pg_wal')));
    await rm(join(data, 'pg_wal'));
    await rename(join(data, 'log'), join(data, 'pg_wal'));
    await open();
  });

  it('is opened where the link leads to its neighbor, or to all of it', async () => {
    await rename(join(data, 'pg_wal'), join(data, 'log'));
    await symlink('log', join(data, 'pg_wal'));
    await rename(directory, `${directory}-moved`);
    await symlink(`${directory}-moved`, directory);
    await open();
    await dataSource.destroy();
    await rm(directory);
    await rename(`${directory}-moved`, directory);
  });
});
