import { getDataSourceToken } from '@nestjs/typeorm';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { startIssuerServer } from '../../../src/issuer-server/issuer-server.js';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import { authenticateLicenseToken, readTokenHeader } from '../../../src/domain/license/license-token.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, ISSUER_ID, TestIssuerServer } from '../test-issuer-server.js';

describe('the keys of the issuer', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
  });

  afterAll(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  it('are published without their private part, to be kept for five minutes', async () => {
    const { status, headers, body } = await issuerServer.get('/.well-known/jwks.json');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.get('content-type')).toBe('application/json');
    expect(body.keys).toHaveLength(1);
    expect(Object.keys(body.keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(body.keys[0]).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig', crv: 'P-256' });
    expect((await readKeySet(body)).skipped).toEqual([]);
  });

  it('are the same after a restart, and verify what was signed before it', async () => {
    const before = await issuerServer.get('/.well-known/jwks.json');
    const { token } = await issuerServer.issued();
    await issuerServer.stop();
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
    expect((await issuerServer.get('/.well-known/jwks.json')).body).toEqual(before.body);
    await expect(authenticateLicenseToken(token, await issuerServer.keySet())).resolves.toMatchObject({
      token,
    });
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  it('are made at the first start, and the first looks at the database after it have nothing to say', async () => {
    const empty = await testDatabase('issuer');
    const sink = new PassThrough();
    const config = loadIssuerServerConfig({ PORT: '0', DATABASE_URL: empty.url, ISSUER_ID });
    const running = await startIssuerServer(config, pino({}, sink));
    try {
      await sleep(2_500);
      const lines = String(sink.read())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const ofKeys = lines.filter(({ context }) => context === 'SigningKeys');
      expect(ofKeys.map(({ msg }) => msg)).toEqual([
        'a signing key was made',
        expect.stringContaining('signing keys are in clear'),
      ]);
    } finally {
      await running.application.close(0);
      await empty.drop();
    }
  });

  it('are those of the database a second after a backup was restored under it', async () => {
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    const kidNow = async () => (await issuerServer.get('/.well-known/jwks.json')).body.keys[0]?.kid;
    const before = await kidNow();
    await dataSource.query(`UPDATE signing_key SET kid = 'of the backup'`);
    const deadline = performance.now() + 10_000;
    while ((await kidNow()) === before && performance.now() < deadline) await sleep(50);
    expect(await kidNow()).toBe('of the backup');
    const { token } = await issuerServer.issued();
    expect(readTokenHeader(token).kid).toBe('of the backup');
    // With one that cannot be used it goes on with the last ones, and without any too.
    const broken = JSON.stringify({ kty: 'EC', crv: 'P-256', d: 'no key' });
    await dataSource.query(`UPDATE signing_key SET private_jwk = $1, kid = 'broken'`, [broken]);
    await sleep(2_500);
    expect(await kidNow()).toBe('of the backup');
    expect((await issuerServer.renew({ token })).status).toBe(200);
    await dataSource.query(`DELETE FROM signing_key`);
    await sleep(1_500);
    expect(await kidNow()).toBe('of the backup');
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  it('and tokens are nowhere in the log', async () => {
    await issuerServer.stop();
    let log = '';
    const sink = new Writable({
      write: (chunk, _, done) => {
        log += String(chunk);
        done();
      },
    });
    const config = loadIssuerServerConfig({ PORT: '0', DATABASE_URL: database.url, ISSUER_ID });
    const running = await startIssuerServer(config, pino({ level: 'trace' }, sink));
    const { token } = await running.issuer.issue({ sub: INSTANCE, lid: 'logged' });
    await fetch(`${running.url}/v1/licenses/renew`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Idempotency-Key': 'logged',
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ instance: INSTANCE, version: '1.0.0' }),
    });
    const dataSource = running.application.nest.get<DataSource>(getDataSourceToken('issuer-server'));
    const [key] = await dataSource.query('SELECT private_jwk FROM signing_key');
    await running.application.close(0);
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
    expect(key.private_jwk.d).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(log).toContain('license renewed');
    expect(log).not.toContain(key.private_jwk.d);
    expect(log).not.toContain(token.split('.')[2]);
  });

  (POSTGRES_URL === undefined ? it.skip : it)(
    'are made once when several issuers begin together',
    async () => {
      const empty = await testDatabase('none');
      const begun = await Promise.all([1, 2, 3, 4].map(() => TestIssuerServer.start(empty)));
      try {
        const sets = await Promise.all(begun.map((one) => one.get('/.well-known/jwks.json')));
        expect(sets[0]?.body.keys).toHaveLength(1);
        for (const set of sets) expect(set.body).toEqual(sets[0]?.body);
      } finally {
        await Promise.all(begun.map((one) => one.stop()));
        await empty.drop();
      }
    },
  );
});
