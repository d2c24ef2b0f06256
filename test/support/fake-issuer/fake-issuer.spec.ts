import { readKeySet } from '../../../src/domain/token/key-set.js';
import {
  authenticateLicenseToken,
  readRevocationHeader,
  verifyRevocationStatement,
} from '../../../src/domain/license/license-token.js';
import type { JsonValue } from '../../../src/domain/token/strict-json.js';
import { FakeIssuer } from './fake-issuer.js';

describe('the fake issuer', () => {
  let issuer: FakeIssuer;

  beforeEach(async () => {
    issuer = await FakeIssuer.start();
  });

  afterEach(async () => {
    await issuer.stop();
  });

  const publishedKeys = async () => {
    const response = await fetch(`${issuer.url}/.well-known/jwks.json`);
    return readKeySet((await response.json()) as JsonValue);
  };
  const renew = async (token: string, headers: Record<string, string> = {}) =>
    fetch(`${issuer.url}/v1/licenses/renew`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, ...headers },
      body: '{"instance":"x"}',
      redirect: 'manual',
    });
  const renewed = async (token: string) => {
    const { token: next } = (await (await renew(token)).json()) as { token: string };
    return authenticateLicenseToken(next, await publishedKeys());
  };

  it('publishes the key that its licenses verify with', async () => {
    const license = await authenticateLicenseToken(issuer.token({ lid: '7' }), await publishedKeys());
    expect(license.claims).toMatchObject({ iss: issuer.url, sub: 'http://localhost:3000/', lid: '7' });
    expect(license.key.kid).toBe(issuer.key.kid);
  });

  it('makes licenses that are valid now', () => {
    const now = Date.now() / 1000;
    const { iat, nbf, exp, lexp } = issuer.claims() as Record<string, number>;
    expect(iat).toBeLessThan(now);
    expect(nbf).toBeLessThan(now);
    expect(exp).toBeGreaterThan(now + 3600);
    expect(lexp).toBeGreaterThan(now + 3600);
  });

  it('renews the license that it is shown with a newer token of the same one', async () => {
    const claims = issuer.claims({ lid: '7', company: 'Own' });
    const first = await renewed(issuer.token(claims));
    expect(first.claims).toMatchObject({ ...claims, jti: 'renewed-1', iat: Number(claims.iat) + 1 });
    expect((await renewed(first.token)).claims).toMatchObject({
      jti: 'renewed-2',
      iat: Number(claims.iat) + 2,
    });
  });

  it('takes reports of usage, each day once, and does with them what it is told', async () => {
    const report = async (days: object[]) => {
      const response = await fetch(`${issuer.url}/v1/licenses/renew`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${issuer.token({ lid: '7' })}` },
        body: JSON.stringify({ instance: 'x', usage: { days } }),
      });
      return { status: response.status, ...((await response.json()) as { usage?: object }) };
    };
    const [first, second] = [
      { day: '2026-11-26', used: 1 },
      { day: '2026-11-27', used: 2 },
    ];
    expect(await report([first])).toMatchObject({ status: 200, usage: { until: '2026-11-26' } });
    expect(await report([{ ...first, used: 9 }, second])).toMatchObject({ usage: { until: '2026-11-27' } });
    expect((await report([])).usage).toEqual({ until: null });
    expect(issuer.reports.days('7')).toEqual([first, second]);
    issuer.reports.manner = 'ignore';
    expect((await report([first])).usage).toBeUndefined();
    issuer.reports.manner = 'refuse';
    expect((await report([first])).status).toBe(400);
    expect((await renew(issuer.token())).status).toBe(200);
    expect(issuer.reports.received).toHaveLength(4);
    issuer.heal();
    expect((await report([])).status).toBe(200);
  });

  it('issues nothing for a rehearsal', async () => {
    const response = await fetch(`${issuer.url}/v1/licenses/renew`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${issuer.token()}` },
      body: '{"instance":"x","dryRun":true}',
    });
    expect([response.status, await response.json()]).toEqual([200, { dryRun: true }]);
  });

  it('remembers what it was asked, and by which headers', async () => {
    await publishedKeys();
    await renew('a.e30.c', { 'Idempotency-Key': 'one' });
    expect(issuer.requests).toHaveLength(2);
    expect(issuer.keySetRequests).toMatchObject([{ method: 'GET', body: '' }]);
    expect(issuer.renewals).toMatchObject([
      {
        method: 'POST',
        path: '/v1/licenses/renew',
        body: '{"instance":"x"}',
        headers: { authorization: 'Bearer a.e30.c', 'idempotency-key': 'one' },
      },
    ]);
  });

  it('answers everything else 404', async () => {
    expect((await fetch(`${issuer.url}/v1/other`)).status).toBe(404);
  });

  it('answers renewals as it is told, and as usual again', async () => {
    issuer.answerRenewals({ status: 429, headers: { 'Retry-After': '7' }, body: { code: 'slow_down' } });
    const told = await renew('a.e30.c');
    expect([told.status, told.headers.get('retry-after'), await told.json()]).toEqual([
      429,
      '7',
      { code: 'slow_down' },
    ]);
    issuer.answerRenewals({ status: 200, body: Buffer.from([0xff, 0x00]) });
    expect(Buffer.from(await (await renew('a.e30.c')).arrayBuffer())).toEqual(Buffer.from([0xff, 0x00]));
    issuer.answerRenewals((_request, response) => response.destroy());
    await expect(renew('a.e30.c')).rejects.toThrow();
    issuer.answerRenewals();
    expect((await renew(issuer.token())).status).toBe(200);
  });

  it('answers where the keys are as it is told, and as usual again', async () => {
    issuer.answerKeySet({ status: 500 });
    expect((await fetch(`${issuer.url}/.well-known/jwks.json`)).status).toBe(500);
    issuer.answerKeySet();
    expect((await publishedKeys()).size).toBe(1);
  });

  it('answers as late as it is told', async () => {
    issuer.answerRenewals({ status: 200, delay: 200 });
    const begin = performance.now();
    await renew('a.e30.c');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(150);
  });

  it('keeps renewals waiting until they are released, and decides on the answer then', async () => {
    const held = issuer.holdRenewals();
    let answered = 0;
    const calls = [1, 2].map(async () => {
      const response = await renew('a.e30.c');
      answered += 1;
      return response.status;
    });
    await held.arrived;
    expect((await publishedKeys()).size).toBe(1);
    expect(answered).toBe(0);
    issuer.answerRenewals({ status: 403 });
    held.release();
    expect(await Promise.all(calls)).toEqual([403, 403]);
    expect((await renew('a.e30.c')).status).toBe(403);
  });

  it.each([true, false])(
    'signs with a new key after a rotation, and keeps the old one: %s',
    async (keepOld) => {
      const old = issuer.key;
      const key = issuer.rotate(keepOld);
      expect(issuer.key).toBe(key);
      const keys = await publishedKeys();
      expect(keys.kids.includes(old.kid)).toBe(keepOld);
      expect((await authenticateLicenseToken(issuer.token(), keys)).key.kid).toBe(key.kid);
    },
  );

  it('makes statements of revocation that verify', async () => {
    const statement = issuer.statement({ lid: '7' });
    expect(readRevocationHeader(statement).kid).toBe(issuer.key.kid);
    const now = Math.floor(Date.now() / 1000);
    const policy = { issuer: issuer.url };
    const { lid, iat } = await verifyRevocationStatement(statement, await publishedKeys(), policy, now + 5);
    expect(lid).toBe('7');
    expect(Math.abs(iat - now)).toBeLessThanOrEqual(5);
  });

  it('is away after a stop, and back under the same address with the same keys', async () => {
    const { url, key } = issuer;
    await issuer.stop();
    await expect(fetch(url)).rejects.toThrow();
    await issuer.startAgain();
    expect(issuer.url).toBe(url);
    expect((await publishedKeys()).kids).toEqual([key.kid]);
  });

  it('does not run in production', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      await expect(FakeIssuer.start()).rejects.toThrow('production');
    } finally {
      process.env.NODE_ENV = before;
    }
  });
});
