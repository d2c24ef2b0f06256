import { newLid, type Overrides } from '../../support/tokens.js';
import { outcome, shareStage, Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const MINUTE_MS = 60_000;

/** One token for each way of refusing one; test/licensing/install has all. */
const REFUSALS: { readonly code: string; readonly claims: (now: number) => Overrides }[] = [
  { code: 'license.invalid', claims: () => ({ prod: ['other-product'] }) },
  { code: 'license.untrusted', claims: () => ({ iss: 'https://other.example.com' }) },
  { code: 'license.subject-mismatch', claims: () => ({ sub: 'http://localhost:3000/app/' }) },
  { code: 'license.not-active', claims: (now) => ({ nbf: now + 60 }) },
  { code: 'license.expired', claims: (now) => ({ exp: now }) },
];

describe('POST /api/licensing/token', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  it('stores the token, shows it, and leaves one record of the change', async () => {
    const before = await stage.audit();
    const [lid, jti] = [newLid(), 'the-first'];
    const expected = stage.issuer.claims({ lid, jti });
    const token = stage.issuer.token({ lid, jti });
    const reply = await stage.upload(token);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ ...expected, status: 1 });
    for (const part of token.split('.')) expect(reply.text).not.toContain(part);
    expect(await stage.shown()).toEqual(reply.body);
    expect(await stage.verdict()).toEqual([true, 1]);
    const { iat, exp, nbf, lexp, prod, included_users, included_admins, included_viewers } = expected;
    const terms = { prod, included_users, included_admins, included_viewers };
    expect((await stage.audit()).slice(before.length)).toEqual([
      {
        actor: 'bootstrap',
        action: 'license.install',
        target: `license:${lid}`,
        detail: { lid, jti, iat, exp, nbf, lexp, ...terms },
        request_id: reply.headers.get('x-request-id'),
      },
    ]);
  });

  it('keeps the token as it came, and the public half of the key alone', async () => {
    const token = await stage.install({ lid: newLid() });
    const { token: stored, signing_key: key } = await stage.license();
    expect(stored).toBe(token);
    expect(key).toMatchObject({ kid: stage.issuer.key.kid, alg: 'ES256' });
    expect(key).not.toHaveProperty('d');
  });

  describe('refuses a token', () => {
    it.each(REFUSALS)(
      'with 400 and $code, in one sentence, and changes and records nothing',
      async ({ claims, code }) => {
        await stage.install({ lid: newLid() });
        const [row, records] = [await stage.row(), await stage.audit()];
        const reply = await stage.upload(stage.issuer.token(claims(stage.now)));
        expect(outcome(reply)).toEqual([400, code]);
        expect(reply.body.message).toMatch(/^The [^\n]+\.$/);
        expect(Object.keys(reply.body).sort()).toEqual(['message', 'messageId', 'statusCode', 'traceID']);
        expect(await stage.row()).toBe(row);
        expect(await stage.audit()).toEqual(records);
        expect(await stage.verdict()).toEqual([true, 1]);
      },
    );
  });

  describe('beside a stored license', () => {
    it('answers 409 to an older token of the same license, and keeps the stored one', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'newer' });
      const [row, records] = [await stage.row(), await stage.audit()];
      const older = await stage.upload(stage.issuer.token({ lid, jti: 'older', iat: stage.now - 7200 }));
      expect(outcome(older)).toEqual([409, 'license.stale']);
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    });

    it('takes an older token when the stored one is for another root URL', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'elsewhere' });
      await stage.restart({ ROOT_URL: 'http://localhost:3001/' });
      const older = { lid, jti: 'here', iat: stage.now - 7200, sub: 'http://localhost:3001/' };
      await stage.install(older);
      expect(await stage.shown()).toMatchObject({ status: 1, jti: 'here' });
    });

    it('answers 200 to the same text, and writes nothing', async () => {
      const token = await stage.install({ lid: newLid() });
      const [row, records] = [await stage.row(), await stage.audit()];
      const again = await stage.upload(token);
      expect(again.status).toBe(200);
      expect(again.body).toEqual(await stage.shown());
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    });

    it('replaces it with another license, also with an older one, and keeps the previous token', async () => {
      const [first, second] = [newLid(), newLid()];
      const firstToken = await stage.install({ lid: first });
      const secondToken = await stage.install({ lid: second, iat: stage.now - 7200 });
      expect(await stage.shown()).toMatchObject({ status: 1, lid: second });
      expect(await stage.license()).toMatchObject({ token: secondToken, previous_token: firstToken });
    });

    it('replaces it with a newer token of the same license, and keeps the previous token', async () => {
      const lid = newLid();
      const older = await stage.install({ lid, jti: 'older', iat: stage.now - 7200 });
      const newer = await stage.install({ lid, jti: 'newer' });
      expect(await stage.license()).toMatchObject({ token: newer, previous_token: older });
    });

    it('has a revision that grows with every write, and a generation that does not', async () => {
      const before = await stage.license();
      await stage.install({ lid: newLid() });
      await stage.install({ lid: newLid() });
      const after = await stage.license();
      expect(Number(after.revision)).toBe(Number(before.revision) + 2);
      expect(after.generation).toEqual(before.generation);
    });
  });

  describe('with parallel uploads', () => {
    it('ends with the newest of 20, whose upload is never refused, and records each change once', async () => {
      const lid = newLid();
      const records = (await stage.audit()).length;
      const tokens = Array.from({ length: 20 }, (_, age) =>
        stage.issuer.token({ lid, jti: `age-${age}`, iat: stage.now - 60 - age }),
      );
      // Neither in the order of their ages nor against it: 7 and 20 have no common divisor.
      const order = tokens.map((_, index) => (index * 7 + 3) % 20);
      const replies = await Promise.all(order.map((age) => stage.upload(tokens[age] as string)));
      const outcomes = replies.map(outcome);
      expect(outcomes[order.indexOf(0)]).toEqual([200, undefined]);
      const taken = outcomes.filter(([status]) => status === 200).length;
      const stale = outcomes.filter(([status, code]) => status === 409 && code === 'license.stale').length;
      expect(taken + stale).toBe(20);
      expect(await stage.shown()).toMatchObject({ status: 1, jti: 'age-0' });
      expect((await stage.audit()).length - records).toBe(taken);
    });

    it('accepts 20 of the same token and writes once', async () => {
      const token = stage.issuer.token({ lid: newLid() });
      const [before, records] = [await stage.license(), (await stage.audit()).length];
      const replies = await Promise.all(Array.from({ length: 20 }, () => stage.upload(token)));
      expect(replies.map(outcome)).toEqual(Array.from({ length: 20 }, () => [200, undefined]));
      expect(Number((await stage.license()).revision)).toBe(Number(before.revision) + 1);
      expect((await stage.audit()).length - records).toBe(1);
    });
  });

  describe('refuses a request', () => {
    it.each<{ what: string; body?: unknown; headers?: Record<string, string> }>([
      { what: 'without a body' },
      { what: 'with an empty object', body: {} },
      { what: 'with an array', body: [] },
      { what: 'with null', body: 'null' },
      { what: 'with a token that is null', body: { token: null } },
      { what: 'with a token that is a number', body: { token: 1 } },
      { what: 'with a token in an array', body: { token: ['a.b.c'] } },
      { what: 'with a member that nobody knows', body: { token: 'a.b.c', force: true } },
      {
        what: 'with an instance next to the token',
        body: { token: 'a.b.c', instance: 'http://localhost:3000/' },
      },
      { what: 'with __proto__', body: '{"token":"a.b.c","__proto__":{}}' },
      { what: 'with the member twice', body: '{"token":"a.b.c","token":"d.e.f"}' },
      { what: 'with the member twice, once escaped', body: '{"token":"a.b.c","tok\\u0065n":"d.e.f"}' },
      { what: 'that is not JSON', body: '{"token":' },
      { what: 'that begins with a byte order mark', body: '\ufeff{"token":"a.b.c"}' },
      {
        what: 'with another content type',
        body: { token: 'a.b.c' },
        headers: { 'Content-Type': 'text/plain' },
      },
      {
        what: 'with a form',
        body: 'token=a.b.c',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      },
    ])('$what as bad-request, before it looks at any token', async ({ body, headers = {} }) => {
      await stage.install({ lid: newLid() });
      const [row, records] = [await stage.row(), await stage.audit()];
      const reply = await stage.service.post(TOKEN, body, { headers });
      expect(outcome(reply)).toEqual([400, 'bad-request']);
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    });

    it('that has only an instance, and says what is wanted instead', async () => {
      const reply = await stage.service.post(TOKEN, { instance: 'http://localhost:3000/' });
      expect(outcome(reply)).toEqual([400, 'bad-request']);
      expect(reply.body.message).toContain('"token"');
      expect(reply.body.message).toContain('"instance"');
    });

    it('of more than 64 KiB with 413, and one of exactly that for its token', async () => {
      const body = (bytes: number) => `{"token":"${'A'.repeat(bytes - '{"token":""}'.length)}"}`;
      const large = await stage.service.post(TOKEN, body(64 * 1024 + 1));
      expect(outcome(large)).toEqual([413, 'request.too-large']);
      expect(outcome(await stage.service.post(TOKEN, body(64 * 1024)))).toEqual([400, 'license.invalid']);
    });

    it('of a caller without licensing:write, before it looks at the body', async () => {
      const reader = await stage.service.caller(READER);
      const denied = await stage.service.post(TOKEN, 'no JSON', { token: reader.token });
      expect(denied.status).toBe(403);
      expect(denied.body.message).toContain('licensing:write');
      const large = await stage.service.post(TOKEN, 'A'.repeat(70_000), { token: null });
      expect(outcome(large)).toEqual([401, 'auth.unauthorized']);
    });
  });

  it('records the caller who did it', async () => {
    const writer = await stage.service.caller(WRITER);
    const reply = await stage.service.post(TOKEN, { token: stage.issuer.token() }, { token: writer.token });
    expect(reply.status).toBe(200);
    const [record] = (await stage.audit()).slice(-1);
    expect(record?.actor).toContain(String(writer.id));
    expect(record?.actor).not.toBe('bootstrap');
  });

  it('records and keeps nothing of a token besides the license itself', async () => {
    const token = await stage.install({ lid: newLid() });
    const rows = await stage.query<{ text: string }>('SELECT audit_event::text AS text FROM audit_event');
    for (const part of token.split('.')) expect(JSON.stringify(rows)).not.toContain(part);
  });
});

describe('POST /api/licensing/token without any key of the issuer', () => {
  it('answers 503 with Retry-After, what is no token 400, and takes it once the keys are there', async () => {
    const stage = await Stage.open({
      ISSUER_URL: 'http://127.0.0.1:1',
      ISSUER_ID: 'https://issuer.example.com',
    });
    try {
      const token = stage.issuer.token({ iss: 'https://issuer.example.com' });
      const reply = await stage.upload(token);
      expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
      const seconds = Number(reply.headers.get('retry-after'));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(3600);
      expect(outcome(await stage.upload('no-token'))).toEqual([400, 'license.invalid']);
      expect(await stage.verdict()).toEqual([false, 4]);
      await stage.restart({ ISSUER_JWKS_URL: `${stage.issuer.url}/.well-known/jwks.json` });
      expect(outcome(await stage.upload(token))).toEqual([200, undefined]);
    } finally {
      await stage.close();
    }
  });
});

describe('POST /api/licensing/token with a limit', () => {
  it('answers 429 with Retry-After to more uploads a minute than that, and other callers do not notice', async () => {
    const stage = await Stage.open({ RATE_LIMIT_WRITES_PER_MINUTE: '8' });
    try {
      const writer = await stage.service.caller(WRITER);
      const upload = () => stage.service.post(TOKEN, { token: 'no-token' }, { token: writer.token });
      for (let count = 1; count <= 8; count += 1) expect((await upload()).status).toBe(400);
      const limited = await upload();
      expect(outcome(limited)).toEqual([429, 'too-many-requests']);
      const seconds = Number(limited.headers.get('retry-after'));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(60);
      expect((await stage.service.get(TOKEN, { token: writer.token })).status).toBe(200);
      expect((await stage.upload(stage.issuer.token())).status).toBe(200);
      stage.service.clock.advance(MINUTE_MS);
      expect((await upload()).status).toBe(400);
    } finally {
      await stage.close();
    }
  });
});
