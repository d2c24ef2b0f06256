import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { parsePostgresAddress } from '../../src/config/postgres-address.js';

const SCRIPT = fileURLToPath(new URL('../../deploy/make-secrets.sh', import.meta.url));
const SECRETS = [
  'admin_password',
  'database_url',
  'issuer_admin_token',
  'owner_database_url',
  'owner_password',
  'pooled_database_url',
  'postgres_password',
  'service_password',
];

describe('deploy/make-secrets.sh', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-secrets-'));
    mkdirSync(join(directory, 'deploy'));
    cpSync(SCRIPT, join(directory, 'deploy/make-secrets.sh'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const secret = (name: string) => readFileSync(join(directory, 'secrets', name), 'utf8');

  /** @param programs - programs that stand before the system's in the search path, by name */
  function run(programs: Readonly<Record<string, string>> = {}) {
    const path = join(directory, 'programs');
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(path, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(path, name), 0o755);
    }
    const { status, stdout, stderr } = spawnSync('sh', [join(directory, 'deploy/make-secrets.sh')], {
      encoding: 'utf8',
      env: { PATH: `${path}:${process.env.PATH}` },
    });
    return { status, stdout, stderr };
  }

  it('makes every secret once, each of its own, and says so', () => {
    const first = run();
    expect([first.status, first.stderr]).toEqual([0, '']);
    for (const name of SECRETS) expect(first.stdout).toContain(name);
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(SECRETS);
    const passwords = SECRETS.filter((name) => name.endsWith('_password')).map(secret);
    for (const password of passwords) expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(new Set(passwords).size).toBe(4);
    expect(secret('database_url')).toBe(
      `postgres://licentia_service:${secret('service_password')}@postgres:5432/licentia`,
    );
    expect(secret('owner_database_url')).toBe(
      `postgres://licentia_owner:${secret('owner_password')}@postgres:5432/licentia`,
    );
    const before = SECRETS.map(secret);
    const second = run();
    expect([second.status, second.stderr]).toEqual([0, '']);
    expect(second.stdout).toContain('nothing was made');
    expect(SECRETS.map(secret)).toEqual(before);
  });

  it('makes them beside itself, also where CDPATH names a directory like it', () => {
    const other = join(directory, 'other');
    mkdirSync(join(other, 'deploy'), { recursive: true });
    const { status } = spawnSync('sh', ['deploy/make-secrets.sh'], {
      cwd: directory,
      env: { PATH: process.env.PATH, CDPATH: other },
    });
    expect([status, existsSync(join(other, 'secrets'))]).toEqual([0, false]);
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(SECRETS);
  });

  it.each([
    ['od fails', { od: 'exit 1' }, /no random bytes/],
    ['od says nothing', { od: 'exit 0' }, /too few random bytes: 0/],
    ['od says too little', { od: 'echo 00 11' }, /too few random bytes: 4/],
    ['the disk is full', { mv: 'exit 1' }, /cannot be written/],
  ])('ends with 1 and a sentence when %s, and leaves no empty secret', (_, programs, reason) => {
    const { status, stdout, stderr } = run(programs);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(reason);
    expect(readdirSync(join(directory, 'secrets')).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('refuses a second run at the same time, which would make passwords that no address has', () => {
    const script = join(directory, 'deploy/make-secrets.sh');
    const second = join(directory, 'second');
    // The second run comes when the first one has chosen the owner's password, and not written it yet.
    const mv = [
      `if [ -z "$SECOND" ] && [ "$2" = secrets/owner_password ]; then SECOND=1 sh ${script} > ${second} 2>&1; fi`,
      'exec /bin/mv "$@"',
    ];
    expect(run({ mv: mv.join('\n') }).status).toBe(0);
    expect(readFileSync(second, 'utf8')).toMatch(/another run is under way/);
    expect(secret('owner_database_url')).toContain(`:${secret('owner_password')}@`);
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(SECRETS);
    expect(run().status).toBe(0);
  });

  it('fills a secret that is there and empty', () => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/admin_password'), '');
    expect(run().status).toBe(0);
    expect(secret('admin_password')).toMatch(/^[0-9a-f]{48}$/);
  });

  it.each([
    ['a directory, as Docker makes one', (path: string) => mkdirSync(path), /is a directory/],
    ['a line end', (path: string) => writeFileSync(path, '\n'), /has nothing in it/],
  ])('makes no address with an empty password where a password is %s', (_, make, reason) => {
    mkdirSync(join(directory, 'secrets'));
    make(join(directory, 'secrets/service_password'));
    const { status, stdout, stderr } = run();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(reason);
    expect(existsSync(join(directory, 'secrets/database_url'))).toBe(false);
  });

  const FORMS = [
    'p@ss/w#o%r:d?[x',
    ' two words ',
    `back\\slash "quote" $x \`y\` it's`,
    'grüße€',
    '%41',
    '-n',
  ];

  it.each(FORMS)('writes addresses that are read with the operator’s own password %j', (password) => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/service_password'), password);
    writeFileSync(join(directory, 'secrets/owner_password'), `${password}\n`);
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    for (const name of SECRETS.filter((secret) => secret.endsWith('database_url'))) {
      const { url: connectionString } = parsePostgresAddress(secret(name));
      expect(new pg.Client({ connectionString })).toMatchObject({ password, database: 'licentia' });
    }
    expect(run().stdout).toContain('nothing was made');
  });

  it.each([
    ['owner_password', 'owner_database_url'],
    ['service_password', 'database_url'],
  ])('makes no other %s while %s has the one that PostgreSQL knows', (password, address) => {
    run();
    const value = secret(password);
    for (const remove of [(path: string) => rmSync(path), (path: string) => writeFileSync(path, '')]) {
      remove(join(directory, 'secrets', password));
      const { status, stderr } = run();
      expect(status).toBe(1);
      expect(stderr).toContain(`secrets/${password} is not there, and secrets/${address} has its password`);
      expect(existsSync(join(directory, 'secrets', password)) ? secret(password) : '').toBe('');
    }
    writeFileSync(join(directory, 'secrets', password), value);
    expect(run()).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    ['owner_database_url', 'postgres://licentia_owner:other@postgres:5432/licentia'],
    ['database_url', 'postgresql://licentia_service:other@postgres/licentia?application_name=x'],
    ['database_url', 'postgres://licentia_service:p@ss/word@postgres:5432/licentia'],
    ['database_url', 'postgres://licentia_service:p%40ss%@postgres:5432/licentia'],
    ['pooled_database_url', 'postgres://licentia_service:other@pooler:6432/licentia'],
  ])('refuses a %s of another password or form, %s, and writes nothing', (name, address) => {
    mkdirSync(join(directory, 'secrets'));
    for (const role of ['owner', 'service'])
      writeFileSync(join(directory, `secrets/${role}_password`), 'p@ss/word');
    writeFileSync(join(directory, 'secrets', name), address);
    const { status, stdout, stderr } = run();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(`secrets/${name} does not have the password of .* remove secrets/${name}`),
    );
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(
      ['owner_password', 'service_password', name].sort(),
    );
  });

  it('takes an address that encodes the same password in another way', () => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/service_password'), 'p@ss!(1)');
    const address = 'postgresql://licentia_service:%70%40ss!(1%29@postgres/licentia?application_name=x';
    writeFileSync(join(directory, 'secrets/database_url'), address);
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(secret('database_url')).toBe(address);
  });

  it.each([
    ['of two lines', 'one\ntwo', /must be one line/],
    ['with an empty line after it', 'one\n\n', /must be one line/],
    ['with a line end of Windows', 'one\r\n', /a line end of Windows has one/],
    ['with a NUL', 'o\0ne', /must be one line without control characters/],
    ['of blanks', '  ', /has nothing in it/],
    ['in Latin-1', Buffer.from([0x67, 0xfc]), /is no UTF-8/],
    ['that PostgreSQL would take for a hash', `md5${'0'.repeat(32)}`, /looks like a hash/],
  ])('refuses a password %s by its file', (_, password, reason) => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/service_password'), password);
    const { status, stdout, stderr } = run();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('secrets/service_password');
    expect(stderr).toMatch(reason);
    expect(readdirSync(join(directory, 'secrets'))).toEqual(['service_password']);
  });

  it.each([
    ['a named pipe', (path: string) => spawnSync('mkfifo', [path])],
    ['a link to a file that is not mounted', (path: string) => symlinkSync('/nowhere/password', path)],
  ])('leaves %s where it is, and says so', (_, make) => {
    mkdirSync(join(directory, 'secrets'));
    const path = join(directory, 'secrets/admin_password');
    make(path);
    const { mode } = lstatSync(path);
    const { status, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toContain('secrets/admin_password is no regular file');
    expect(lstatSync(path).mode).toBe(mode);
  });

  it('points out an address of the database from before the roles, and keeps it', () => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/database_url'), 'postgres://licentia:old@postgres:5432/licentia');
    const { status, stderr } = run();
    expect(status).toBe(0);
    expect(stderr).toMatch(/names another role/);
    expect(secret('database_url')).toContain('old');
    expect(existsSync(join(directory, 'secrets/owner_database_url'))).toBe(true);
  });
});
