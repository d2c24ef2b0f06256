import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { HungFileSystem } from '../support/hung-file-system.js';
import { ServiceProcess } from '../support/service-process.js';
import { createKey, withOverrides } from '../support/tokens.js';

describe('node dist/main.js', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;

  beforeAll(async () => {
    database = await embeddedDatabase();
    issuer = await FakeIssuer.start();
  });

  afterAll(async () => {
    await issuer.stop();
    await database.drop();
  });

  const environment = () => ({ DATABASE_URL: database.url, ISSUER_URL: issuer.url });

  it('keeps what it acknowledged through kill -9, also when it dies in the middle of a renewal', async () => {
    const first = await ServiceProcess.start(environment());
    expect((await first.call('POST', '/api/licensing/token', { token: issuer.token() })).status).toBe(200);
    issuer.answerRenewals({ status: 503, delay: 20_000 });
    const renewing = first.call('POST', '/api/licensing/token/renew').catch(() => 'cut');
    while (issuer.renewals.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await first.kill('SIGKILL');
    expect(await renewing).toBe('cut');

    issuer.answerRenewals();
    const second = await ServiceProcess.start(environment());
    try {
      expect((await second.call('GET', '/api/licensing/check')).text).toBe('true');
      const renewed = await second.call('POST', '/api/licensing/token/renew', {});
      expect([renewed.status, (JSON.parse(renewed.text) as { jti: string }).jti]).toEqual([200, 'renewed-1']);
      // The attempt that was cut off goes on under its own id: the issuer sees one, not two.
      const keys = issuer.renewals.map((request) => request.headers['idempotency-key']);
      expect(keys).toHaveLength(2);
      expect(new Set(keys).size).toBe(1);
    } finally {
      expect(await second.kill('SIGTERM')).toBe(0);
    }
  });

  it('refuses an embedded directory that another process holds, says which, and ends with 1', async () => {
    const holder = await ServiceProcess.start(environment());
    try {
      const second = ServiceProcess.spawn(environment());
      expect(await second.end()).toBe(1);
      expect(second.output).toContain(String(holder.pid));
      expect(second.output).not.toContain('    at ');
    } finally {
      await holder.kill('SIGTERM');
    }
  });

  it('goes on checking without its embedded directory, says that it is lost, and ends with 1', async () => {
    const emptied = await embeddedDatabase();
    const service = await ServiceProcess.start({ ...environment(), DATABASE_URL: emptied.url });
    expect((await service.call('POST', '/api/licensing/token', { token: issuer.token() })).status).toBe(200);
    const tables = join(emptied.url.replace('pglite://', ''), 'pgdata', 'base');
    for (const name of await readdir(tables)) await rm(join(tables, name), { recursive: true });

    expect((await service.call('POST', '/api/serviceaccounts', { name: 'lost' })).status).toBe(503);
    const ready = await service.call('GET', '/readyz');
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      200,
      { status: 'ready', reason: 'directory-lost' },
    ]);
    expect(JSON.parse((await service.call('GET', '/api/health')).text)).toMatchObject({
      reason: 'directory-lost',
    });
    expect((await service.call('GET', '/api/licensing/check')).text).toBe('true');
    expect(await service.kill('SIGTERM')).toBe(1);
    // What is missed first depends on how far the deletion is.
    expect(service.output).toMatch(
      /^(?:It is gone, or a part of it|"base\/\d+" was changed, deleted or replaced): .* is not the one that this process opened, .*$/m,
    );
    expect(service.output).not.toMatch(/^ {4}at /m);
    expect(await readdir(tables)).toEqual([]);
    await emptied.drop();
  });

  it('ends with 1 when directories of its embedded database were deleted, and does not start again', async () => {
    const damaged = await embeddedDatabase();
    const settings = { ...environment(), DATABASE_URL: damaged.url };
    const service = await ServiceProcess.start(settings);
    const data = join(damaged.url.replace('pglite://', ''), 'pgdata');
    for (const name of ['pg_logical', 'pg_subtrans']) await rm(join(data, name), { recursive: true });
    expect(await service.kill('SIGTERM')).toBe(1);
    expect(service.output).toMatch(/^"pg_logical" was .* is not the one that this process opened, .*$/m);

    const next = ServiceProcess.spawn(settings);
    expect(await next.end()).toBe(1);
    const sentence = `${data} is damaged: it has no directory pg_logical. Restore the directory from a backup`;
    expect(next.output.split('\n').some((line) => line.startsWith(sentence))).toBe(true);
    await damaged.drop();
  });

  describe('with the files of its settings on a file system that hangs', () => {
    const mount = join(tmpdir(), `licentia-mount-${process.pid}`);
    const where = HungFileSystem.isPossible(mount) ? it : it.skip;

    where('answers, takes an upload after the repair, and ends at SIGTERM meanwhile and later', async () => {
      // Without the keys nothing could be said of a license that another test has stored.
      const empty = await embeddedDatabase();
      await mkdir(mount);
      await writeFile(join(mount, 'keys.json'), JSON.stringify({ keys: [issuer.key.jwk] }));
      const settings = {
        ...environment(),
        DATABASE_URL: empty.url,
        ISSUER_JWKS_PATH: join(mount, 'keys.json'),
        LICENSE_PATH: join(mount, 'license.jwt'),
      };
      let hung = HungFileSystem.mount(mount);
      try {
        const service = await ServiceProcess.start(settings);
        const upload = () => service.call('POST', '/api/licensing/token', { token: issuer.token() });
        expect((await upload()).status).toBe(503);
        expect((await service.call('GET', '/api/licensing/check')).status).toBe(200);
        hung?.end();
        hung = undefined;
        while ((await upload()).status !== 200) await new Promise((resolve) => setTimeout(resolve, 500));
        expect(await service.kill('SIGTERM')).toBe(0);

        hung = HungFileSystem.mount(mount);
        const second = await ServiceProcess.start(settings);
        // Before Node 22.15 a process cannot end by itself while a read hangs: it is killed.
        const canEnd = 'execve' in process;
        expect(await second.kill('SIGTERM')).toBe(canEnd ? 0 : null);
        expect(second.output).toContain('ending without it');
      } finally {
        hung?.end();
        await rm(mount, { recursive: true });
        await empty.drop();
      }
    });
  });

  it('ends with 0 within ten seconds of SIGTERM and answers what was under way', async () => {
    const service = await ServiceProcess.start(environment());
    await service.call('POST', '/api/licensing/token', { token: issuer.token({ jti: 'again' }) });
    issuer.answerRenewals({ status: 409, body: { code: 'not_due' }, delay: 1_500 });
    const before = issuer.renewals.length;
    const renewing = service.call('POST', '/api/licensing/token/renew');
    while (issuer.renewals.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
    const started = performance.now();
    const [code, renewed] = await Promise.all([service.kill('SIGTERM'), renewing]);
    expect([code, renewed.status]).toEqual([0, 200]);
    expect(performance.now() - started).toBeLessThan(10_000);
    issuer.answerRenewals();
  });

  it.each<[NodeJS.Signals, NodeJS.Signals]>([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
    ['SIGQUIT', 'SIGTERM'],
  ])('answers what is under way when %s is followed by %s', async (first, second) => {
    const service = await ServiceProcess.start(environment());
    await service.call('POST', '/api/licensing/token', {
      token: issuer.token({ jti: `again ${first} ${second}` }),
    });
    issuer.answerRenewals({ status: 409, body: { code: 'not_due' }, delay: 1_500 });
    const before = issuer.renewals.length;
    const renewing = service.call('POST', '/api/licensing/token/renew');
    while (issuer.renewals.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = service.kill(first);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const [code, renewed] = await Promise.all([ended, renewing, service.kill(second)]);
    expect([code, renewed.status]).toEqual([0, 200]);
    issuer.answerRenewals();
  });

  it('reads again at SIGHUP what settings name, says what became of it, and tells of every signal and its end', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-reread-'));
    const paths = {
      ISSUER_JWKS_PATH: join(directory, 'keys.json'),
      ISSUER_CA_PATH: join(directory, 'ca.pem'),
      LICENSE_PATH: join(directory, 'license.jwt'),
    };
    const keys = async (...jwks: object[]) =>
      writeFile(paths.ISSUER_JWKS_PATH, JSON.stringify({ keys: jwks }));
    const other = createKey('ES256', 'other');
    try {
      await keys(issuer.key.jwk);
      await writeFile(paths.ISSUER_CA_PATH, rootCertificates[0] ?? '');
      const service = ServiceProcess.spawn({ ...environment(), ...paths });
      await service.catches('SIGHUP');
      // Its modules load now.
      service.signal('SIGHUP');
      expect(service.output).toBe('');
      await service.said('listening');
      const lines = (msg: string) =>
        service.output
          .split('\n')
          .filter((line) => line.includes(`"msg":"${msg}"`))
          .map((line) => JSON.parse(line) as object);
      const said = async (count: number) => {
        while (lines('read again what settings name').length < count) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return lines('read again what settings name').at(-1);
      };
      expect(await said(1)).toMatchObject({
        level: 40,
        signal: 'SIGHUP',
        'rows of the database': 'read',
        ISSUER_JWKS_PATH: 'usable keys: 1',
        ISSUER_CA_PATH: 'certificates: 1',
        LICENSE_PATH: expect.stringMatching(/^broken: .*no such file/),
      });
      await keys(issuer.key.jwk, other.jwk);
      await writeFile(paths.LICENSE_PATH, issuer.token());
      service.signal('SIGHUP');
      expect(await said(2)).toMatchObject({
        level: 30,
        ISSUER_JWKS_PATH: 'usable keys: 2',
        LICENSE_PATH: 'used',
      });
      expect((await service.call('GET', '/api/licensing/check')).text).toBe('true');
      service.signal('SIGUSR2');
      await service.said('this signal has no meaning here');
      expect(await service.kill('SIGTERM')).toBe(0);
      expect([...lines('ending'), ...lines('ended')]).toEqual([
        expect.objectContaining({ signal: 'SIGTERM' }),
        expect.objectContaining({ signal: 'SIGTERM', code: 0 }),
      ]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('ends at once when it is asked to while it starts, and leaves no process behind', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-start-'));
    try {
      const service = ServiceProcess.spawn({ DATABASE_URL: `pglite://${directory}` });
      while (!(await readdir(directory)).some((name) => name.startsWith('pgdata-'))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const started = performance.now();
      expect(await service.kill('SIGTERM')).toBe(0);
      expect(performance.now() - started).toBeLessThan(2_000);
      const again = await ServiceProcess.start({ DATABASE_URL: `pglite://${directory}` });
      expect(await again.kill('SIGTERM')).toBe(0);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('lists every fault of its configuration at once and ends with 1, without a secret in it', async () => {
    const faulty = {
      PORT: 'x',
      ROOT_URL: 'ftp://h',
      BOOTSTRAP_TOKEN: 'short-secret',
      DATABASE_URL: 'postgres://u:x%zz@h/db',
    };
    const service = ServiceProcess.spawn(faulty, '--check-config');
    expect(await service.end()).toBe(1);
    for (const name of ['PORT', 'ROOT_URL', 'BOOTSTRAP_TOKEN', 'DATABASE_URL'])
      expect(service.output).toContain(name);
    expect(service.output).not.toContain('short-secret');
  });

  it('names the files that cannot be used beside its faults', async () => {
    const service = ServiceProcess.spawn(
      {
        ISSUER_JWKS_PATH: '/no/such/jwks.json',
        LICENSE_PATH: '/no/such/license.jwt',
        ISSUER_CA_PATH: '/no/such/ca.pem',
        DATABASE_URL: 'postgres://u@h/d?sslcert=/no/such/certificate&sslkey=/no/such/key',
      },
      '--check-config',
    );
    expect(await service.end()).toBe(1);
    for (const name of ['ISSUER_JWKS_PATH', 'LICENSE_PATH', 'ISSUER_CA_PATH', 'sslcert', 'sslkey'])
      expect(service.output).toContain(name);
  });

  it('points out a name that looks misspelled, and judges the configuration all the same: 3', async () => {
    const service = ServiceProcess.spawn({ ISSUER_JWKS_PATHS: '/etc/secret-place' }, '--check-config');
    expect(await service.end()).toBe(3);
    expect(service.output).toContain('ISSUER_JWKS_PATHS is not read. Did you mean ISSUER_JWKS_PATH?');
    expect(service.output).toContain('can be used');
    expect(service.output).not.toContain('secret-place');
  });

  it('points it out beside the faults, which may come of it', async () => {
    const service = ServiceProcess.spawn(
      { ADMIN_USER: 'admin', ADMIN_PASWORD: 'long enough!' },
      '--check-config',
    );
    expect(await service.end()).toBe(1);
    expect(service.output).toContain('ADMIN_USER and ADMIN_PASSWORD belong together');
    expect(service.output).toContain('Did you mean ADMIN_PASSWORD?');
  });

  it('names each key of ISSUER_JWKS_PATH that it would skip, and why: 3', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
    const path = join(directory, 'jwks.json');
    const bare = withOverrides(issuer.key.jwk, { alg: undefined, kid: 'bare' });
    await writeFile(path, JSON.stringify({ keys: [bare, issuer.key.jwk] }));
    try {
      const service = ServiceProcess.spawn({ ISSUER_JWKS_PATH: path }, '--check-config');
      expect(await service.end()).toBe(3);
      expect(service.output).toContain('ISSUER_JWKS_PATH: key 1 ("bare") cannot be used: it has no "alg".\n');
      expect(service.output).toContain('The configuration can be used.');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('warns of a license file that is missing, as it may be mounted later: 3', async () => {
    const service = ServiceProcess.spawn({ LICENSE_PATH: '/no/such/license.jwt' }, '--check-config');
    expect(await service.end()).toBe(3);
    expect(service.output).toContain(
      'LICENSE_PATH names a file that cannot be used now: there is no such file.',
    );
    expect(service.output).toContain('The configuration can be used.');
  });

  it.each([
    ['none', '/no/such/folder', '/no/such/folder: there is no such file or folder'],
    ['a device', '/dev/null', '/dev/null: it is no regular file'],
    ['of another kind', 'docs/openapi.yaml', 'openapi.yaml:1: '],
  ])('names what a start would say of a provisioning file, here %s: 3', async (_, path, finding) => {
    const service = ServiceProcess.spawn({ ACCESS_PROVISIONING_PATH: path }, '--check-config');
    expect(await service.end()).toBe(3);
    expect(service.output).toMatch(/^ACCESS_PROVISIONING_PATH: /m);
    expect(service.output).toContain(finding);
    expect(service.output).toContain('The configuration can be used.');
  });

  it('starts with a name that looks misspelled, and warns of it in the log', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: 'pglite://memory', ACCES_STALE_SECONDS: '1' });
    try {
      const lines = service.output.split('\n').filter((line) => line.includes('Did you mean'));
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({
          level: 40,
          msg: 'ACCES_STALE_SECONDS is not read. Did you mean ACCESS_STALE_SECONDS?',
        }),
      ]);
    } finally {
      await service.kill('SIGTERM');
    }
  });

  it('warns once that tokens are in clear, and stores them anew when that is all it is asked for', async () => {
    const fresh = await embeddedDatabase();
    const [key, other] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const settings = { DATABASE_URL: fresh.url, ISSUER_URL: issuer.url };
    const reencrypt = async (LICENSE_ENCRYPTION_KEY: string) => {
      const command = ServiceProcess.spawn({ ...settings, LICENSE_ENCRYPTION_KEY }, '--reencrypt');
      return [await command.end(), command.output];
    };
    try {
      const clear = await ServiceProcess.start(settings);
      expect((await clear.call('POST', '/api/licensing/token', { token: issuer.token() })).status).toBe(200);
      await clear.kill('SIGTERM');
      expect(clear.output.match(/license tokens are stored in clear/g)).toHaveLength(1);
      expect(await reencrypt(key)).toEqual([
        0,
        expect.stringMatching(/^1 texts are written anew\. Every license/),
      ]);
      expect(await reencrypt(key)).toEqual([0, expect.stringMatching(/^0 texts /)]);
      expect(await reencrypt(other)).toEqual([
        1,
        expect.stringContaining('LICENSE_ENCRYPTION_KEY has not the key'),
      ]);
      const sealed = await ServiceProcess.start({ ...settings, LICENSE_ENCRYPTION_KEY: key });
      expect((await sealed.call('GET', '/api/licensing/check')).text).toBe('true');
      await sealed.kill('SIGTERM');
      expect(sealed.output).not.toContain('in clear');
    } finally {
      await fresh.drop();
    }
  });

  it('brings the tables up to date and ends, when that is all it is asked for', async () => {
    const fresh = await embeddedDatabase('none');
    try {
      const refused = ServiceProcess.spawn({ DATABASE_URL: fresh.url, DATABASE_MIGRATIONS: 'check' });
      expect(await refused.end()).toBe(1);
      expect(refused.output).toMatch(
        /^The database lacks \d+ migration\(s\): Initial1764000000000\b.*--migrate/m,
      );
      const migrating = ServiceProcess.spawn({ DATABASE_URL: fresh.url }, '--migrate');
      expect([await migrating.end(), migrating.output]).toEqual([
        0,
        expect.stringMatching(/^Applied Initial1764000000000\.\n[^]*The tables are up to date\.\n$/),
      ]);
      const again = ServiceProcess.spawn({ DATABASE_URL: fresh.url }, '--migrate');
      expect([await again.end(), again.output]).toEqual([0, 'The tables are up to date.\n']);
      const checked = await ServiceProcess.start({ DATABASE_URL: fresh.url, DATABASE_MIGRATIONS: 'check' });
      expect(await checked.kill('SIGTERM')).toBe(0);
      const away = ServiceProcess.spawn({ DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x' }, '--migrate');
      expect([await away.end(), away.output]).toEqual([
        1,
        expect.stringMatching(/^The database that DATABASE_URL names is not available: .*ECONNREFUSED.*\n$/),
      ]);
    } finally {
      await fresh.drop();
    }
  });

  it('says that a configuration is fine, its version and how it is used, and ends with 0', async () => {
    for (const [argument, text] of [
      ['--check-config', 'fine'],
      ['--version', '0.'],
      ['--help', 'Usage'],
    ] as const) {
      const service = ServiceProcess.spawn({}, argument);
      expect(await service.end()).toBe(0);
      expect(service.output).toContain(text);
    }
    const unknown = ServiceProcess.spawn({}, '--nonsense');
    expect(await unknown.end()).toBe(2);
  });

  it('says where it listens with the path that it is served below', async () => {
    const service = await ServiceProcess.start({
      DATABASE_URL: 'pglite://memory',
      ROOT_URL: 'http://localhost:3000/licentia/',
      SERVE_FROM_SUB_PATH: 'true',
    });
    try {
      expect(service.url).toMatch(/^http:\/\/[^/]+:\d+\/licentia$/);
      expect((await service.call('GET', '/api/licensing/check')).status).toBe(200);
    } finally {
      await service.kill('SIGTERM');
    }
  });

  it('starts without a single caller, and says so', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: 'pglite://memory', BOOTSTRAP_TOKEN: '' });
    try {
      expect(service.output).toContain('nobody can call this service');
      expect((await service.call('GET', '/api/licensing/check')).status).toBe(401);
    } finally {
      await service.kill('SIGTERM');
    }
  });
});
