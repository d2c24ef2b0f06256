import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, truncateSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ConfigError } from '../src/config/environment.js';
import { issuerAdminToken } from '../src/quickstart-token.js';

describe('The token of the operators of the quickstart', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-token-'));
    file = join(directory, 'data', 'issuer-admin-token');
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('is made once, in a file that its owner alone can read', async () => {
    const token = await issuerAdminToken(file);
    expect([token.length, await issuerAdminToken(file), await readFile(file, 'utf8')]).toEqual([
      64,
      token,
      `${token}\n`,
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is one where several starts make it at once', async () => {
    const starts = Array.from({ length: 8 }, async () => issuerAdminToken(file));
    const tokens = new Set(await Promise.all(starts));
    expect([...tokens]).toEqual([(await readFile(file, 'utf8')).trim()]);
    expect(await readdir(join(directory, 'data'))).toEqual(['issuer-admin-token']);
  });

  it('is refused where it is short, with the name of the file', async () => {
    await mkdir(join(directory, 'data'));
    await writeFile(file, 'short\n');
    await expect(issuerAdminToken(file)).rejects.toThrow(`${file} has no token of 32 characters or more`);
    expect(await readFile(file, 'utf8')).toBe('short\n');
  });

  it.each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path]), 'it is no regular file'],
    ['huge', (path: string) => truncateSync(path, 2 ** 40), 'it has more than 16 KiB'],
  ])('ends the start with one sentence where it is %s', async (_, make, reason) => {
    await mkdir(join(directory, 'data'));
    if (reason.includes('KiB')) await writeFile(file, '');
    make(file);
    await expect(issuerAdminToken(file)).rejects.toThrow(`${file}: ${reason}`);
  });

  it('is not made behind a link to no file', async () => {
    await mkdir(join(directory, 'data'));
    await symlink('nothing', file);
    await expect(issuerAdminToken(file)).rejects.toThrow(`${file} is a link to no file`);
    expect(await readdir(join(directory, 'data'))).toEqual(['issuer-admin-token']);
  });

  it('ends the start with the name of ./data where a file is in its place', async () => {
    const data = join(directory, 'data');
    await writeFile(data, '');
    await expect(issuerAdminToken(file)).rejects.toThrow(`${data} is no directory. `);
  });

  it.each([
    ['that others can read', () => chmodSync(file, 0o644), 'others have access to it'],
    ['that others can write', () => chmodSync(file, 0o622), 'others have access to it'],
    ...(process.getuid?.() === 0
      ? [
          [
            'of another user',
            () => chownSync(file, 65_534, 65_534),
            'it belongs to another user (65534)',
          ] as const,
        ]
      : []),
  ] as const)('is refused in a file %s', async (_, spoil, reason) => {
    await issuerAdminToken(file);
    spoil();
    await expect(issuerAdminToken(file)).rejects.toThrow(`${file}: ${reason}`);
    expect(await readdir(join(directory, 'data'))).toEqual(['issuer-admin-token']);
  });

  it('leaves nothing of starts that were killed while they made it, and all else', async () => {
    await mkdir(join(directory, 'data', `issuer-admin-token.${randomUUID()}`), { recursive: true });
    const left = `${file}.${randomUUID()}`;
    const others = [`${file}.${randomUUID()}`, `${file}.old`, join(directory, 'data', randomUUID())];
    for (const path of [left, ...others]) await writeFile(path, '');
    for (const path of [left, ...others.slice(1)]) utimesSync(path, 1, 1);
    const before = await readdir(join(directory, 'data'));
    await issuerAdminToken(file);
    const now = [...before.filter((name) => name !== basename(left)), 'issuer-admin-token'];
    expect((await readdir(join(directory, 'data'))).sort()).toEqual(now.sort());
  });

  it('ends the start with one sentence where it is a directory', async () => {
    await mkdir(file, { recursive: true });
    await expect(issuerAdminToken(file)).rejects.toThrow(ConfigError);
  });
});
