import { createKey, encode, type Overrides, sign } from '../../support/tokens.js';
import { newLid, outcome, shareStage, Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const MINUTE_MS = 60_000;
/** The order of the group that ES256 signs in (FIPS 186-4, D.1.2.3). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A token that has to be refused, made when the issuer is there. */
interface Refusal {
  readonly what: string;
  readonly token: (stage: Stage) => string;
  readonly code: string;
}

const claims =
  (overrides: (now: number) => Overrides): Refusal['token'] =>
  (stage) =>
    stage.issuer.token(overrides(stage.now));

const REFUSALS: Refusal[] = [
  { what: 'an empty text', code: 'license.invalid', token: () => '' },
  { what: 'a text that is no token', code: 'license.invalid', token: () => 'no-token' },
  {
    what: 'two parts',
    code: 'license.invalid',
    token: ({ issuer }) => issuer.token().replace(/\.[^.]+$/, ''),
  },
  {
    what: 'a header that makes demands',
    code: 'license.invalid',
    token: ({ issuer }) =>
      sign({ key: issuer.key, claims: issuer.claims(), header: { crit: ['exp'], exp: 1 } }),
  },
  {
    what: 'a typ of something else',
    code: 'license.invalid',
    token: ({ issuer }) => sign({ key: issuer.key, claims: issuer.claims(), header: { typ: 'at+jwt' } }),
  },
  {
    what: 'a revocation statement',
    code: 'license.invalid',
    token: ({ issuer }) =>
      sign({ key: issuer.key, claims: issuer.claims(), header: { typ: 'license-revocation+jwt' } }),
  },
  {
    what: 'claims with a duplicate member',
    code: 'license.invalid',
    token: ({ issuer }) =>
      sign({ key: issuer.key, claims: JSON.stringify(issuer.claims()).replace('{', '{"lid":"1",') }),
  },
  ...['iss', 'sub', 'jti', 'lid', 'iat', 'exp', 'lexp', 'prod'].map((name) => ({
    what: `no ${name}`,
    code: 'license.invalid',
    token: claims(() => ({ [name]: undefined })),
  })),
  { what: 'a claim that is null', code: 'license.invalid', token: claims(() => ({ company: null })) },
  { what: 'a number as text', code: 'license.invalid', token: claims(() => ({ included_users: '50' })) },
  { what: 'a fraction', code: 'license.invalid', token: claims((now) => ({ exp: now + 0.5 })) },
  { what: 'a count below zero', code: 'license.invalid', token: claims(() => ({ update_days: -1 })) },
  { what: 'a count of 2^31', code: 'license.invalid', token: claims(() => ({ included_users: 2 ** 31 })) },
  {
    what: 'a time after the year 9999',
    code: 'license.invalid',
    token: claims(() => ({ lexp: 253_402_300_800 })),
  },
  { what: 'a NUL in a text', code: 'license.invalid', token: claims(() => ({ company: 'a\0b' })) },
  {
    what: 'a lone surrogate in a text',
    code: 'license.invalid',
    token: claims(() => ({ company: '\ud800' })),
  },
  {
    what: 'a time that parses to infinity',
    code: 'license.invalid',
    token: ({ issuer }) =>
      sign({ key: issuer.key, claims: JSON.stringify(issuer.claims()).replace(/"exp":\d+/, '"exp":1e400') }),
  },
  { what: 'another product', code: 'license.invalid', token: claims(() => ({ prod: ['other-product'] })) },
  { what: 'no product at all', code: 'license.invalid', token: claims(() => ({ prod: [] })) },
  {
    what: 'a key that the issuer does not have',
    code: 'license.untrusted',
    token: ({ issuer }) => issuer.token({}, createKey('ES256', 'never-published')),
  },
  {
    what: "the name of the issuer's key and the signature of another",
    code: 'license.untrusted',
    token: ({ issuer }) => issuer.token({}, createKey('ES256', issuer.key.kid)),
  },
  {
    what: 'another algorithm than that of its key',
    code: 'license.untrusted',
    token: ({ issuer }) => issuer.token({}, createKey('ES384', issuer.key.kid)),
  },
  {
    what: 'no signature algorithm',
    code: 'license.untrusted',
    token: ({ issuer }) =>
      sign({ key: issuer.key, claims: issuer.claims(), header: { alg: 'none' }, signAs: 'ES256' }),
  },
  {
    what: 'claims that were changed after signing',
    code: 'license.untrusted',
    token: ({ issuer }) => {
      const [header, , signature] = issuer.token().split('.');
      return `${header}.${encode(JSON.stringify(issuer.claims({ included_users: 1_000_000 })))}.${signature}`;
    },
  },
  {
    what: 'another issuer in its claims',
    code: 'license.untrusted',
    token: claims(() => ({ iss: 'https://other.example.com' })),
  },
  {
    what: 'another root URL',
    code: 'license.subject-mismatch',
    token: claims(() => ({ sub: 'http://localhost:3000/app/' })),
  },
  {
    what: 'a root URL that only begins like this one',
    code: 'license.subject-mismatch',
    token: claims(() => ({ sub: 'http://localhost:3000.example.com/' })),
  },
  { what: 'an nbf ahead', code: 'license.not-active', token: claims((now) => ({ nbf: now + 60 })) },
  { what: 'an iat ahead', code: 'license.not-active', token: claims((now) => ({ iat: now + 60 })) },
  { what: 'an exp that is now', code: 'license.expired', token: claims((now) => ({ exp: now })) },
  { what: 'a lexp that is now', code: 'license.expired', token: claims((now) => ({ lexp: now })) },
  {
    what: 'another issuer and another root URL',
    code: 'license.untrusted',
    token: claims(() => ({ iss: 'https://other.example.com', sub: 'http://localhost:3001/' })),
  },
  {
    what: 'another root URL and an nbf ahead',
    code: 'license.subject-mismatch',
    token: claims((now) => ({ sub: 'http://localhost:3001/', nbf: now + 60 })),
  },
  {
    what: 'an nbf ahead and a lexp that has passed',
    code: 'license.not-active',
    token: claims((now) => ({ nbf: now + 60, lexp: now - 60 })),
  },
  {
    what: 'an exp that has passed and another product',
    code: 'license.expired',
    token: claims((now) => ({ exp: now - 60, prod: ['other-product'] })),
  },
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
    const { iat, exp, lexp } = expected;
    expect((await stage.audit()).slice(before.length)).toEqual([
      {
        actor: 'bootstrap',
        action: 'license.install',
        target: `license:${lid}`,
        detail: { jti, iat, exp, lexp },
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

  it.each(['JWT', 'license+jwt'])('takes a token of the type %s', async (typ) => {
    const token = sign({ key: stage.issuer.key, claims: stage.issuer.claims(), header: { typ } });
    expect(outcome(await stage.upload(token))).toEqual([200, undefined]);
  });

  it.each(['nbf', 'iat'])('takes an %s that lies 10 s ahead, as clocks differ', async (claim) => {
    const token = stage.issuer.token({ lid: newLid(), [claim]: stage.now + 10 });
    expect((await stage.upload(token)).body.status).toBe(1);
  });

  it.each(['HTTP://LOCALHOST:3000', 'http://localhost:3000'])(
    'takes the root URL %s as its own',
    async (sub) => {
      expect((await stage.upload(stage.issuer.token({ sub }))).body).toMatchObject({ status: 1, sub });
    },
  );

  it('takes claims that it does not know, and tells licenses apart by them', async () => {
    const lid = newLid();
    const now = { iat: stage.now - 60, exp: stage.now + 3600 };
    await stage.install({ lid, jti: 'a', ...now, own: { deep: [1, null] } });
    const changed = await stage.upload(
      stage.issuer.token({ lid, jti: 'a', ...now, own: { deep: [2, null] } }),
    );
    expect(outcome(changed)).toEqual([409, 'license.stale']);
  });

  describe('refuses a token', () => {
    it.each(REFUSALS)(
      'with $what ($code), says so, and changes and records nothing',
      async ({ token, code }) => {
        await stage.install({ lid: newLid() });
        const [row, records] = [await stage.row(), await stage.audit()];
        const reply = await stage.upload(token(stage));
        expect(outcome(reply)).toEqual([400, code]);
        expect(reply.body.message).toMatch(/^The [^\n]+\.$/);
        expect(Object.keys(reply.body).sort()).toEqual(['message', 'messageId', 'statusCode', 'traceID']);
        expect(await stage.row()).toBe(row);
        expect(await stage.audit()).toEqual(records);
        expect(await stage.verdict()).toEqual([true, 1]);
      },
    );

    it.each([
      [
        'a line end behind it',
        'The token has white space behind it (U+000A).',
        (token: string) => `${token}\n`,
      ],
      ['a space before it', 'The token has white space before it (U+0020).', (token: string) => ` ${token}`],
      ['padding', 'The token has padding ("="): base64url has none here.', (token: string) => `${token}==`],
      [
        'the alphabet of plain base64',
        'The token is in base64 ("+", "/"): it must be base64url ("-", "_").',
        (token: string) => token.replace(/\.[^.]+$/, '.+/A'),
      ],
      [
        'loose bits at the end',
        'The signature of the token is not canonical base64url.',
        (token: string) => {
          // The last of 86 characters holds two bits; the four below them must be zero.
          const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
          return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1];
        },
      ],
    ])('in a text with %s, though the same token is stored', async (_, sentence, spoil) => {
      const token = await stage.install({ lid: newLid() });
      const row = await stage.row();
      const reply = await stage.upload(spoil(token));
      expect(outcome(reply)).toEqual([400, 'license.invalid']);
      expect(reply.body.message).toBe(sentence);
      expect(await stage.row()).toBe(row);
    });

    it('of more than 16 KiB, and takes one of exactly that', async () => {
      const lid = newLid();
      const times = { iat: stage.now - 60, exp: stage.now + 3600, lexp: stage.now + 7200 };
      const claims = stage.issuer.claims({ lid, ...times });
      // Base64url has no text of every length: the header makes up for what the payload cannot have.
      const padded = (length: number, more = '') =>
        sign({
          key: stage.issuer.key,
          header: { note: more },
          claims: { ...claims, padding: 'x'.repeat(length) },
        });
      const exact = ['', 'x', 'xx'].flatMap((more) => {
        let length = 11_000;
        while (padded(length, more).length < 16 * 1024) length += 1;
        return padded(length, more).length === 16 * 1024 ? [{ length, more }] : [];
      });
      const [{ length, more } = { length: 0, more: '' }] = exact;
      expect(padded(length, more)).toHaveLength(16 * 1024);
      expect(padded(length + 1, more).length).toBeGreaterThan(16 * 1024);
      const long = await stage.upload(padded(length + 1, more));
      expect(outcome(long)).toEqual([400, 'license.invalid']);
      expect(long.body.message).toContain('16384');
      expect(outcome(await stage.upload(padded(length, more)))).toEqual([200, undefined]);
    });
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

    it('calls a token of the same iat older when its exp is smaller, and no other', async () => {
      const lid = newLid();
      const [iat, exp] = [stage.now - 60, stage.now + 3600];
      await stage.install({ lid, jti: 'a', iat, exp });
      expect(outcome(await stage.upload(stage.issuer.token({ lid, jti: 'b', iat, exp: exp - 1 })))).toEqual([
        409,
        'license.stale',
      ]);
      await stage.install({ lid, jti: 'c', iat, exp });
      expect((await stage.shown()).jti).toBe('c');
      await stage.install({ lid, jti: 'd', iat, exp: exp + 1 });
      expect((await stage.shown()).jti).toBe('d');
      // The iat decides, whatever the exp says.
      await stage.install({ lid, jti: 'e', iat: iat + 1, exp: exp - 1000 });
      expect((await stage.shown()).jti).toBe('e');
    });

    it('takes an older token when the stored one has expired', async () => {
      const lid = newLid();
      const exp = stage.now + 100;
      await stage.install({ lid, jti: 'short', exp });
      const older = stage.issuer.token({ lid, jti: 'older', iat: stage.now - 7200, exp: exp + 3600 });
      expect(outcome(await stage.upload(older))).toEqual([409, 'license.stale']);
      stage.service.clock.set(exp * 1000);
      expect(outcome(await stage.upload(older))).toEqual([200, undefined]);
      expect(await stage.shown()).toMatchObject({ status: 1, jti: 'older' });
    });

    it('takes an older token when the stored one is for another root URL', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'elsewhere' });
      await stage.restart({ ROOT_URL: 'http://localhost:3001/' });
      const older = { lid, jti: 'here', iat: stage.now - 7200, sub: 'http://localhost:3001/' };
      await stage.install(older);
      expect(await stage.shown()).toMatchObject({ status: 1, jti: 'here' });
    });

    it('verifies before it looks at the age', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'newer' });
      const older = { lid, jti: 'older', iat: stage.now - 7200 };
      const forged = stage.issuer.token(older, createKey('ES256', stage.issuer.key.kid));
      expect(outcome(await stage.upload(forged))).toEqual([400, 'license.untrusted']);
      const expired = stage.issuer.token({ ...older, exp: stage.now - 3600 });
      expect(outcome(await stage.upload(expired))).toEqual([400, 'license.expired']);
    });

    it.each([
      ['newer', 30],
      ['older', -30],
      ['as old', 0],
    ])('answers 409 to the same iss, lid and jti with other claims, also when %s', async (_, difference) => {
      const lid = newLid();
      const [iat, exp] = [stage.now - 60, stage.now + 3600];
      await stage.install({ lid, jti: 'same', iat, exp, included_users: 50 });
      const row = await stage.row();
      const other = { lid, jti: 'same', iat: iat + difference, exp, included_users: 51 };
      expect(outcome(await stage.upload(stage.issuer.token(other)))).toEqual([409, 'license.stale']);
      expect(await stage.row()).toBe(row);
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

    it.each([
      [
        'signed anew',
        (stage: Stage, claims: object) => sign({ key: stage.issuer.key, claims: { ...claims } }),
      ],
      [
        'signed anew in another order',
        (stage: Stage, claims: object) =>
          sign({ key: stage.issuer.key, claims: Object.fromEntries(Object.entries(claims).reverse()) }),
      ],
      [
        'signed with another key of the issuer',
        (stage: Stage, claims: object) => {
          stage.issuer.rotate(true);
          stage.service.clock.advance(MINUTE_MS);
          return sign({ key: stage.issuer.key, claims: { ...claims } });
        },
      ],
    ])('answers 200 to the same claims %s, and writes nothing', async (_, signAgain) => {
      const claims = stage.issuer.claims({ lid: newLid() });
      const first = sign({ key: stage.issuer.key, claims });
      expect((await stage.upload(first)).status).toBe(200);
      const [row, records] = [await stage.row(), await stage.audit()];
      const second = signAgain(stage, claims);
      expect(second).not.toBe(first);
      const again = await stage.upload(second);
      expect(outcome(again)).toEqual([200, undefined]);
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    });

    it("answers 200 to an ECDSA signature's other form, and writes nothing", async () => {
      const token = await stage.install({ lid: newLid() });
      const row = await stage.row();
      const [header, payload, signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const s = P256_ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
      const other = Buffer.concat([
        bytes.subarray(0, 32),
        Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
      ]);
      expect(outcome(await stage.upload(`${header}.${payload}.${encode(other)}`))).toEqual([200, undefined]);
      expect(await stage.row()).toBe(row);
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
  it('answers 429 with Retry-After to more uploads a minute than that, and nobody else suffers', async () => {
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
