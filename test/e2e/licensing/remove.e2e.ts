import { newLid } from '../../support/tokens.js';
import { outcome, RENEW, shareStage, type Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
const ROOT_URL = 'https://licentia.example.com/app/';

describe('DELETE /api/licensing/token', () => {
  let stage: Stage;
  const remove = (instance: unknown = ROOT_URL) => stage.service.delete(TOKEN, { instance });
  const install = (claims = {}) => stage.install({ sub: ROOT_URL, lid: newLid(), ...claims });

  shareStage((opened) => (stage = opened), { ROOT_URL });

  it('removes the license and answers 202 with an empty object', async () => {
    await install();
    const reply = await remove();
    expect([reply.status, reply.text]).toEqual([202, '{}']);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.headers.get('content-length')).toBe('2');
    expect(await stage.verdict()).toEqual([false, 4]);
    expect(await stage.shown()).toMatchObject({ status: 4, lid: '', jti: '', iss: '', iat: 0, prod: null });
    expect(outcome(await stage.renew())).toEqual([404, 'license.not-found']);
  });

  it('leaves neither the token nor the previous one in the database', async () => {
    await install({ jti: 'older', lid: 'same', iat: stage.now - 7200 });
    await install({ jti: 'newer', lid: 'same' });
    const before = await stage.license();
    expect(before.previous_token).toEqual(expect.any(String));
    await remove();
    const { id, stamp, generation, revision, ...rest } = await stage.license();
    expect(id).toBe(1);
    expect(stamp).not.toBe(before.stamp);
    expect(Number(generation)).toBe(Number(before.generation) + 1);
    expect(Number(revision)).toBe(Number(before.revision) + 1);
    expect(Object.values(rest).every((value) => value === null)).toBe(true);
  });

  it('leaves one record of the removal, with who asked for it', async () => {
    await install({ lid: 'recorded' });
    const records = (await stage.audit()).length;
    const writer = await stage.service.caller(WRITER);
    const reply = await stage.service.delete(TOKEN, { instance: ROOT_URL }, { token: writer.token });
    const [record, ...more] = (await stage.audit()).slice(records);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'license.remove',
      target: 'license:recorded',
      request_id: reply.headers.get('x-request-id'),
    });
    expect(record?.actor).not.toBe('bootstrap');
  });

  it('answers 202 where nothing is stored, and records nothing', async () => {
    const [row, records] = [await stage.row(), await stage.audit()];
    for (let count = 1; count <= 2; count += 1) {
      const reply = await remove();
      expect([reply.status, reply.text]).toEqual([202, '{}']);
    }
    expect(await stage.row()).toBe(row);
    expect(await stage.audit()).toEqual(records);
  });

  it('answers 202 to 20 parallel calls, and records one removal', async () => {
    await install();
    const records = (await stage.audit()).length;
    const replies = await Promise.all(Array.from({ length: 20 }, () => remove()));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
    expect((await stage.audit()).length - records).toBe(1);
  });

  it('refuses an instance of more than 1,024 characters by its length alone', async () => {
    const hosts = Array.from({ length: 16_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
    for (const instance of [`${ROOT_URL}${'a'.repeat(1025 - ROOT_URL.length)}`, `http://${hosts}`]) {
      const reply = await remove(instance);
      expect(outcome(reply)).toEqual([400, 'bad-request']);
      expect(reply.body.error).toBe('instance must have at most 1024 characters');
    }
    const longest = await remove(`${ROOT_URL}${'a'.repeat(1024 - ROOT_URL.length)}`);
    expect(outcome(longest)).toEqual([422, 'instance.mismatch']);
  });

  it('removes a license that has expired', async () => {
    const exp = stage.now + 100;
    await install({ exp });
    stage.service.clock.set((exp + 1) * 1000);
    expect(await stage.verdict()).toEqual([false, 5]);
    expect((await remove()).status).toBe(202);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it('removes a license that is for another root URL by now', async () => {
    await install();
    await stage.restart({ ROOT_URL: 'https://licentia.example.com/moved/' });
    expect(await stage.verdict()).toEqual([false, 6]);
    expect(outcome(await remove())).toEqual([422, 'instance.mismatch']);
    expect((await remove('https://licentia.example.com/moved/')).status).toBe(202);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it.each([
    'https://licentia.example.com/app',
    'https://licentia.example.com:443/app/',
    'https://LICENTIA.example.COM/app/',
    'HTTPS://licentia.example.com/app',
    'https://licentia.example.com/other/../app/',
  ])('takes %s as its own root URL', async (instance) => {
    await install();
    expect((await remove(instance)).status).toBe(202);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  const OTHERS = [
    'http://licentia.example.com/app/',
    'https://licentia.example.com:8443/app/',
    'https://licentia.example.com/',
    'https://licentia.example.com/app/x',
    'https://licentia.example.com/app2/',
    'https://licentia.example.com/ap',
    'https://licentia.example.com/APP/',
    'https://licentia.example.com//app/',
    'https://licentia.example.com.evil.example/app/',
    'https://evil.example/https://licentia.example.com/app/',
    'https://user@licentia.example.com/app/',
    'https://licentia.example.com/app/?a',
    'https://licentia.example.com/app/#a',
    'https:\\\\licentia.example.com\\app\\',
    ' https://licentia.example.com/app/',
    'https://licentia.example.com/app/\n',
    'https://*.example.com/app/',
    '*',
    'licentia.example.com/app/',
    'ftp://licentia.example.com/app/',
    'null',
    ' ',
    '\0',
    '\ud800',
    'x'.repeat(1024),
  ];

  it('answers 422 to every other text, with a license and without one', async () => {
    for (const instance of OTHERS) {
      expect([instance, outcome(await remove(instance))]).toEqual([instance, [422, 'instance.mismatch']]);
    }
    await install();
    const [row, records] = [await stage.row(), await stage.audit()];
    for (const instance of OTHERS) {
      expect([instance, outcome(await remove(instance))]).toEqual([instance, [422, 'instance.mismatch']]);
    }
    expect(await stage.row()).toBe(row);
    expect(await stage.audit()).toEqual(records);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it.each<{ what: string; body?: unknown; headers?: Record<string, string> }>([
    { what: 'no body' },
    { what: 'no instance', body: {} },
    { what: 'an empty instance', body: { instance: '' } },
    { what: 'an instance that is null', body: { instance: null } },
    { what: 'an instance that is a number', body: { instance: 1 } },
    { what: 'an instance in an array', body: { instance: [ROOT_URL] } },
    { what: 'an instance that is an object', body: { instance: { url: ROOT_URL } } },
    { what: 'a member that nobody knows', body: { instance: ROOT_URL, force: true } },
    { what: 'the member twice', body: `{"instance":"http://other/","instance":"${ROOT_URL}"}` },
    { what: 'a text', body: JSON.stringify(ROOT_URL) },
    { what: 'an array', body: [] },
    { what: 'null', body: 'null' },
    { what: 'no JSON', body: `instance=${ROOT_URL}` },
    { what: 'a byte order mark', body: `\ufeff{"instance":"${ROOT_URL}"}` },
    { what: 'another content type', body: { instance: ROOT_URL }, headers: { 'Content-Type': 'text/plain' } },
  ])('answers 400 to a body with $what, and removes nothing', async ({ body, headers = {} }) => {
    await install();
    const row = await stage.row();
    expect(outcome(await stage.service.delete(TOKEN, body, { headers }))).toEqual([400, 'bad-request']);
    expect(await stage.row()).toBe(row);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('answers 413 to a body of more than 64 KiB', async () => {
    const reply = await remove('x'.repeat(64 * 1024));
    expect(outcome(reply)).toEqual([413, 'request.too-large']);
  });

  it('does not take the instance from the query', async () => {
    await install();
    const reply = await stage.service.delete(`${TOKEN}?instance=${encodeURIComponent(ROOT_URL)}`);
    expect(outcome(reply)).toEqual([400, 'bad-request']);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('needs the action licensing:delete', async () => {
    await install();
    const reader = await stage.service.caller(READER);
    const denied = await stage.service.delete(TOKEN, { instance: ROOT_URL }, { token: reader.token });
    expect(denied.status).toBe(403);
    expect(denied.body.message).toContain('licensing:delete');
    const unknown = await stage.service.delete(TOKEN, { instance: ROOT_URL }, { token: null });
    expect(outcome(unknown)).toEqual([401, 'auth.unauthorized']);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('makes way for any valid token: the same one, an older one, the same jti with other claims', async () => {
    const lid = newLid();
    const token = await install({ lid, jti: 'same' });
    await remove();
    expect((await stage.upload(token)).body).toMatchObject({ status: 1, jti: 'same' });
    await remove();
    await install({ lid, jti: 'older', iat: stage.now - 7200 });
    expect((await stage.shown()).jti).toBe('older');
    await remove();
    await install({ lid, jti: 'same', included_users: 51 });
    expect(await stage.shown()).toMatchObject({ status: 1, included_users: 51 });
  });

  it('counts after a restart too', async () => {
    await install();
    await remove();
    await stage.restart();
    expect(await stage.verdict()).toEqual([false, 4]);
    expect(outcome(await stage.service.post(RENEW, {}))).toEqual([404, 'license.not-found']);
  });

  it('needs neither the issuer nor its keys', async () => {
    await install();
    await stage.restart({
      ISSUER_JWKS_URL: 'http://127.0.0.1:1/keys',
      ISSUER_RENEW_URL: 'http://127.0.0.1:1/',
    });
    expect((await remove()).status).toBe(202);
    expect(await stage.verdict()).toEqual([false, 4]);
  });
});
