import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDatabases } from '../support/database.js';

const program = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
const PROGRAMS: [string, string, string][] = [
  ['the service', program('main.js'), 'pglite'],
  ['the issuer', program('issuer-server/main.js'), 'authority'],
];

describe('A start on a directory that Postgres will never open', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-unopenable-'));
    copyDatabases(directory);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (path: string, ...args: string[]) =>
    spawnSync(process.execPath, [path, ...args], {
      ...{ cwd: directory, env: { PATH: process.env.PATH, PORT: '0' }, encoding: 'utf8', timeout: 30_000 },
    });

  it.each(PROGRAMS)('ends %s with 1 and one sentence: its log was cut off', (_, path, name) => {
    const log = join(directory, 'data', name, 'pgdata', 'pg_wal');
    for (const file of readdirSync(log)) if (/^[0-9A-F]{24}$/.test(file)) truncateSync(join(log, file), 0);
    const { status, stdout, stderr } = start(path);
    expect(stderr).toMatch(
      /^\S+\/pgdata is damaged: could not locate a valid checkpoint record at \S+\. Restore the directory from a backup [^\n]*\n$/,
    );
    expect(stdout).not.toContain('    at ');
    expect(status).toBe(1);
  });

  it.each(PROGRAMS)('ends %s with 1 and one sentence: it has a standby.signal', (_, path, name) => {
    writeFileSync(join(directory, 'data', name, 'pgdata', 'standby.signal'), '');
    const { status, stderr } = start(path);
    expect(stderr).toMatch(
      /^The embedded database in [^\n]*\/standby\.signal: [^\n]* remove this file [^\n]*\n$/,
    );
    expect(status).toBe(1);
  });

  it.each(PROGRAMS)(
    'goes well for %s after a power cut that left an empty postmaster.pid',
    (_, path, name) => {
      writeFileSync(join(directory, 'data', name, 'pgdata', 'postmaster.pid'), '');
      expect(start(path, '--migrate')).toMatchObject({ status: 0, stderr: '' });
    },
  );
});
