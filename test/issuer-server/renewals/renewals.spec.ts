import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { RenewalAttempt } from '../../../src/issuer-server/renewals/renewal-attempt.js';
import { Renewals } from '../../../src/issuer-server/renewals/renewals.js';
import { Database } from '../../../src/database/database.js';
import { decideRenewal } from '../../../src/domain/license/license.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { verifyLicenseToken } from '../../support/verify-license-token.js';
import { readRootUrl } from '../../../src/domain/root-url.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { createKey, sign, validClaims } from '../../support/tokens.js';
import { INSTANCE, ISSUER_ID, policy, type Reply, TestIssuerServer } from '../test-issuer-server.js';

const DAY_MS = 86_400_000;

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

/** The claims of an answered token, which must be valid now and here. */
async function claimsOf({ status, body }: Reply) {
  expect({ status, body }).toEqual({ status: 200, body: { token: expect.any(String) } });
  return (await verifyLicenseToken(body.token, await issuerServer.keySet(), policy, issuerServer.now)).claims;
}

describe('a renewal', () => {
  it('is answered with a token that succeeds the shown one', async () => {
    const { token, lid } = await issuerServer.issued({
      company: 'Example',
      includedUsers: 50,
      products: ['other', 'grafana-enterprise'],
    });
    const asked = issuerServer.now;
    const reply = await issuerServer.renew({ token });
    const keySet = await issuerServer.keySet();
    const before = await authenticateLicenseToken(token, keySet);
    const after = await verifyLicenseToken(reply.body.token, keySet, policy, issuerServer.now);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(decideRenewal(before, after)).toBe('replace');
    expect(after.claims).toEqual({
      ...before.claims,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: after.claims.iat + 7 * 86_400,
    });
    expect(after.claims.iat).toBeGreaterThanOrEqual(asked);
    expect(after.claims.iat).toBeLessThanOrEqual(issuerServer.now);
    expect(after.claims).toMatchObject({
      iss: ISSUER_ID,
      sub: INSTANCE,
      lid,
      company: 'Example',
      included_users: 50,
      prod: ['other', 'grafana-enterprise'],
      lic_exp_warn_days: 30,
      tok_exp_warn_days: 2,
      update_days: 1,
    });
  });

  it('takes a token that has ended, as long as its license lasts', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 60 });
    issuerServer.clock.advance(DAY_MS);
    await expect(
      verifyLicenseToken(token, await issuerServer.keySet(), policy, issuerServer.now),
    ).rejects.toMatchObject({
      code: 'license.expired',
    });
    const { exp, iat } = await claimsOf(await issuerServer.renew({ token }));
    expect(exp - iat).toBe(60);
  });

  it('never gives a token that outlasts its license', async () => {
    const { token, license } = await issuerServer.issued({ licenseSeconds: 86_400 });
    expect((await claimsOf(await issuerServer.renew({ token }))).exp).toBe(license.lexp);
  });

  it('is refused when the license has ended, and not any more when it was prolonged', async () => {
    const { token, lid } = await issuerServer.issued({ licenseSeconds: 3_600 });
    issuerServer.clock.advance(3_600_000);
    expect(await issuerServer.renew({ token })).toMatchObject({
      status: 403,
      body: { code: 'license_expired' },
    });
    const before = issuerServer.now;
    const { lexp } = await issuerServer.running.issuer.prolong(lid, { days: 30 });
    expect(lexp).toBeGreaterThanOrEqual(before + 30 * 86_400);
    expect(lexp).toBeLessThanOrEqual(issuerServer.now + 30 * 86_400);
    expect((await claimsOf(await issuerServer.renew({ token }))).lexp).toBe(lexp);
  });

  it('compares root URLs, not their texts', async () => {
    const { token } = await issuerServer.issued({ sub: 'HTTPS://licentia.example.com:443/app' });
    await claimsOf(
      await issuerServer.renew({
        token,
        body: { instance: 'https://LICENTIA.example.com/app', version: '1' },
      }),
    );
  });

  it.each(['https://licentia.example.com/', 'https://licentia.example.com/app/x', 'no URL'])(
    'is refused for the instance %s',
    async (instance) => {
      const { token } = await issuerServer.issued();
      expect(await issuerServer.renew({ token, body: { instance, version: '1' } })).toMatchObject({
        status: 422,
        body: { code: 'instance_mismatch', message: expect.any(String) },
      });
    },
  );

  it('is a bad request for an instance of more than 1,024 characters, whose parsing would take long', async () => {
    const { token } = await issuerServer.issued();
    const hosts = Array.from({ length: 16_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
    for (const instance of [`${INSTANCE}${'a'.repeat(1025 - INSTANCE.length)}`, `http://${hosts}`]) {
      expect(await issuerServer.renew({ token, body: { instance, version: '1' } })).toMatchObject({
        status: 400,
        body: { messageId: 'bad-request', error: 'instance must have at most 1024 characters' },
      });
    }
  });

  it('gives one new token a minute, and that one to all who show an older one', async () => {
    const { token, lid } = await issuerServer.issued();
    const replies = [];
    for (let i = 0; i < 25; i += 1) replies.push(await issuerServer.renew({ token }));
    const given = await Promise.all(replies.map(claimsOf));
    expect(new Set(given.map(({ jti }) => jti)).size).toBe(1);
    const newest = replies[0]?.body.token as string;
    expect(await issuerServer.renew({ token: newest })).toMatchObject({
      status: 409,
      body: { code: 'not_due', message: expect.any(String) },
    });
    // A caller in a loop leaves nothing behind.
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    const rows: unknown[] = await dataSource.query('SELECT 1 FROM renewal WHERE lid = $1', [lid]);
    expect(rows).toHaveLength(1);
    issuerServer.clock.advance(60_000);
    expect((await claimsOf(await issuerServer.renew({ token: newest }))).iat).toBeGreaterThan(
      given[0]?.iat ?? 0,
    );
  });

  it('gives new terms at once', async () => {
    const { token, lid } = await issuerServer.issued();
    const newest = (await issuerServer.renew({ token })).body.token as string;
    const { lexp } = await issuerServer.running.issuer.prolong(lid, { days: 1 });
    expect((await claimsOf(await issuerServer.renew({ token: newest }))).lexp).toBe(lexp);
  });

  it('waits for the present when the clock was set back', async () => {
    const { token } = await issuerServer.issued();
    issuerServer.clock.advance(-1_800_000);
    expect(await issuerServer.renew({ token })).toMatchObject({ status: 409, body: { code: 'not_due' } });
    issuerServer.clock.advance(1_800_000);
    await claimsOf(await issuerServer.renew({ token }));
  });

  it('gives a newer token than the shown one even when the database knows less than its holder', async () => {
    const { token, lid } = await issuerServer.issued();
    const renewed = await issuerServer.renew({ token });
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    await dataSource.query('UPDATE issued_license SET last_iat = last_iat - 1000 WHERE lid = $1', [lid]);
    const { iat } = await claimsOf(renewed);
    expect((await claimsOf(await issuerServer.renew({ token: renewed.body.token }))).iat).toBeGreaterThan(
      iat,
    );
  });

  (POSTGRES_URL === undefined ? it.skip : it)(
    'gives one new token from two issuers on one database',
    async () => {
      const other = await TestIssuerServer.start(database, issuerServer.clock);
      try {
        const { token } = await issuerServer.issued();
        const replies = await Promise.all(
          Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? issuerServer : other).renew({ token })),
        );
        const given = replies.filter(({ status }) => status === 200);
        expect(given.length).toBeGreaterThanOrEqual(2);
        expect(new Set(given.map(({ body }) => body.token as string)).size).toBe(1);
      } finally {
        await other.stop();
      }
    },
  );
});

describe('a caller in a loop with tokens of a license', () => {
  const CONNECTIONS = 40;

  /** These connections renew with the tokens, over and over. */
  function loop(tokens: readonly string[]): {
    readonly statuses: readonly number[];
    readonly stop: () => Promise<void>;
  } {
    let isOver = false;
    const statuses: number[] = [];
    const run = async (first: number): Promise<void> => {
      for (let i = first; !isOver; i += 1)
        statuses.push((await issuerServer.renew({ token: tokens[i % tokens.length] ?? null })).status);
    };
    const running = Promise.all(Array.from({ length: CONNECTIONS }, async (_, index) => run(index)));
    const stop = async () => {
      isOver = true;
      await running;
    };
    return { statuses, stop };
  }

  it.each(['newer tokens than the instance has', "the instance's own token"])(
    'with %s keeps neither the instance nor another license from a renewal',
    async (which) => {
      const own = (await issuerServer.issued()).token;
      const other = (await issuerServer.issued()).token;
      const newer: string[] = [];
      for (let i = 0; i < 6; i += 1) {
        newer.push((await issuerServer.renew({ token: own })).body.token);
        issuerServer.clock.advance(61_000);
      }
      const { statuses, stop } = loop(which.startsWith('newer') ? newer : [own]);
      const waits: number[] = [];
      for (let i = 0; i < 10; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        for (const token of [own, other]) {
          const before = statuses.length;
          expect((await issuerServer.renew({ token })).status).toBe(200);
          waits.push(statuses.length - before);
        }
      }
      await stop();
      expect(statuses.length).toBeGreaterThan(200);
      expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
      // A renewal waits for two transactions at most, and each of them answers a connection once.
      expect(Math.max(...waits)).toBeLessThanOrEqual(3 * CONNECTIONS);
    },
    60_000,
  );

  it('with newer tokens than the instance has does not displace its renewal, which waits in the same line', async () => {
    const own = (await issuerServer.issued()).token;
    const newer: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      newer.push((await issuerServer.renew({ token: own })).body.token);
      issuerServer.clock.advance(61_000);
    }
    const renewals = issuerServer.running.application.nest.get(Renewals);
    const keySet = await issuerServer.keySet();
    const attemptWith = async (token: string, idempotencyKey: string): Promise<RenewalAttempt> => {
      const { claims } = await authenticateLicenseToken(token, keySet);
      return { claims, instance: readRootUrl(claims.sub), version: '', idempotencyKey, dryRun: false };
    };
    const crowd = Array.from({ length: 60 }, (_, index) => newer[index % newer.length] ?? '');
    const attempts = await Promise.all(
      [...crowd, own, ...crowd].map(async (token, index) => attemptWith(token, `crowd-${index}`)),
    );
    // All come before the first transaction ends, in this order.
    const outcomes = await Promise.allSettled(attempts.map(async (attempt) => renewals.renew(attempt)));
    expect(outcomes[crowd.length]).toEqual({ status: 'fulfilled', value: { token: expect.any(String) } });
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.map((one) => (one as PromiseRejectedResult).reason)).toEqual(
      refused.map(() => expect.objectContaining({ code: 'not_due' })),
    );
  });
});

describe('a hundred renewals of a license at once', () => {
  // On a server the process reads further requests while it waits for a transaction.
  (POSTGRES_URL === undefined ? it : it.skip)('take five transactions at most', async () => {
    const { token } = await issuerServer.issued();
    await issuerServer.renew({ token });
    const agent = new Agent({ keepAlive: true });
    const { url, application } = issuerServer.running;
    const send = async (options: RequestOptions, body = ''): Promise<number | undefined> => {
      const sent = request(`${url}${options.path}`, { ...options, agent }).end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
      return response.statusCode;
    };
    const hundredfold = async (options: RequestOptions, body?: string) =>
      Promise.all(Array.from({ length: 100 }, async () => send(options, body)));
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    // Connects them: what is counted is not how soon connections are accepted.
    await hundredfold({ path: '/healthz' });
    const transaction = jest.spyOn(application.nest.get(Database), 'transaction');
    try {
      const statuses = await hundredfold(
        { path: '/v1/licenses/renew', method: 'POST', headers: { ...headers, 'Idempotency-Key': 'loop' } },
        JSON.stringify({ instance: INSTANCE, version: '1.0.0' }),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(transaction.mock.calls.length).toBeLessThanOrEqual(5);
    } finally {
      transaction.mockRestore();
      agent.destroy();
    }
  });
});

describe('the repetition of a renewal', () => {
  it('gets the same token, also at once and after a restart', async () => {
    const { token } = await issuerServer.issued();
    const call = { token, key: 'one-attempt' };
    const replies = await Promise.all(Array.from({ length: 8 }, () => issuerServer.renew(call)));
    const [first] = replies;
    await claimsOf(first as Reply);
    for (const reply of replies) expect(reply.body).toEqual(first?.body);
    await issuerServer.stop();
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
    issuerServer.clock.advance(DAY_MS);
    expect((await issuerServer.renew(call)).body).toEqual(first?.body);
  });

  it('gets a new token when the former one is of no use any more', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 60 });
    const former = await issuerServer.renew({ token, key: 'late' });
    issuerServer.clock.advance(60_000);
    const latter = await issuerServer.renew({ token, key: 'late' });
    expect((await claimsOf(latter)).exp).toBeGreaterThan(issuerServer.now);
    expect(latter.body.token).not.toBe(former.body.token);
    expect((await issuerServer.renew({ token, key: 'late' })).body).toEqual(latter.body);
  });

  it('is told from that of another license with the same key', async () => {
    const [one, other] = [await issuerServer.issued(), await issuerServer.issued()];
    const first = await claimsOf(await issuerServer.renew({ token: one.token, key: 'shared' }));
    const second = await claimsOf(await issuerServer.renew({ token: other.token, key: 'shared' }));
    expect([first.lid, second.lid]).toEqual([one.lid, other.lid]);
  });

  it('is remembered for a week, and of a hundred renewals at most', async () => {
    const { token, lid } = await issuerServer.issued({ tokenSeconds: 60 * 86_400 });
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    const keys = async (): Promise<string[]> =>
      (
        await dataSource.query('SELECT idempotency_key AS key FROM renewal WHERE lid = $1 ORDER BY iat', [
          lid,
        ])
      ).map(({ key }: { key: string }) => key);
    for (let i = 0; i < 103; i += 1) {
      await claimsOf(await issuerServer.renew({ token, key: `many-${i}` }));
      issuerServer.clock.advance(61_000);
    }
    expect(await keys()).toEqual(Array.from({ length: 100 }, (_, i) => `many-${i + 3}`));
    issuerServer.clock.advance(8 * DAY_MS);
    await claimsOf(await issuerServer.renew({ token, key: 'a-week-later' }));
    expect(await keys()).toEqual(['a-week-later']);
  });
});

describe('a dry run', () => {
  it('says that a renewal would succeed, and issues nothing', async () => {
    const { token, lid } = await issuerServer.issued();
    const body = { instance: INSTANCE, version: '1', dryRun: true };
    const before = await issuerServer.running.issuer.find(lid);
    for (let i = 0; i < 10; i += 1) {
      expect(await issuerServer.renew({ token, body, key: 'dry' })).toMatchObject({
        status: 200,
        body: { dryRun: true },
      });
    }
    expect(await issuerServer.running.issuer.find(lid)).toEqual(before);
    await claimsOf(await issuerServer.renew({ token, key: 'dry' }));
  });

  it('says what a renewal would be refused with', async () => {
    const { token, lid } = await issuerServer.issued();
    await issuerServer.running.issuer.suspend(lid);
    const body = { instance: INSTANCE, version: '1', dryRun: true };
    expect(await issuerServer.renew({ token, body })).toMatchObject({
      status: 403,
      body: { code: 'license_suspended' },
    });
  });
});

describe('a request', () => {
  it.each([
    ['no token', null],
    ['a text that is no token', 'garbage'],
    ['an empty token', ''],
  ])('with %s is 401', async (_, token) => {
    const reply = await issuerServer.renew({ token });
    expect(reply).toMatchObject({
      status: 401,
      body: { code: 'token_unknown', message: expect.any(String) },
    });
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('with a token by a foreign key is 401, also under the name of ours', async () => {
    const { body } = await issuerServer.get('/.well-known/jwks.json');
    const { token } = await issuerServer.issued();
    const claims = {
      ...(await authenticateLicenseToken(token, await issuerServer.keySet())).claims,
    } as never;
    for (const kid of ['foreign', body.keys[0].kid as string]) {
      const forged = sign({ claims, key: createKey('ES256', kid) });
      expect(await issuerServer.renew({ token: forged })).toMatchObject({ status: 401 });
    }
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
    expect(await issuerServer.renew({ token: unsigned })).toMatchObject({ status: 401 });
    expect(await issuerServer.renew({ token: sign({ claims: validClaims() }) })).toMatchObject({
      status: 401,
    });
  });

  it('counts one Authorization header alone', async () => {
    const { token } = await issuerServer.issued();
    const inQuery = await fetch(`${issuerServer.running.url}/v1/licenses/renew?access_token=${token}`, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'query', 'Content-Type': 'application/json' },
      body: JSON.stringify({ instance: INSTANCE, version: '1' }),
    });
    expect(inQuery.status).toBe(401);
    const status = await new Promise((resolve, reject) => {
      request(`${issuerServer.running.url}/v1/licenses/renew`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .setHeader('Authorization', [`Bearer ${token}`, `Bearer ${token}`])
        .setHeader('Idempotency-Key', 'two')
        .on('error', reject)
        .end();
    });
    expect(status).toBe(401);
  });

  it('for a license that the database does not know is 404', async () => {
    const { token, lid } = await issuerServer.issued();
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    await dataSource.query('DELETE FROM license_event WHERE lid = $1', [lid]);
    await dataSource.query('DELETE FROM issued_license WHERE lid = $1', [lid]);
    expect(await issuerServer.renew({ token })).toMatchObject({
      status: 404,
      body: { code: 'license_unknown' },
    });
  });

  it.each([
    ['missing', null],
    ['overlong', 'x'.repeat(256)],
    ['spaced', 'a b'],
  ])('with a %s Idempotency-Key is 400', async (_, key) => {
    const { token } = await issuerServer.issued();
    expect(await issuerServer.renew({ token, key })).toMatchObject({
      status: 400,
      body: { messageId: 'bad-request' },
    });
  });

  it.each([
    { version: '1' },
    { instance: INSTANCE },
    { instance: 1, version: '1' },
    { instance: INSTANCE, version: '1', dryRun: 'true' },
    { instance: INSTANCE, version: '1', dryRun: null },
    { instance: INSTANCE, version: '1', usage: [] },
    { instance: INSTANCE, version: '1', more: 1 },
    [],
  ])('with the body %j is 400', async (body) => {
    const { token } = await issuerServer.issued();
    expect(await issuerServer.renew({ token, body })).toMatchObject({
      status: 400,
      body: { messageId: 'bad-request' },
    });
  });

  it('may say anything of its usage', async () => {
    const { token } = await issuerServer.issued();
    await claimsOf(
      await issuerServer.renew({ token, body: { instance: INSTANCE, version: '1', usage: { users: [1] } } }),
    );
  });

  it('is let in before its body is looked at', async () => {
    expect(
      await issuerServer.renew({ token: 'garbage', body: { nothing: 'right' }, key: null }),
    ).toMatchObject({
      status: 401,
    });
  });

  it('to another path or by another method is none of the protocol', async () => {
    expect(await issuerServer.get('/v1/licenses')).toMatchObject({ status: 404 });
    const wrong = await issuerServer.get('/v1/licenses/renew');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await issuerServer.get('/healthz')).toMatchObject({ status: 200, body: 'Ok' });
  });
});
