import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer } from '../../support/fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN, type Reply } from '../../support/service.js';
import { createKey, newLid, type Overrides, sign } from '../../support/tokens.js';
import { outcome, RENEW, shareStage, Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const HOUR_MS = 3_600_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The moment of the stored token of most tests, and its claims. */
interface Stored {
  readonly stage: Stage;
  readonly token: string;
  readonly claims: { readonly lid: string; readonly jti: string; readonly iat: number; readonly exp: number };
}

/** Installs a license of its own. */
async function store(stage: Stage, overrides: Overrides = {}): Promise<Stored> {
  const claims = { lid: newLid(), jti: 'stored', iat: stage.now - 60, exp: stage.now + 86_400 };
  const token = await stage.install({ ...claims, ...overrides });
  return { stage, token, claims: { ...claims, ...overrides } };
}

/** A token that renews the stored one, unless something of it is changed. */
function successor({ stage, claims }: Stored, overrides: Overrides = {}, key = stage.issuer.key): string {
  return stage.issuer.token({ ...claims, jti: 'successor', iat: claims.iat + 1, ...overrides }, key);
}

/** An answer that carries a token. */
function tokenAnswer(token: string): Answer {
  return { status: 200, body: { token } };
}

/** The id that the issuer was told in each of its calls. */
function attemptIds(stage: Stage): unknown[] {
  return stage.issuer.renewals.map((request) => request.headers['idempotency-key']);
}

/** Renews against an answer that must not change anything, and looks that it did not. */
async function renewInVain({ stage, token }: Stored, answer: Answer | undefined): Promise<Reply> {
  const [row, verdict, records] = [await stage.row(), await stage.verdict(), await stage.audit()];
  const shown = await stage.shown();
  stage.issuer.answerRenewals(answer);
  const reply = await stage.renew();
  expect(await stage.row()).toBe(row);
  expect(await stage.verdict()).toEqual(verdict);
  expect(await stage.shown()).toEqual(shown);
  expect(await stage.audit()).toEqual(records);
  expect(reply.text).not.toContain(token);
  return reply;
}

describe('POST /api/licensing/token/renew', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  describe('with a new token from the issuer', () => {
    it('stores it, shows it, keeps the previous one, and leaves one record of the change', async () => {
      const stored = await store(stage);
      const records = (await stage.audit()).length;
      const token = successor(stored, { exp: stored.claims.exp + 5, included_users: 51 });
      stage.issuer.answerRenewals(tokenAnswer(token));
      const reply = await stage.renew();
      expect(reply.status).toBe(200);
      const { lid, iat, exp } = stored.claims;
      expect(reply.body).toMatchObject({
        status: 1,
        lid,
        jti: 'successor',
        iat: iat + 1,
        included_users: 51,
      });
      for (const part of token.split('.')) expect(reply.text).not.toContain(part);
      expect(await stage.shown()).toEqual(reply.body);
      expect(await stage.license()).toMatchObject({ token, previous_token: stored.token });
      const [record, ...more] = (await stage.audit()).slice(records);
      expect(more).toEqual([]);
      expect(record).toMatchObject({
        actor: 'bootstrap',
        action: 'license.renew',
        target: `license:${lid}`,
        detail: { jti: 'successor', iat: iat + 1, exp: exp + 5 },
        request_id: reply.headers.get('x-request-id'),
      });
    });

    it.each<[string, unknown]>([
      ['without a body', undefined],
      ['with an empty object', {}],
      ['with an empty object and spaces', ' { } '],
    ])('is asked for %s', async (_, body) => {
      await store(stage);
      const reply = await stage.service.post(RENEW, body);
      expect(reply.status).toBe(200);
      expect(reply.body.jti).toMatch(/^renewed-/);
    });

    it('takes one of the same iat and exp, as it is not older', async () => {
      const stored = await store(stage);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored, { iat: stored.claims.iat })));
      expect((await stage.renew()).body.jti).toBe('successor');
    });

    it('reads the body with any content type, and up to 64 KiB of it', async () => {
      const stored = await store(stage);
      const start = `{"token":"${successor(stored)}","padding":"`;
      const body = `${start}${'x'.repeat(64 * 1024 - start.length - 2)}"}`;
      expect(Buffer.byteLength(body)).toBe(64 * 1024);
      stage.issuer.answerRenewals({ status: 200, headers: { 'Content-Type': 'text/html' }, body });
      expect((await stage.renew()).body.jti).toBe('successor');
    });

    it('takes one that is signed with a key that was published a moment ago', async () => {
      await store(stage);
      stage.issuer.rotate(true);
      stage.service.clock.advance(31_000);
      expect((await stage.renew()).body.jti).toMatch(/^renewed-/);
    });

    it('renews again and again', async () => {
      const { claims } = await store(stage);
      for (const difference of [1, 2, 3]) {
        expect((await stage.renew()).body).toMatchObject({ status: 1, iat: claims.iat + difference });
      }
    });

    it('renews a license whose token has expired', async () => {
      const stored = await store(stage, { exp: stage.now + 100 });
      stage.service.clock.set((stored.claims.exp + 10) * 1000);
      expect(await stage.verdict()).toEqual([false, 5]);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored, { exp: stage.now + 1000 })));
      expect((await stage.renew()).body).toMatchObject({ status: 1, jti: 'successor' });
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('renews a license that has expired, when its issuer prolongs it', async () => {
      const stored = await store(stage, { lexp: stage.now + 100 });
      stage.service.clock.set((stage.now + 200) * 1000);
      expect(await stage.verdict()).toEqual([false, 5]);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored, { lexp: stage.now + 1000 })));
      expect((await stage.renew()).body).toMatchObject({ status: 1, jti: 'successor' });
    });
  });

  describe('sends the issuer', () => {
    it('the stored token, the root URL and the version, and nothing else', async () => {
      const { token } = await store(stage);
      const seen = stage.issuer.renewals.length;
      await stage.service.post(RENEW, {}, { headers: { Cookie: 'session=secret', 'X-Secret': 'secret' } });
      const [request, ...more] = stage.issuer.renewals.slice(seen);
      expect(more).toEqual([]);
      expect(request?.method).toBe('POST');
      expect(request?.path).toBe('/v1/licenses/renew');
      expect(JSON.parse(request?.body ?? '')).toEqual({ instance: 'http://localhost:3000/', version });
      const { authorization, 'user-agent': agent, 'content-type': type, ...headers } = request?.headers ?? {};
      expect([authorization, agent, type]).toEqual([
        `Bearer ${token}`,
        `licentia/${version}`,
        'application/json',
      ]);
      expect(headers['idempotency-key']).toMatch(UUID);
      const names = ['accept', 'accept-encoding', 'connection', 'content-length', 'host', 'idempotency-key'];
      expect(Object.keys(headers).sort()).toEqual(names);
    });

    it("never the caller's own credentials, name or request id", async () => {
      await store(stage);
      const writer = await stage.service.caller(WRITER);
      const seen = stage.issuer.requests.length;
      const headers = { 'X-Request-Id': 'the-request-id', 'X-Forwarded-For': '192.0.2.1' };
      expect((await stage.service.post(RENEW, {}, { token: writer.token, headers })).status).toBe(200);
      const sent = JSON.stringify(stage.issuer.requests.slice(seen));
      expect(sent).toContain('idempotency-key');
      for (const secret of [writer.token, BOOTSTRAP_TOKEN, 'the-request-id', '192.0.2.1', 'caller ']) {
        expect(sent).not.toContain(secret);
      }
    });

    it('its calls directly, even if the environment names a proxy', async () => {
      await store(stage);
      const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
      for (const name of names) process.env[name] = 'http://127.0.0.1:1';
      try {
        expect((await stage.renew()).status).toBe(200);
      } finally {
        for (const name of names) delete process.env[name];
      }
    });
  });

  describe('refuses', () => {
    it('with 404 when there is no license, and does not ask the issuer', async () => {
      const seen = stage.issuer.requests.length;
      expect(outcome(await stage.renew())).toEqual([404, 'license.not-found']);
      await store(stage);
      await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
      expect(outcome(await stage.renew())).toEqual([404, 'license.not-found']);
      expect(stage.issuer.requests).toHaveLength(seen);
    });

    it.each<{ what: string; body: unknown; headers?: Record<string, string> }>([
      { what: 'a member', body: { force: true } },
      { what: 'a token', body: { token: 'a.b.c' } },
      { what: '__proto__', body: '{"__proto__":{}}' },
      { what: 'an array', body: [] },
      { what: 'null', body: 'null' },
      { what: 'a text', body: '"{}"' },
      { what: 'no JSON', body: '{' },
      { what: 'two objects', body: '{}{}' },
      { what: 'a byte order mark', body: '\ufeff{}' },
      { what: 'spaces alone', body: '  ' },
      { what: 'another content type', body: '{}', headers: { 'Content-Type': 'text/plain' } },
    ])('a body of $what with 400, and does not ask the issuer', async ({ body, headers = {} }) => {
      const stored = await store(stage);
      const [row, seen] = [await stage.row(), stage.issuer.requests.length];
      expect(outcome(await stage.service.post(RENEW, body, { headers }))).toEqual([400, 'bad-request']);
      expect(await stage.row()).toBe(row);
      expect(stage.issuer.requests).toHaveLength(seen);
      expect((await stage.shown()).jti).toBe(stored.claims.jti);
    });

    it('a body of more than 64 KiB with 413', async () => {
      await store(stage);
      const large = await stage.service.post(RENEW, `{${' '.repeat(64 * 1024)}}`);
      expect(outcome(large)).toEqual([413, 'request.too-large']);
    });

    it('a caller without licensing:write, and does not ask the issuer', async () => {
      await store(stage);
      const seen = stage.issuer.requests.length;
      const reader = await stage.service.caller(READER);
      const denied = await stage.service.post(RENEW, {}, { token: reader.token });
      expect(denied.status).toBe(403);
      expect(denied.body.message).toContain('licensing:write');
      expect(outcome(await stage.service.post(RENEW, {}, { token: null }))).toEqual([
        401,
        'auth.unauthorized',
      ]);
      expect(stage.issuer.requests).toHaveLength(seen);
    });
  });

  describe('answers 200 and writes nothing', () => {
    it.each<[string, (stored: Stored) => Answer]>([
      ['has nothing newer', () => ({ status: 409, body: { code: 'not_due' } })],
      ['says more than it has to', () => ({ status: 409, body: { code: 'not_due', message: 'x', next: 1 } })],
      ['echoes the stored token', ({ token }) => tokenAnswer(token)],
      [
        'signs the same claims anew',
        ({ claims }) => tokenAnswer(sign({ key: stage.issuer.key, claims: stage.issuer.claims(claims) })),
      ],
    ])('when the issuer %s', async (_, answer) => {
      // Every claim, so that the same ones can be signed again in any second.
      const claims = stage.issuer.claims({ lid: newLid(), jti: 'stored' });
      const stored = await store(stage, claims);
      const shown = await stage.shown();
      const reply = await renewInVain(
        { ...stored, claims: claims as unknown as Stored['claims'] },
        answer(stored),
      );
      expect(reply.status).toBe(200);
      expect(reply.body).toEqual(shown);
    });

    it('also when the stored token has expired, and says so', async () => {
      const stored = await store(stage, { exp: stage.now + 100 });
      stage.service.clock.set((stored.claims.exp + 10) * 1000);
      const reply = await renewInVain(stored, { status: 409, body: { code: 'not_due' } });
      expect(reply.status).toBe(200);
      expect(reply.body).toMatchObject({ status: 5, jti: 'stored' });
    });
  });

  describe('answers 502 issuer.refused and leaves the license as it is', () => {
    it.each([400, 401, 402, 403, 404, 408, 418, 422, 451])('to a bare %i', async (status) => {
      const reply = await renewInVain(await store(stage), { status });
      expect(outcome(reply)).toEqual([502, 'issuer.refused']);
      expect(reply.body).not.toHaveProperty('error');
    });

    it.each([
      ['The contract was suspended: call us (9-17h), Müller/Maier.'],
      ['ライセンスは停止されました'],
      ['a'.repeat(200)],
    ])('with the reason of a 403: %s', async (message) => {
      const answer = { status: 403, body: { code: 'license_suspended', message } };
      const reply = await renewInVain(await store(stage), answer);
      expect(outcome(reply)).toEqual([502, 'issuer.refused']);
      expect(reply.body.error).toBe(message);
    });

    it.each<[string, unknown]>([
      ['with markup', '<script>alert(1)</script>'],
      ['of two lines', 'one\ntwo'],
      ['with a quotation mark', 'say "no"'],
      ['with an escape sequence', '\u001b[31mred'],
      ['with text that runs backwards', 'abc\u202edef'],
      ['that is too long', 'a'.repeat(201)],
      ['that is empty', ''],
      ['that is no text', { deep: 'no' }],
    ])('without the reason of a 403 %s', async (_, message) => {
      const answer = { status: 403, body: { code: 'license_suspended', message } };
      const reply = await renewInVain(await store(stage), answer);
      expect(outcome(reply)).toEqual([502, 'issuer.refused']);
      expect(Object.keys(reply.body).sort()).toEqual(['message', 'messageId', 'statusCode', 'traceID']);
      if (typeof message === 'string' && message !== '') expect(reply.body.message).not.toContain(message);
    });

    it.each<[number, string]>([
      [401, '{"code":"token_unknown"}'],
      [404, '{"code":"license_unknown"}'],
      [403, '<html>Forbidden</html>'],
    ])('to a %i with the body %s', async (status, body) => {
      expect(outcome(await renewInVain(await store(stage), { status, body }))).toEqual([
        502,
        'issuer.refused',
      ]);
    });
  });

  describe('answers 502 issuer.bad-response and leaves the license as it is', () => {
    it.each<[string, (stored: Stored) => Answer]>([
      ['a 409 without a body', () => ({ status: 409 })],
      ['a 409 without a code', () => ({ status: 409, body: {} })],
      ['a 409 with another code', () => ({ status: 409, body: { code: 'conflict' } })],
      ['a 409 of a web server', () => ({ status: 409, body: '<html>not_due</html>' })],
      ['a 410 without a body', () => ({ status: 410 })],
      ['a 410 of a web server', () => ({ status: 410, body: '<html>Gone</html>' })],
      ['a 500', () => ({ status: 500 })],
      ['a 500 with a token', (stored) => ({ status: 500, body: { token: successor(stored) } })],
      ['a 502', () => ({ status: 502 })],
      ['a 504', () => ({ status: 504 })],
      ['a 201 with a token', (stored) => ({ status: 201, body: { token: successor(stored) } })],
      ['a 204', () => ({ status: 204 })],
      ['a 206 with a token', (stored) => ({ status: 206, body: { token: successor(stored) } })],
      ['a 304', () => ({ status: 304 })],
      ['a 200 without a body', () => ({ status: 200 })],
      ['a body that is not JSON', () => ({ status: 200, body: '<html>Welcome</html>' })],
      ['a body that is half of a JSON', ({ token }) => ({ status: 200, body: `{"token":"${token}"` })],
      ['a body that is a text', ({ token }) => ({ status: 200, body: JSON.stringify(token) })],
      ['a body that is null', () => ({ status: 200, body: 'null' })],
      ['a body that is an array', (stored) => ({ status: 200, body: [{ token: successor(stored) }] })],
      ['a body without a token', () => ({ status: 200, body: { dryRun: true } })],
      ['a token that is null', () => ({ status: 200, body: { token: null } })],
      ['a token that is a number', () => ({ status: 200, body: { token: 1 } })],
      ['a token that is empty', () => ({ status: 200, body: { token: '' } })],
      [
        'a body that begins with a byte order mark',
        (stored) => ({ status: 200, body: `\ufeff${JSON.stringify({ token: successor(stored) })}` }),
      ],
      [
        'a body that is not UTF-8',
        (stored) => ({
          status: 200,
          body: Buffer.concat([
            Buffer.from(`{"token":"${successor(stored)}","x":"`),
            Buffer.from([0xff]),
            Buffer.from('"}'),
          ]),
        }),
      ],
      [
        'a body that has the token twice',
        (stored) => ({ status: 200, body: `{"token":"${stored.token}","token":"${successor(stored)}"}` }),
      ],
      [
        'a body that is compressed',
        (stored) => ({
          status: 200,
          headers: { 'Content-Encoding': 'gzip' },
          body: gzipSync(JSON.stringify({ token: successor(stored) })),
        }),
      ],
      [
        'a body of more than 64 KiB',
        (stored) => ({ status: 200, body: { token: successor(stored), padding: 'x'.repeat(64 * 1024) } }),
      ],
      [
        'a body without an end',
        (stored) => (_request, response) => {
          response.writeHead(200, { 'Content-Type': 'application/json' });
          const more = () => response.destroyed || response.write('x'.repeat(16 * 1024), more);
          response.write(`{"token":"${successor(stored)}","padding":"`, more);
        },
      ],
      [
        'a body that ends early',
        (stored) => (_request, response) => {
          const body = JSON.stringify({ token: successor(stored) });
          response.writeHead(200, { 'Content-Length': body.length + 100 });
          response.write(body, () => response.destroy());
        },
      ],
      [
        'what is no HTTP',
        () => (_request, response) => {
          response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n');
        },
      ],
      ['a text that is no token', () => tokenAnswer('no-token')],
      ['a token with a line end', (stored) => tokenAnswer(`${successor(stored)}\n`)],
      [
        'a token that somebody else signed',
        (stored) => tokenAnswer(successor(stored, {}, createKey('ES256', stage.issuer.key.kid))),
      ],
      [
        'a token of a key that the issuer does not have',
        (stored) => tokenAnswer(successor(stored, {}, createKey('ES256', 'never-published'))),
      ],
      ['an older token', (stored) => tokenAnswer(successor(stored, { iat: stored.claims.iat - 1 }))],
      [
        'a token of the same iat that ends earlier',
        (stored) => tokenAnswer(successor(stored, { iat: stored.claims.iat, exp: stored.claims.exp - 1 })),
      ],
      [
        'a token of the same jti with other claims',
        (stored) => tokenAnswer(successor(stored, { jti: stored.claims.jti })),
      ],
      ['a token of another license', (stored) => tokenAnswer(successor(stored, { lid: 'other' }))],
      [
        'a token for another root URL',
        (stored) => tokenAnswer(successor(stored, { sub: 'http://localhost:3001/' })),
      ],
      [
        'a token by another issuer',
        (stored) => tokenAnswer(successor(stored, { iss: 'https://other.example.com' })),
      ],
      ['a token for another product', (stored) => tokenAnswer(successor(stored, { prod: ['other'] }))],
      ['a token that has expired', (stored) => tokenAnswer(successor(stored, { exp: stage.now - 1 }))],
      [
        'a token of a license that has expired',
        (stored) => tokenAnswer(successor(stored, { lexp: stage.now - 1 })),
      ],
      ['a token of the future', (stored) => tokenAnswer(successor(stored, { iat: stage.now + 3600 }))],
      ['a license of the future', (stored) => tokenAnswer(successor(stored, { nbf: stage.now + 3600 }))],
      ['a token with a wrong claim', (stored) => tokenAnswer(successor(stored, { company: 7 }))],
      [
        'a token that is a revocation statement',
        (stored) =>
          tokenAnswer(
            sign({
              key: stage.issuer.key,
              claims: stage.issuer.claims({ ...stored.claims, jti: 'successor' }),
              header: { typ: 'license-revocation+jwt' },
            }),
          ),
      ],
    ])('to %s', async (_, answer) => {
      const stored = await store(stage);
      const reply = await renewInVain(stored, answer(stored));
      expect(outcome(reply)).toEqual([502, 'issuer.bad-response']);
      expect(Object.keys(reply.body).sort()).toEqual(['message', 'messageId', 'statusCode', 'traceID']);
    });

    it.each([301, 302, 303, 307, 308])('to a redirect (%i), which is not followed', async (status) => {
      const stored = await store(stage);
      const seen = stage.issuer.requests.length;
      const headers = { Location: `${stage.issuer.url}/elsewhere` };
      const reply = await renewInVain(stored, { status, headers, body: { token: successor(stored) } });
      expect(outcome(reply)).toEqual([502, 'issuer.bad-response']);
      expect(stage.issuer.requests.slice(seen).map(({ path }) => path)).toEqual(['/v1/licenses/renew']);
    });
  });

  describe('with a revocation', () => {
    const revoked = (statement: unknown): Answer => ({
      status: 410,
      body: { code: 'license_revoked', statement },
    });

    it.each<[string, (stored: Stored) => Answer]>([
      ['without a statement', () => ({ status: 410, body: { code: 'license_revoked' } })],
      [
        'without a code',
        ({ claims }) => ({ status: 410, body: { statement: stage.issuer.statement(claims) } }),
      ],
      ['whose statement is no text', () => revoked({ revoked: true })],
      ['whose statement is no token', () => revoked('revoked')],
      [
        'that somebody else signed',
        ({ claims: { lid } }) =>
          revoked(stage.issuer.statement({ lid }, createKey('ES256', stage.issuer.key.kid))),
      ],
      [
        'that an unknown key signed',
        ({ claims: { lid } }) =>
          revoked(stage.issuer.statement({ lid }, createKey('ES256', 'never-published'))),
      ],
      ['of another license', () => revoked(stage.issuer.statement({ lid: 'other' }))],
      ['without a license', () => revoked(stage.issuer.statement({ lid: undefined }))],
      [
        'by another issuer',
        ({ claims: { lid } }) => revoked(stage.issuer.statement({ lid, iss: 'https://other.example.com' })),
      ],
      ['without a moment', ({ claims: { lid } }) => revoked(stage.issuer.statement({ lid, iat: undefined }))],
      [
        'of a moment more than 60 s ahead',
        ({ claims: { lid } }) => revoked(stage.issuer.statement({ lid, iat: stage.now + 120 })),
      ],
      ['that is a license', (stored) => revoked(successor(stored))],
      [
        'of the wrong type',
        ({ claims: { lid } }) =>
          revoked(sign({ key: stage.issuer.key, claims: { iss: stage.issuer.url, lid, iat: stage.now } })),
      ],
      [
        'in a text that is not canonical',
        ({ claims: { lid } }) => revoked(`${stage.issuer.statement({ lid })}=`),
      ],
    ])('%s answers 502 issuer.bad-response and takes nothing away', async (_, answer) => {
      const stored = await store(stage);
      const reply = await renewInVain(stored, answer(stored));
      expect(outcome(reply)).toEqual([502, 'issuer.bad-response']);
      const kept = await stage.query('SELECT 1 FROM license_revocation WHERE lid = $1', [stored.claims.lid]);
      expect(kept).toEqual([]);
    });

    it('that verifies makes the license invalid, and leaves one record', async () => {
      const stored = await store(stage);
      const records = (await stage.audit()).length;
      const { lid } = stored.claims;
      const iat = stage.now;
      stage.issuer.answerRenewals(revoked(stage.issuer.statement({ lid, iat })));
      const shown = await stage.shown();
      const reply = await stage.renew();
      expect(outcome(reply)).toEqual([502, 'issuer.refused']);
      expect(await stage.verdict()).toEqual([false, 3]);
      expect(await stage.shown()).toEqual({ ...shown, status: 3 });
      expect((await stage.audit()).slice(records)).toMatchObject([
        { action: 'license.revoke', target: `license:${lid}`, detail: { iat } },
      ]);
      // The same word again is nothing new.
      expect(outcome(await stage.renew())).toEqual([502, 'issuer.refused']);
      expect((await stage.audit()).length - records).toBe(1);
    });

    it('stays after a restart without the issuer, and after the license was removed', async () => {
      const stored = await store(stage);
      stage.issuer.answerRenewals(revoked(stage.issuer.statement({ lid: stored.claims.lid })));
      await stage.renew();
      await stage.restart({ ISSUER_JWKS_URL: 'http://127.0.0.1:1/keys' });
      expect(await stage.verdict()).toEqual([false, 3]);
      await stage.restart();
      await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
      expect(outcome(await stage.upload(stored.token))).toEqual([400, 'license.invalid']);
      expect(await stage.verdict()).toEqual([false, 4]);
    });

    it('is lifted by the upload of a token that is newer than the statement, and by no other', async () => {
      const stored = await store(stage);
      const { lid } = stored.claims;
      const iat = stage.now - 30;
      stage.issuer.answerRenewals(revoked(stage.issuer.statement({ lid, iat })));
      await stage.renew();
      expect(outcome(await stage.upload(stored.token))).toEqual([400, 'license.invalid']);
      expect(outcome(await stage.upload(successor(stored, { iat })))).toEqual([400, 'license.invalid']);
      expect(await stage.verdict()).toEqual([false, 3]);
      await stage.install({ lid, jti: 'lifted', iat: iat + 1 });
      expect(await stage.verdict()).toEqual([true, 1]);
      await stage.restart({ ISSUER_JWKS_URL: 'http://127.0.0.1:1/keys' });
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('is lifted by a renewal that is newer than the statement, and by no other', async () => {
      const stored = await store(stage);
      const { lid } = stored.claims;
      const iat = stage.now - 30;
      stage.issuer.answerRenewals(revoked(stage.issuer.statement({ lid, iat })));
      await stage.renew();
      const early = await renewInVain(stored, tokenAnswer(successor(stored, { iat })));
      expect(outcome(early)).toEqual([502, 'issuer.bad-response']);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored, { iat: iat + 1 })));
      expect((await stage.renew()).body).toMatchObject({ status: 1, jti: 'successor' });
    });

    it('leaves another license of the same issuer alone', async () => {
      const stored = await store(stage);
      stage.issuer.answerRenewals(revoked(stage.issuer.statement({ lid: stored.claims.lid })));
      await stage.renew();
      await stage.install({ lid: newLid() });
      expect(await stage.verdict()).toEqual([true, 1]);
    });
  });

  describe('when the issuer wants a pause', () => {
    afterEach(() => {
      stage.service.clock.advance(HOUR_MS + 1000);
    });

    it.each([
      [429, 60],
      [503, 3600],
    ])(
      'after %i with Retry-After %i answers 503 with it, and does not call before',
      async (status, seconds) => {
        const stored = await store(stage);
        const reply = await renewInVain(stored, { status, headers: { 'Retry-After': `${seconds}` } });
        expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
        expect(Number(reply.headers.get('retry-after'))).toBe(seconds);
        const seen = stage.issuer.renewals.length;
        stage.service.clock.advance(10_000);
        const again = await renewInVain(stored, undefined);
        expect(outcome(again)).toEqual([503, 'issuer.unavailable']);
        const wait = Number(again.headers.get('retry-after'));
        expect(wait).toBeGreaterThan(seconds - 40);
        expect(wait).toBeLessThanOrEqual(seconds - 10);
        expect(stage.issuer.renewals).toHaveLength(seen);
        stage.service.clock.advance(seconds * 1000);
        expect((await stage.renew()).status).toBe(200);
        expect(stage.issuer.renewals).toHaveLength(seen + 1);
      },
    );

    it('reads a date in Retry-After', async () => {
      const stored = await store(stage);
      const date = new Date((stage.now + 300) * 1000).toUTCString();
      const reply = await renewInVain(stored, { status: 429, headers: { 'Retry-After': date } });
      const wait = Number(reply.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(240);
      expect(wait).toBeLessThanOrEqual(301);
      const seen = stage.issuer.renewals.length;
      expect(outcome(await renewInVain(stored, undefined))).toEqual([503, 'issuer.unavailable']);
      expect(stage.issuer.renewals).toHaveLength(seen);
    });

    it.each<[string, number]>([
      ['0', 1],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 1],
      ['3601', 3600],
      ['99999999999999999999999999', 3600],
      ['9'.repeat(100), 3600],
      ['Fri, 31 Dec 9999 23:59:59 GMT', 3600],
    ])('keeps Retry-After %s within its bounds: %i s', async (header, seconds) => {
      const reply = await renewInVain(await store(stage), {
        status: 503,
        headers: { 'Retry-After': header },
      });
      expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
      expect(Number(reply.headers.get('retry-after'))).toBe(seconds);
    });

    it.each([undefined, 'soon', '-1', '1e9', '0x10'])(
      'suggests a time of its own after Retry-After %s',
      async (header) => {
        const headers = header === undefined ? {} : { 'Retry-After': header };
        const reply = await renewInVain(await store(stage), { status: 503, headers });
        expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
        const wait = Number(reply.headers.get('retry-after'));
        expect(wait).toBeGreaterThanOrEqual(1);
        expect(wait).toBeLessThanOrEqual(3600);
      },
    );
  });

  describe('with parallel calls', () => {
    it('makes one call of 100 and answers them all with its result', async () => {
      await store(stage);
      const [seen, records] = [stage.issuer.renewals.length, (await stage.audit()).length];
      const revision = Number((await stage.license()).revision);
      const held = stage.issuer.holdRenewals();
      const arrived = stage.requests(100);
      const calls = Array.from({ length: 100 }, () => stage.renew());
      await Promise.all([held.arrived, arrived]);
      held.release();
      const replies = await Promise.all(calls);
      expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(replies[0]?.status).toBe(200);
      expect(stage.issuer.renewals.length - seen).toBe(1);
      expect((await stage.audit()).length - records).toBe(1);
      expect(Number((await stage.license()).revision)).toBe(revision + 1);
    });

    it.each([
      ['refusal', { status: 403 }, [502, 'issuer.refused']],
      ['failure', { status: 503 }, [503, 'issuer.unavailable']],
    ])('shares a %s of the issuer too', async (_, answer, expected) => {
      await store(stage);
      const seen = stage.issuer.renewals.length;
      stage.issuer.answerRenewals(answer);
      const held = stage.issuer.holdRenewals();
      const arrived = stage.requests(100);
      const calls = Array.from({ length: 100 }, () => stage.renew());
      await Promise.all([held.arrived, arrived]);
      held.release();
      const replies = await Promise.all(calls);
      expect([...new Set(replies.map((reply) => outcome(reply).join()))]).toEqual([expected.join()]);
      expect(stage.issuer.renewals.length - seen).toBe(1);
    });

    it('answers those that arrived meanwhile with the same result, however slow the database is', async () => {
      await store(stage);
      const seen = stage.issuer.renewals.length;
      stage.issuer.answerRenewals({ status: 503 });
      const held = stage.issuer.holdRenewals();
      const first = stage.renew();
      await held.arrived;
      const unlock = await stage.lockLicense();
      const arrived = stage.requests(5);
      const others = Array.from({ length: 5 }, () => stage.renew());
      await arrived;
      held.release();
      expect(outcome(await first)).toEqual([503, 'issuer.unavailable']);
      await unlock();
      for (const reply of await Promise.all(others)) {
        expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
      }
      expect(stage.issuer.renewals.length - seen).toBe(1);
    });

    it('asks anew once the last one is over', async () => {
      await store(stage);
      const seen = stage.issuer.renewals.length;
      await stage.renew();
      await stage.renew();
      expect(stage.issuer.renewals.length - seen).toBe(2);
    });
  });

  describe('while the license changes', () => {
    it('answers 409 when it was removed meanwhile, and it stays removed', async () => {
      await store(stage);
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      expect((await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' })).status).toBe(202);
      const [row, records] = [await stage.row(), await stage.audit()];
      held.release();
      expect(outcome(await renewal)).toEqual([409, 'license.changed']);
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
      expect(await stage.verdict()).toEqual([false, 4]);
      await stage.restart();
      expect(await stage.verdict()).toEqual([false, 4]);
    });

    it('answers 409 when it was removed and installed again meanwhile, and the new one stays', async () => {
      const { token } = await store(stage);
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
      expect((await stage.upload(token)).status).toBe(200);
      const row = await stage.row();
      held.release();
      expect(outcome(await renewal)).toEqual([409, 'license.changed']);
      expect(await stage.row()).toBe(row);
    });

    it('answers 409 when another license was uploaded meanwhile, and that one stays', async () => {
      await store(stage);
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      const lid = newLid();
      await stage.install({ lid });
      const row = await stage.row();
      held.release();
      expect(outcome(await renewal)).toEqual([409, 'license.changed']);
      expect(await stage.row()).toBe(row);
      expect(await stage.shown()).toMatchObject({ status: 1, lid });
    });

    it('keeps a newer token of the license that was uploaded meanwhile', async () => {
      const stored = await store(stage);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored)));
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      await stage.install({ ...stored.claims, jti: 'uploaded', iat: stored.claims.iat + 10 });
      const [row, records] = [await stage.row(), await stage.audit()];
      held.release();
      const reply = await renewal;
      expect(reply.status).toBe(200);
      expect(reply.body).toMatchObject({ status: 1, jti: 'uploaded' });
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    });

    it.each([
      ['is older', () => ({})],
      ['is older and has a later nbf that is past', () => ({ nbf: stage.now - 30 })],
    ])('takes the renewed token when the one that was uploaded meanwhile %s', async (_, more) => {
      const stored = await store(stage);
      stage.issuer.answerRenewals(tokenAnswer(successor(stored, { iat: stored.claims.iat + 20 })));
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      await stage.install({ ...stored.claims, jti: 'uploaded', iat: stored.claims.iat + 10, ...more() });
      held.release();
      expect((await renewal).body).toMatchObject({ status: 1, jti: 'successor' });
      expect((await stage.shown()).jti).toBe('successor');
    });

    it('answers the check, the token and uploads meanwhile', async () => {
      await store(stage);
      const held = stage.issuer.holdRenewals();
      const renewal = stage.renew();
      await held.arrived;
      expect(await stage.verdict()).toEqual([true, 1]);
      expect(outcome(await stage.upload('no-token'))).toEqual([400, 'license.invalid']);
      held.release();
      expect((await renewal).status).toBe(200);
    });
  });

  describe('names the attempt to the issuer', () => {
    it('anew after a success, after not_due and after a refusal', async () => {
      await store(stage);
      const seen = stage.issuer.renewals.length;
      await stage.renew();
      stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
      await stage.renew();
      stage.issuer.answerRenewals({ status: 403 });
      await stage.renew();
      await stage.renew();
      const ids = attemptIds(stage).slice(seen);
      expect(ids).toHaveLength(4);
      expect(new Set(ids).size).toBe(4);
    });

    it('alike after a pause that it wanted, also after a restart', async () => {
      await store(stage);
      const seen = stage.issuer.renewals.length;
      // Longer than a restart takes on a busy machine.
      stage.issuer.answerRenewals({ status: 503, headers: { 'Retry-After': '60' } });
      await stage.renew();
      stage.service.clock.advance(61_000);
      await stage.renew();
      await stage.restart();
      stage.issuer.answerRenewals();
      expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
      stage.service.clock.advance(200_000);
      expect((await stage.renew()).status).toBe(200);
      const [first, second, third, ...more] = attemptIds(stage).slice(seen);
      expect(more).toEqual([]);
      expect(first).toMatch(UUID);
      expect([second, third]).toEqual([first, first]);
    });
  });
});

describe('POST /api/licensing/token/renew with an issuer that is slow', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open({ ISSUER_TIMEOUT_MS: '400' });
  });

  afterEach(async () => {
    await stage.close();
  });

  it.each<[string, Answer]>([
    ['that does not answer', () => undefined],
    [
      'whose body does not come',
      (_request, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('{');
      },
    ],
    [
      'whose body comes a byte at a time',
      (_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s answers 504 in time, and goes on with the same attempt', async (_, answer) => {
    const stored = await store(stage);
    const begin = performance.now();
    expect(outcome(await renewInVain(stored, answer))).toEqual([504, 'issuer.timeout']);
    expect(performance.now() - begin).toBeLessThan(5000);
    stage.issuer.answerRenewals();
    expect((await stage.renew()).status).toBe(200);
    const [first, second, ...more] = attemptIds(stage);
    expect(more).toEqual([]);
    expect(second).toBe(first);
    expect((await stage.renew()).status).toBe(200);
    expect(attemptIds(stage)[2]).not.toBe(first);
  });
});

describe('POST /api/licensing/token/renew with an issuer that cannot be reached', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });

  afterEach(async () => {
    await stage.close();
  });

  it('answers 503 with Retry-After, and works again when the issuer is back', async () => {
    const stored = await store(stage);
    await stage.issuer.stop();
    const reply = await renewInVain(stored, undefined);
    expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
    const wait = Number(reply.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(3600);
    await stage.issuer.startAgain();
    expect((await stage.renew()).status).toBe(200);
  });

  it('makes no more calls after 5 that failed in a row', async () => {
    const stored = await store(stage);
    const cut: Answer = (_request, response) => response.destroy();
    for (let count = 1; count <= 5; count += 1) {
      expect(outcome(await renewInVain(stored, cut))).toEqual([503, 'issuer.unavailable']);
      expect(stage.issuer.renewals).toHaveLength(count);
    }
    const sixth = await renewInVain(stored, undefined);
    expect(outcome(sixth)).toEqual([503, 'issuer.unavailable']);
    const wait = Number(sixth.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(30);
    expect(stage.issuer.renewals).toHaveLength(5);
  });

  it('does not count what the issuer answers, however bad, nor failures before an answer', async () => {
    const stored = await store(stage);
    const cut: Answer = (_request, response) => response.destroy();
    for (let count = 1; count <= 4; count += 1) await renewInVain(stored, cut);
    await renewInVain(stored, { status: 500 });
    for (let count = 1; count <= 4; count += 1) await renewInVain(stored, cut);
    for (let count = 1; count <= 6; count += 1) await renewInVain(stored, { status: 403 });
    stage.issuer.answerRenewals();
    expect((await stage.renew()).status).toBe(200);
  });
});

describe('POST /api/licensing/token/renew without an address for renewals', () => {
  it('answers 503, names the setting, and sends nothing anywhere', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
    const path = join(directory, 'jwks.json');
    const key = createKey('ES256', 'from-a-file');
    await writeFile(path, JSON.stringify({ keys: [key.jwk] }));
    const stage = await Stage.open({ ISSUER_URL: undefined, ISSUER_JWKS_PATH: path });
    try {
      const token = stage.issuer.token({ iss: 'https://grafana.com' }, key);
      expect((await stage.upload(token)).body.status).toBe(1);
      const row = await stage.row();
      const reply = await stage.renew();
      expect(outcome(reply)).toEqual([503, 'issuer.unavailable']);
      expect(reply.body.message).toMatch(/ISSUER_URL.*ISSUER_RENEW_URL/);
      const wait = Number(reply.headers.get('retry-after'));
      expect(wait).toBeGreaterThanOrEqual(1);
      expect(wait).toBeLessThanOrEqual(3600);
      expect(await stage.row()).toBe(row);
      expect(stage.issuer.requests).toEqual([]);
      await stage.restart({ ISSUER_RENEW_URL: `${stage.issuer.url}/v1/licenses/renew` });
      stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
      expect((await stage.renew()).status).toBe(200);
    } finally {
      await stage.close();
      await rm(directory, { recursive: true });
    }
  });
});
