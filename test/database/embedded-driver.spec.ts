import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, EntitySchema } from 'typeorm';
import { readControlFile } from '../../src/database/embedded/control-file.js';
import { ENGINE } from '../../src/database/embedded/data-directory.js';
import { DirectoryLock, EmbeddedDirectoryInUseError } from '../../src/database/embedded/directory-lock.js';
import type { EmbeddedLocation } from '../../src/database/embedded/embedded-database.js';
import { embeddedDriver } from '../../src/database/embedded/embedded-driver.js';

interface Entry {
  id: string;
  name: string;
  at: Date;
  detail: unknown;
}

const entrySchema = new EntitySchema<Entry>({
  name: 'entry',
  columns: {
    id: { type: 'bigint', primary: true },
    name: { type: 'text', unique: true },
    at: { type: 'timestamptz' },
    detail: { type: 'jsonb', nullable: true },
  },
});

let root: string;
let template: string;
let open: DataSource[] = [];
let processes: ChildProcessByStdio<Writable, Readable, null>[] = [];
let directories = 0;

function dataSourceAt(location: EmbeddedLocation, synchronize = false): DataSource {
  const dataSource = new DataSource({
    type: 'postgres',
    driver: embeddedDriver(location),
    entities: [entrySchema],
    synchronize,
    logging: false,
  });
  open.push(dataSource);
  return dataSource;
}

/** A database directory with the entry table, without the seconds that a new one takes. */
async function copyOfTemplate(name = `copy-${(directories += 1)}`): Promise<string> {
  const directory = join(root, name);
  await cp(template, directory, { recursive: true });
  return directory;
}

/** A process on the directory (see embedded-process.mjs) and the lines that it says. */
function processOn(task: string, directory: string, shell = 'exec "$0" "$@"') {
  const script = join(import.meta.dirname, '../support/embedded-process.mjs');
  const child = spawn('sh', ['-c', shell, process.execPath, script, task, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  processes.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, said: async (): Promise<string> => String((await lines.next()).value) };
}

async function kill(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** Ends one that fails to: to TypeORM it stays initialized. */
async function endOf(dataSource: DataSource): Promise<void> {
  open = open.filter((other) => other !== dataSource);
  await dataSource.destroy();
}

const add = (name: string, id = name.length) => ({ id: String(id), name, at: new Date(0) });
const names = async (dataSource: DataSource): Promise<string[]> =>
  (await dataSource.query<Entry[]>('SELECT name FROM entry ORDER BY name')).map(({ name }) => name);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'embedded-'));
  template = join(root, 'template');
  await (await dataSourceAt({ directory: template }, true).initialize()).destroy();
});

afterEach(async () => {
  await Promise.all(processes.map(kill));
  processes = [];
  await Promise.all(
    open.filter(({ isInitialized }) => isInitialized).map((dataSource) => dataSource.destroy()),
  );
  open = [];
});

afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 10 }));

describe('an embedded database in a directory', () => {
  it('is made for its owner alone and leaves nothing but its data when closed', async () => {
    expect((await stat(template)).mode & 0o777).toBe(0o700);
    expect(await readdir(template)).toEqual(['pgdata']);
  });

  it('has files that are their owner’s alone: new ones, and those that an earlier release left readable for all', async () => {
    const directory = await copyOfTemplate();
    const everybodys = async () => {
      const found: string[] = [];
      for (const name of ['', ...(await readdir(directory, { recursive: true }))]) {
        if (((await stat(join(directory, name))).mode & 0o077) !== 0) found.push(name);
      }
      return found;
    };
    for (const name of ['.', 'pgdata', 'pgdata/base', 'pgdata/PG_VERSION', 'pgdata/global/pg_control']) {
      await chmod(join(directory, name), name.includes('_') ? 0o666 : 0o755);
    }
    expect(await everybodys()).toHaveLength(5);
    const dataSource = await dataSourceAt({ directory }).initialize();
    await dataSource.query('CREATE TABLE made_now (id integer)');
    expect(await everybodys()).toEqual([]);
    await dataSource.destroy();
    expect(await everybodys()).toEqual([]);
  });

  it('has files that their owner may read and write under any umask', async () => {
    const directory = join(root, 'umask');
    const { child, said } = processOn('hold', directory, 'umask 777; exec "$0" "$@"');
    expect(await said()).toBe('open');
    child.stdin.end();
    await once(child, 'exit');
    const denied: string[] = [];
    for (const name of ['', ...(await readdir(directory, { recursive: true }))]) {
      const { mode } = await stat(join(directory, name));
      if ((mode & 0o677) !== 0o600) denied.push(name);
    }
    expect(denied).toEqual([]);
  });

  it('is not made by a process that may open too few files, with the limit and where to raise it', async () => {
    const directory = join(root, 'few-files');
    const { said } = processOn('hold', directory, 'ulimit -n 100; exec "$0" "$@"');
    expect(await said()).toMatch(/may have 100 files .* needs 256: raise the limit \(ulimit -n/);
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps its data when it is closed and opened again, by the same data source too', async () => {
    const directory = await copyOfTemplate();
    const first = await dataSourceAt({ directory }).initialize();
    await first.getRepository(entrySchema).insert(add('kept'));
    await first.destroy();
    await first.initialize();
    expect(await names(first)).toEqual(['kept']);
    await first.destroy();
    expect(await names(await dataSourceAt({ directory }).initialize())).toEqual(['kept']);
  });

  it('opens under a name much longer than the path of a socket may be', async () => {
    const directory = await copyOfTemplate(join('long'.repeat(50), 'name'.repeat(50)));
    await dataSourceAt({ directory }).initialize();
    await expect(dataSourceAt({ directory }).initialize()).rejects.toThrow(EmbeddedDirectoryInUseError);
  });

  it('answers with the types of pg, and errors that are those of pg', async () => {
    const dataSource = await dataSourceAt({ directory: await copyOfTemplate() }).initialize();
    const [row] = await dataSource.query<object[]>(
      `SELECT $1::bigint AS big, $2::timestamptz AS at, $3::jsonb AS json, 7 AS int, 1.50 AS numeric, true AS bool,
              'é'::text AS text, '{a,b}'::text[] AS list, '\\x00ff'::bytea AS bytes, NULL AS nothing`,
      ['9007199254740993', new Date(1_700_000_000_123), { a: [1, null] }],
    );
    expect(row).toEqual({
      big: '9007199254740993',
      at: new Date(1_700_000_000_123),
      json: { a: [1, null] },
      int: 7,
      numeric: '1.50',
      bool: true,
      text: 'é',
      list: ['a', 'b'],
      bytes: Buffer.from([0, 255]),
      nothing: null,
    });
    await dataSource.getRepository(entrySchema).insert(add('once', 1));
    await expect(dataSource.getRepository(entrySchema).insert(add('once', 2))).rejects.toMatchObject({
      driverError: { code: '23505', table: 'entry' },
    });
    await expect(dataSource.query('SELECT 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
    expect(await names(dataSource)).toEqual(['once']);
  });

  it('carries answers and parameters of megabytes', async () => {
    const dataSource = await dataSourceAt({ directory: await copyOfTemplate() }).initialize();
    const text = 'x'.repeat(5_000_000);
    const [row] = await dataSource.query<{ text: string }[]>('SELECT $1::text AS text', [text]);
    expect(row?.text === text).toBe(true);
  });

  it('has the schema that TypeORM made and sees nothing to change in it', async () => {
    const dataSource = await dataSourceAt({ directory: await copyOfTemplate() }).initialize();
    expect((await dataSource.driver.createSchemaBuilder().log()).upQueries).toEqual([]);
  });
});

describe('the one connection of an embedded database', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await dataSourceAt({ memory: true }, true).initialize();
    open = [];
  });
  beforeEach(() => dataSource.getRepository(entrySchema).clear());
  afterAll(() => dataSource.destroy());

  it('lets an overlapping transaction wait, and a rollback takes back all of the first and nothing of it', async () => {
    const steps: string[] = [];
    const first = dataSource.transaction(async (manager) => {
      await manager.insert(entrySchema, add('first'));
      await delay(200);
      await manager.insert(entrySchema, add('first too'));
      steps.push('first ends');
      throw new Error('roll back');
    });
    await delay(50);
    const second = dataSource.transaction(async (manager) => {
      steps.push('second begins');
      await manager.insert(entrySchema, add('second'));
    });
    await expect(first).rejects.toThrow('roll back');
    await second;
    expect(steps).toEqual(['first ends', 'second begins']);
    expect(await names(dataSource)).toEqual(['second']);
  });

  it('turns a query on the data source inside a transaction into an error, and recovers', async () => {
    const misuse = dataSource.transaction(async (manager) => {
      await manager.insert(entrySchema, add('lost'));
      await dataSource.query('SELECT 1');
    });
    await expect(misuse).rejects.toThrow('timeout exceeded when trying to connect');
    await dataSource.transaction((manager) => manager.insert(entrySchema, add('after')));
    expect(await names(dataSource)).toEqual(['after']);
  });

  it('gives the next client a session without what the last one left open', async () => {
    const left = dataSource.createQueryRunner();
    const client = (await left.connect()) as { end: () => Promise<void> };
    await left.startTransaction();
    await left.query(`SET TIME ZONE 'Asia/Tokyo'`);
    await left.query(`INSERT INTO entry VALUES (1, 'open', now())`);
    await client.end();
    await left.release();
    expect(await names(dataSource)).toEqual([]);
    expect(await dataSource.query('SHOW TIME ZONE')).not.toEqual([{ TimeZone: 'Asia/Tokyo' }]);
  });

  it('keeps the transactions of two clients apart, of which one comes before the other has gone', async () => {
    const left = dataSource.createQueryRunner();
    const client = (await left.connect()) as { end: () => Promise<void> };
    await left.startTransaction();
    await left.query(`INSERT INTO entry VALUES (1, 'open', now())`);
    const gone = client.end();
    await left.release();
    const next = dataSource.transaction(async (manager) => {
      await manager.insert(entrySchema, add('rolled back'));
      await gone;
      await manager.insert(entrySchema, add('rolled back too'));
      throw new Error('roll back');
    });
    await expect(next).rejects.toThrow('roll back');
    expect(await names(dataSource)).toEqual([]);
  });

  it('lets the event loop turn before each answer, so that many statements in a row stop nothing else', async () => {
    let turns = 0;
    let next: NodeJS.Immediate;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    next = setImmediate(turn);
    for (let count = 0; count < 10; count += 1) await dataSource.query('SELECT 1');
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('leaves nothing waiting when it is closed', async () => {
    const closing = await dataSourceAt({ memory: true }).initialize();
    const runner = closing.createQueryRunner();
    await runner.connect();
    const late = runner.query('SELECT 1').then(
      () => 'answered',
      () => 'refused',
    );
    await closing.destroy();
    expect(await late).toMatch(/answered|refused/);
  });

  it('is no one else’s when it is in memory', async () => {
    const other = await dataSourceAt({ memory: true }, true).initialize();
    await other.getRepository(entrySchema).insert(add('mine'));
    expect(await names(dataSource)).toEqual([]);
  });
});

describe('a directory that can’t be opened', () => {
  it('is refused while this process has it open, and free afterwards', async () => {
    const directory = await copyOfTemplate();
    const first = await dataSourceAt({ directory }).initialize();
    const second = dataSourceAt({ directory });
    await expect(second.initialize()).rejects.toMatchObject({
      code: 'EMBEDDED_DIRECTORY_IN_USE',
      directory,
      holder: { pid: process.pid },
    });
    await first.destroy();
    await second.initialize();
  });

  it('is opened again by the data source whose first connect failed after the opening', async () => {
    const failure = new Error('the first connect fails');
    let connects = 0;
    const onConnect = async (): Promise<void> =>
      (connects += 1) === 1 ? Promise.reject(failure) : Promise.resolve();
    const driver = embeddedDriver({ directory: await copyOfTemplate() });
    const dataSource = new DataSource({ type: 'postgres', driver, extra: { onConnect }, logging: false });
    open.push(dataSource);
    await expect(dataSource.initialize()).rejects.toBe(failure);
    await dataSource.initialize();
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is taken over from a forgotten pool, whose client commits nothing then', async () => {
    const { Pool } = embeddedDriver({ directory: await copyOfTemplate() });
    const lent = await new Pool().connect();
    lent.on('error', () => undefined);
    await lent.query("BEGIN; INSERT INTO entry (id, name, at) VALUES (1, 'forgotten', now())");
    const next = new Pool();
    const { rows } = await next.query('SELECT name FROM entry');
    await expect(lent.query('COMMIT')).rejects.toThrow();
    await next.end();
    expect(rows).toEqual([]);
  });

  it('waits longer for its first connect, which a busy machine holds up, than for a client that is lent', async () => {
    const { Pool } = embeddedDriver({ directory: await copyOfTemplate() });
    const pool = new Pool({ connectionTimeoutMillis: 1 });
    const lent = await pool.connect();
    await expect(pool.connect()).rejects.toThrow('timeout');
    lent.release();
    await pool.end();
  });

  it('is refused while another process has it open, with the name of that process', async () => {
    const directory = await copyOfTemplate();
    const holder = processOn('hold', directory);
    expect(await holder.said()).toBe('open');
    const waiting = dataSourceAt({ directory });
    await expect(waiting.initialize()).rejects.toThrow(`in use by process ${holder.child.pid} on host`);
    await kill(holder.child);
    await waiting.initialize();
  });

  it('tells what is wrong with its files, and opens when that is put right', async () => {
    const directory = await copyOfTemplate();
    const control = join(directory, 'pgdata/global/pg_control');
    const intact = await readFile(control);
    await writeFile(control, Buffer.alloc(intact.length, 1));
    const dataSource = dataSourceAt({ directory });
    await expect(dataSource.initialize()).rejects.toThrow(
      /another PostgreSQL .*FATAL: .*incompatible.*; DETAIL: /s,
    );
    await writeFile(control, intact);
    await dataSource.initialize();
  });

  it('is not taken for a new one when its version file is gone', async () => {
    const directory = await copyOfTemplate();
    await rm(join(directory, 'pgdata/PG_VERSION'));
    await expect(dataSourceAt({ directory }).initialize()).rejects.toThrow('is damaged');
  });

  it.each(['', '\0\0\0', 'x\n'])(
    'is damaged, and of no other version, where that file says %j',
    async (content) => {
      const directory = await copyOfTemplate();
      await writeFile(join(directory, 'pgdata/PG_VERSION'), content);
      await expect(dataSourceAt({ directory }).initialize()).rejects.toThrow(
        'is damaged: its PG_VERSION names no version. Restore the directory from a backup',
      );
    },
  );

  it('is of this release’s PostgreSQL when it is new; of another one both versions and the way up are told', async () => {
    const directory = await copyOfTemplate();
    const data = join(directory, 'pgdata');
    expect((await readFile(join(data, 'PG_VERSION'), 'utf8')).trim()).toBe(ENGINE.major);
    const { catalog, bytes } = readControlFile(data);
    expect(catalog).toBe(ENGINE.catalog);
    const refused = async (words: RegExp) =>
      expect(
        await dataSourceAt({ directory })
          .initialize()
          .catch((error: unknown) => error),
      ).toMatchObject({
        name: 'EmbeddedDirectoryError',
        message: expect.stringMatching(words),
      });
    await writeFile(join(data, 'PG_VERSION'), '17\n');
    await refused(
      /is of PostgreSQL 17, and this release has PostgreSQL 18.*--export.*--import.*database\.md/,
    );
    await writeFile(join(data, 'PG_VERSION'), '18\n');
    const control = await readFile(join(data, 'global/pg_control'));
    control.writeUInt32LE(202401011, 12);
    await writeFile(join(data, 'global/pg_control'), control);
    await refused(
      /PostgreSQL 18 \(catalogs 202401011\), and this release has PostgreSQL 18 \(catalogs \d{9}\)/,
    );
    bytes.copy(control);
    await writeFile(join(data, 'global/pg_control'), control);
    await dataSourceAt({ directory }).initialize();
  });

  it.each(['holiday.jpg', 'PG_VERSION'])('is not used where it holds something else: %s', async (name) => {
    const directory = join(root, `foreign-${name}`);
    await mkdir(directory);
    await writeFile(join(directory, name), 'precious');
    await expect(dataSourceAt({ directory }).initialize()).rejects.toMatchObject({
      name: 'EmbeddedDirectoryError',
      message: expect.stringContaining(`it has "${name}"`),
    });
    expect(await readdir(directory)).toEqual([name]);
    await rm(join(directory, name));
    await mkdir(join(directory, 'lost+found'));
    await dataSourceAt({ directory }).initialize();
  });

  it('may be no directory at all', async () => {
    const directory = join(root, 'a-file');
    await writeFile(directory, '');
    await expect(dataSourceAt({ directory }).initialize()).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});

describe('a directory that is not the one that was opened any more', () => {
  const contents = async (directory: string) => {
    const files: [string, string][] = [];
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile())
        files.push([path.slice(directory.length), (await readFile(path)).toString('base64')]);
    }
    return files.sort();
  };
  const ways: [string, (directory: string, backup: string) => Promise<unknown>][] = [
    ['deleted', async (directory) => rm(directory, { recursive: true })],
    ['moved', async (directory) => rename(directory, `${directory}-moved`)],
    [
      'replaced by a backup',
      async (directory, backup) => {
        await rename(directory, `${directory}-old`);
        await cp(backup, directory, { recursive: true });
      },
    ],
    [
      'overwritten by a backup',
      async (directory, backup) => {
        for (const name of await readdir(directory)) {
          if (name.endsWith('.sock')) await rm(join(directory, name));
        }
        await cp(backup, directory, { recursive: true, force: true });
      },
    ],
    [
      'overwritten in place by the files of a backup',
      async (directory, backup) => {
        for (const [path, bytes] of await contents(backup)) {
          await writeFile(join(directory, path), Buffer.from(bytes, 'base64'));
        }
      },
    ],
    [
      'overwritten in place by all files of a backup but pg_control, with their times',
      async (directory, backup) => {
        for (const [path, bytes] of await contents(backup)) {
          if (path.endsWith('pg_control')) continue;
          await writeFile(join(directory, path), Buffer.from(bytes, 'base64'));
          const { atime, mtime } = await stat(join(backup, path));
          await utimes(join(directory, path), atime, mtime);
        }
      },
    ],
    [
      'emptied of its tables',
      async (directory) => {
        const base = join(directory, 'pgdata/base');
        for (const name of await readdir(base)) await rm(join(base, name), { recursive: true });
      },
    ],
    [
      'emptied of the files of its tables',
      async (directory) => {
        const base = join(directory, 'pgdata/base');
        for (const entry of await readdir(base, { recursive: true, withFileTypes: true })) {
          if (entry.isFile()) await rm(join(entry.parentPath, entry.name));
        }
      },
    ],
  ];

  it.each(ways)('is written to no more, nor at the end: %s', async (_, happens) => {
    const directory = await copyOfTemplate();
    const dataSource = await dataSourceAt({ directory }).initialize();
    await dataSource.getRepository(entrySchema).insert(add('of the backup'));
    await dataSource.destroy();
    const backup = await copyOfTemplate();
    await rm(backup, { recursive: true });
    await cp(directory, backup, { recursive: true });

    await dataSource.initialize();
    await dataSource.getRepository(entrySchema).insert(add('and another one'));
    await happens(directory, backup);
    const there = existsSync(directory) ? await contents(directory) : undefined;
    const refused = 'is not the one that this process opened';
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(dataSource.query(`INSERT INTO entry VALUES (9, 'lost', now())`)).rejects.toThrow(refused);
      await expect(names(dataSource)).rejects.toThrow(refused);
    }
    await expect(endOf(dataSource)).rejects.toThrow(refused);
    expect(existsSync(directory) ? await contents(directory) : undefined).toEqual(there);
    if (!_.includes('backup') || _.includes('all files')) return;
    expect(await names(await dataSourceAt({ directory }).initialize())).toContain('of the backup');
  });

  const fileOfEntries = async (dataSource: DataSource) => {
    const [row] = await dataSource.query<{ path: string }[]>(`SELECT pg_relation_filepath('entry') AS path`);
    return join('pgdata', row?.path ?? '');
  };
  const files: [string, (dataSource: DataSource) => Promise<string>, (path: string) => Promise<unknown>][] = [
    ['a table is truncated', fileOfEntries, async (path) => truncate(path)],
    ['a table is deleted', fileOfEntries, async (path) => rm(path)],
    [
      'a table is written over in place',
      fileOfEntries,
      async (path) => writeFile(path, await readFile(path)),
    ],
    [
      'a table is replaced by its copy with its times',
      fileOfEntries,
      async (path) => {
        await cp(path, `${path}.copy`, { preserveTimestamps: true });
        await rename(`${path}.copy`, path);
      },
    ],
    [
      'the state of transactions is written over in place',
      async () => 'pgdata/pg_xact/0000',
      async (path) => writeFile(path, await readFile(path)),
    ],
  ];

  it.each(files)('has no checkpoint at the end when %s', async (_, fileOf, happens) => {
    const directory = await copyOfTemplate();
    const dataSource = await dataSourceAt({ directory }).initialize();
    await dataSource.query('CHECKPOINT');
    await dataSource.getRepository(entrySchema).insert(add('not yet in its file'));
    await happens(join(directory, await fileOf(dataSource)));
    const there = await contents(directory);
    await expect(endOf(dataSource)).rejects.toThrow(/"(base|pg_xact)\/.*" was changed, deleted or replaced/);
    expect(await contents(directory)).toEqual(there);
  });

  it('is noticed while it is in use when a table is written over in place', async () => {
    const directory = await copyOfTemplate();
    const dataSource = await dataSourceAt({ directory }).initialize();
    const path = join(directory, await fileOfEntries(dataSource));
    await writeFile(path, await readFile(path));
    const isNoticed = async () =>
      names(dataSource).then(
        () => false,
        (error: Error) => error.message.includes('is not the one that this process opened'),
      );
    while (!(await isNoticed())) await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(endOf(dataSource)).rejects.toThrow('is not the one that this process opened');
  });

  it('is not taken for another one because of what Postgres itself does to its files', async () => {
    const directory = await copyOfTemplate();
    const dataSource = await dataSourceAt({ directory }).initialize();
    const statements = [
      `INSERT INTO entry SELECT n, n || repeat('x', 900), now() FROM generate_series(100, 20000) n`,
      'DROP INDEX IF EXISTS entry_name',
      'CREATE INDEX entry_name ON entry (name)',
      'CHECKPOINT',
      'DELETE FROM entry WHERE id % 3 = 0',
      'VACUUM entry',
      'VACUUM FULL entry',
      'REINDEX TABLE entry',
      'CREATE TABLE other AS SELECT * FROM entry',
      'TRUNCATE other',
      'DROP TABLE other',
      'DELETE FROM entry',
      'VACUUM entry',
    ];
    const beganAt = performance.now();
    // The files of tables are looked at once a second.
    while (performance.now() - beganAt < 3_000)
      for (const statement of statements) await dataSource.query(statement);
    expect(await names(dataSource)).toEqual([]);
    await dataSource.destroy();
  });
});

describe('the lock', () => {
  it('is let go also where its socket can no longer be removed', async () => {
    const directory = await mkdtemp(join(root, 'lock-'));
    const lock = await DirectoryLock.acquire(directory);
    const [socket] = await readdir(directory);
    await rm(join(directory, socket!));
    await mkdir(join(directory, socket!));
    await lock.release();
    expect(await readdir(directory)).toEqual([socket]);
  });

  it('goes to exactly one of many that want it at once, past those that died', async () => {
    const directory = join(root, 'lock');
    await mkdir(directory);
    for (let round = 0; round < 5; round += 1) {
      await writeFile(join(directory, `lock-00000000000000f${round}.sock`), ''); // refuses connections as a dead one
      const attempts = await Promise.allSettled(
        Array.from({ length: 20 }, () => DirectoryLock.acquire(directory)),
      );
      const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]?.value.release();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it('outlives nobody: after kill -9 exactly one of three processes that start at once gets it', async () => {
    const directory = await copyOfTemplate();
    const holder = processOn('hold', directory);
    expect(await holder.said()).toBe('open');
    await kill(holder.child);
    expect((await readdir(directory)).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    const said = await Promise.all([1, 2, 3].map(() => processOn('hold', directory).said()));
    expect(said.filter((line) => line === 'open')).toHaveLength(1);
    expect(said.filter((line) => line.startsWith('EMBEDDED_DIRECTORY_IN_USE: '))).toHaveLength(2);
  });
});

describe('durability', () => {
  it('is one fsync for a row that is acknowledged, and none for one that is read', async () => {
    const { said } = processOn('sync', await copyOfTemplate());
    expect(JSON.parse(await said())).toEqual({ write: 1, read: 0 });
  });

  it('means that kill -9 loses no acknowledged row', async () => {
    const directory = await copyOfTemplate();
    const { child, said } = processOn('write', directory);
    const acknowledged = [];
    for (let count = 0; count < 500; count += 1) acknowledged.push(Number(await said()));
    await kill(child);
    const dataSource = await dataSourceAt({ directory }).initialize();
    const rows = await dataSource.query<{ id: number }[]>('SELECT id FROM written');
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  });

  it('means that a failing disk is an error and no acknowledgement, and the database comes back', async () => {
    const { said } = processOn('disk', await copyOfTemplate());
    const fault = expect.stringMatching(/PANIC: .*could not fsync/);
    expect(JSON.parse(await said())).toEqual({ errors: [fault, fault, fault], before: true, after: true });
  });

  it('outlasts a lack of file descriptors, and commits nothing that a client left meanwhile', async () => {
    const directory = await copyOfTemplate();
    const { child, said } = processOn('descriptors', directory, 'ulimit -n 256; exec "$0" "$@"');
    const lack = expect.stringMatching(/EMFILE/);
    expect(JSON.parse(await said())).toEqual({ answers: [lack, 'done', lack, 'done'], ids: [1, 2, 3, 100] });
    const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode];
    expect(code).toBe(0);
  });

  it('means that kill -9 while it is created leaves nothing that does not open', async () => {
    const killedWhileCreating = async (): Promise<string> => {
      const directory = await mkdtemp(join(root, 'unfinished-'));
      const { child } = processOn('hold', directory);
      const files = async () => (await readdir(directory, { recursive: true })).join();
      while (!/pgdata-\w+\//.test(await files())) await delay(5);
      await kill(child);
      return existsSync(join(directory, 'pgdata')) ? killedWhileCreating() : directory;
    };
    const directory = await killedWhileCreating();
    const dataSource = await dataSourceAt({ directory }, true).initialize();
    expect(await names(dataSource)).toEqual([]);
    await dataSource.destroy();
    expect(await readdir(directory)).toEqual(['pgdata']);
  });
});
