import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
