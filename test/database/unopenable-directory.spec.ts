import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { DirectoryLock } from '../../src/database/embedded/directory-lock.js';
import { embeddedDriver } from '../../src/database/embedded/embedded-driver.js';
import { removeStalePidFile } from '../../src/database/embedded/stale-pid-file.js';
import { findPermanentFault } from '../../src/database/permanent-fault.js';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let directory: string;
let data: string;
let pidFile: string;
let dataSource: DataSource;

beforeEach(async () => {
  database = await embeddedDatabase('none');
  directory = database.url.replace('pglite://', '');
  data = join(directory, 'pgdata');
  pidFile = join(data, 'postmaster.pid');
  dataSource = new DataSource({ type: 'postgres', driver: embeddedDriver({ directory }), logging: false });
});

afterEach(async () => {
  if (dataSource.isInitialized) await dataSource.destroy();
  await database.drop();
});

const failure = () =>
  dataSource.initialize().then(
    () => undefined,
    (error: Error) => error,
  );

const BACKUP = 'Restore the directory from a backup';

describe('An embedded database that Postgres will never open', () => {
  it.each<[string, string, () => void]>([
    [
      'a log that was cut off',
      `pgdata is damaged: could not locate a valid checkpoint record at [0-9A-F/]+\\. ${BACKUP}`,
      () => {
        for (const name of readdirSync(join(data, 'pg_wal')))
          if (/^[0-9A-F]{24}$/.test(name)) truncateSync(join(data, 'pg_wal', name), 0);
      },
    ],
    [
      'a file of a table that is missing',
      `pgdata is damaged: could not open file "base/5/1259": No such file or directory\\. ${BACKUP}`,
      () => rmSync(join(data, 'base/5/1259')),
    ],
    ...['backup_label', 'standby.signal', 'recovery.signal'].map((name): [string, string, () => void] => [
      `a ${name}`,
      `cannot be opened because of \\S+/pgdata/${name}: [^\\n]+\\. ${BACKUP} of a stopped program .*, or remove this file`,
      () => appendFileSync(join(data, name), ''),
    ]),
    ...['postgresql.conf', 'postgresql.auto.conf'].map((name): [string, string, () => void] => [
      `nonsense in ${name}`,
      `${name}" contains errors \\(syntax error in file "\\S+/pgdata/${name}" line \\d+, [^\\n]+\\)\\. Correct that file`,
      () => appendFileSync(join(data, name), '\n???? nonsense\n'),
    ]),
    [
      'no postgresql.conf',
      `pgdata is damaged: it has no file postgresql.conf\\. ${BACKUP}`,
      () => rmSync(join(data, 'postgresql.conf')),
    ],
    [
      'a directory postgresql.auto.conf',
      `pgdata is damaged: its postgresql.auto.conf is no regular file\\. ${BACKUP}`,
      () => {
        rmSync(join(data, 'postgresql.auto.conf'));
        mkdirSync(join(data, 'postgresql.auto.conf'));
      },
    ],
    [
      'a directory postmaster.pid',
      'cannot be opened: \\S+/pgdata/postmaster.pid is a directory\\. Remove it, or restore \\S+/pgdata from a backup',
      () => mkdirSync(pidFile),
    ],
  ])('ends the start with a sentence: %s', async (_, words, make) => {
    make();
    const error = await failure();
    expect(error).toMatchObject({
      name: 'EmbeddedDirectoryError',
      message: expect.stringMatching(new RegExp(words)) as string,
    });
    expect(findPermanentFault(error)).toMatchObject({
      reason: 'directory-unusable',
      message: error?.message,
    });
  });
});

describe('A postmaster.pid that names no process', () => {
  it.each<[string, () => void]>([
    ['empty', () => appendFileSync(pidFile, '')],
    [
      'all zeros',
      () => {
        appendFileSync(pidFile, '');
        truncateSync(pidFile, 2_000_000_000);
      },
    ],
    ['something else', () => appendFileSync(pidFile, 'hello\n')],
    ['a link', () => symlinkSync('/etc/hostname', pidFile)],
  ])('does not keep the database from being opened: %s', async (_, make) => {
    make();
    expect(await failure()).toBeUndefined();
    expect(lstatSync(pidFile).isFile()).toBe(true);
    expect(await readFile(pidFile, 'utf8')).toMatch(/^-?\d+\n/);
  });

  it('stays where another program has the directory', async () => {
    await writeFile(pidFile, '');
    const lock = await DirectoryLock.acquire(directory);
    try {
      expect(await failure()).toMatchObject({ code: 'EMBEDDED_DIRECTORY_IN_USE' });
      expect(await readFile(pidFile, 'utf8')).toBe('');
    } finally {
      await lock.release();
    }
  });

  it('stays where a server makes it at this moment, and writes its number', async () => {
    await writeFile(pidFile, '');
    const look = removeStalePidFile(data);
    await writeFile(pidFile, `${process.pid}\n`);
    await look;
    expect(await readFile(pidFile, 'utf8')).toBe(`${process.pid}\n`);
  });
});
