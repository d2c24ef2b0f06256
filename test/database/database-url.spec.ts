import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { DatabaseUrl } from '../../src/database/database-url.js';
import { CertificateAuthority } from '../support/certificates.js';

interface WithTls {
  readonly ssl: { readonly secureContext?: unknown };
}

describe('The address of a database in files that change', () => {
  const [before, after] = [new CertificateAuthority(), new CertificateAuthority()];
  let directory: string;
  let files: { url: string; ca: string; cert: string; key: string };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-url-'));
    const [url, ca, cert, key] = ['url', 'ca', 'cert', 'key'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
      string,
    ];
    files = { url, ca, cert, key };
    await writeFile(ca, before.cert);
    await writeFile(url, 'postgres://old@h/d?sslmode=require');
    const own = before.issue({ names: ['service'] });
    await writeFile(cert, own.cert);
    await writeFile(key, own.key);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  function urlOf(environment: Record<string, string>): DatabaseUrl {
    const { location } = loadServiceConfig(environment).database;
    if (location.kind !== 'postgres') throw new Error('it is no PostgreSQL server');
    return new DatabaseUrl(location);
  }

  /** Looks, and uses what is new. @returns the settings that say it */
  async function follow(url: DatabaseUrl): Promise<readonly string[]> {
    const candidate = await url.look();
    if (candidate !== undefined) url.use(candidate);
    return candidate?.settings ?? [];
  }

  function client(url: DatabaseUrl) {
    const Client = url.clients();
    return new Client({}) as pg.Client & { readonly isOutdated: boolean; readonly ssl: unknown };
  }

  it.each(['prefer', 'no-verify'])(
    'says alone whether there is TLS, and PGSSLMODE=%s nothing',
    async (mode) => {
      const url = urlOf({ DATABASE_URL: 'postgres://u@h/d' });
      process.env.PGSSLMODE = mode;
      try {
        expect(client(url).ssl).toBe(false);
      } finally {
        delete process.env.PGSSLMODE;
      }
    },
  );

  it('takes new authorities for new connections, and keeps the ones before while the file is broken', async () => {
    const url = urlOf({ DATABASE_URL: 'postgres://u@h/d', DATABASE_CA_PATH: files.ca });
    expect(await follow(url)).toEqual([]);
    const first = client(url);
    expect(first.ssl).toMatchObject({ rejectUnauthorized: true, ca: [before.cert.trim()] });

    await writeFile(files.ca, 'garbage');
    await expect(url.look()).rejects.toMatchObject({ setting: 'DATABASE_CA_PATH' });
    await rm(files.ca);
    await expect(url.look()).rejects.toMatchObject({
      setting: 'DATABASE_CA_PATH',
      message: 'there is no such file',
    });
    expect(first.isOutdated).toBe(false);

    await writeFile(files.ca, after.cert);
    expect(await follow(url)).toEqual(['DATABASE_CA_PATH']);
    expect(first.isOutdated).toBe(true);
    expect(client(url).ssl).toMatchObject({ rejectUnauthorized: true, ca: [after.cert.trim()] });
    expect(await follow(url)).toEqual([]);
  });

  it('reads a new address as strictly as the first one, with its TLS', async () => {
    const url = urlOf({ DATABASE_URL_FILE: files.url, DATABASE_CA_PATH: files.ca });
    await writeFile(files.url, 'postgres://new@h/d?sslmode=no-verify&application_name=x');
    expect(await follow(url)).toEqual(['DATABASE_URL_FILE']);
    expect(client(url)).toMatchObject({ user: 'new', ssl: { rejectUnauthorized: false } });

    for (const text of [
      'postgres://u@h/d?sslmode=prefer',
      'postgres://u@h/d?sslmode=disable',
      'pglite://x',
    ]) {
      await writeFile(files.url, text);
      await expect(url.look()).rejects.toMatchObject({ setting: 'DATABASE_URL_FILE' });
    }
    await writeFile(files.url, 'postgres://u\u200b@h/d');
    await expect(url.look()).rejects.toThrow('U+200B');
    expect(client(url)).toMatchObject({ user: 'new' });
  });

  it('parses certificates once, until a file says others', async () => {
    const contextOf = (url: DatabaseUrl) => (client(url) as unknown as WithTls).ssl.secureContext;
    for (const environment of [
      { DATABASE_URL: 'postgres://u@h/d', DATABASE_CA_PATH: files.ca },
      { DATABASE_URL: `postgres://u@h/d?sslrootcert=${files.ca}` },
      { DATABASE_URL: `postgres://u@h/d?sslcert=${files.cert}&sslkey=${files.key}` },
    ]) {
      await writeFile(files.ca, before.cert);
      const url = urlOf(environment);
      const first = contextOf(url);
      expect(first).toHaveProperty('context');
      expect(await follow(url)).toEqual([]);
      expect(contextOf(url)).toBe(first);

      await writeFile(files.ca, after.cert);
      const next = after.issue({ names: ['service'] });
      await writeFile(files.cert, next.cert);
      await writeFile(files.key, next.key);
      const candidate = await url.look();
      if (candidate === undefined) throw new Error('nothing changed');
      const Tried = url.clientsOf(candidate);
      const tried = new Tried({}) as unknown as WithTls;
      url.use(candidate);
      expect(contextOf(url)).toHaveProperty('context');
      expect(contextOf(url)).not.toBe(first);
      expect(contextOf(url)).toBe(tried.ssl.secureContext);
    }
  });

  it('takes a new certificate of its own', async () => {
    const url = urlOf({
      DATABASE_URL: `postgres://u@h/d?sslcert=${files.cert}&sslkey=${files.key}`,
    });
    const first = client(url);
    expect(first.ssl).toMatchObject({ rejectUnauthorized: true });
    const next = after.issue({ names: ['service'] });
    await writeFile(files.cert, next.cert);
    await writeFile(files.key, next.key);
    expect(await follow(url)).toEqual(['DATABASE_URL']);
    expect(first.isOutdated).toBe(true);
    expect(client(url).ssl).toMatchObject({ cert: next.cert });
  });

  it('makes connections with what was before until the candidate is used, and forgets one that was taken back', async () => {
    const url = urlOf({ DATABASE_URL_FILE: files.url });
    const first = client(url);
    await writeFile(files.url, 'postgres://new@h/d?sslmode=require');
    const candidate = await url.look();
    expect(candidate?.settings).toEqual(['DATABASE_URL_FILE']);
    expect(await url.look()).toBe(candidate);
    expect([first.isOutdated, client(url).user]).toEqual([false, 'old']);

    await writeFile(files.url, 'postgres://old@h/d?sslmode=require');
    expect(await url.look()).toBeUndefined();
    await writeFile(files.url, 'postgres://new@h/d?sslmode=require');
    expect(await follow(url)).toEqual(['DATABASE_URL_FILE']);
    expect([first.isOutdated, client(url).user]).toEqual([true, 'new']);
    expect(await url.look()).toBeUndefined();
  });
});
