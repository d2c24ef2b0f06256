import type { Overrides } from '../../support/tokens.js';
import { newLid } from '../../support/tokens.js';
import { outcome, shareStage, type Stage, TOKEN } from './stage.js';

const HISTORY = '/api/licensing/token/history';
const ROLLBACK = '/api/licensing/token/rollback';

describe('The history of the license', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  const past = async () => (await stage.service.get(HISTORY)).body;

  it('is empty where nothing was ever held, and shows no signed token', async () => {
    const { current, previous, queued, changes } = await past();
    expect([current, previous, queued]).toEqual([null, null, null]);
    expect(changes).toBeInstanceOf(Array);
  });

  it('is recorded with what the license said, so that a record says what the next one says of before', async () => {
    const lid = newLid();
    await stage.install({ lid, jti: 'one', included_users: 50 });
    await stage.install({ lid, jti: 'two', iat: stage.now, included_users: 20, included_viewers: 5 });
    await stage.renew();
    const { records } = (await stage.service.get(`/api/audit?target=license:${lid}`)).body;
    const [renewed, second, first] = records;
    expect(first.after).toMatchObject({ lid, jti: 'one', included_users: 50, included_viewers: 40 });
    expect(second.after).toMatchObject({ lid, jti: 'two', included_users: 20, included_viewers: 5 });
    expect(second.before).toEqual(first.after);
    expect(renewed.before).toEqual(second.after);
    const { attemptId, ...after } = renewed.after;
    expect(attemptId).toEqual(expect.any(String));
    expect(Object.keys(after).sort()).toEqual(Object.keys(first.after).sort());
  });

  it('names what is held, what was held before, and every change with who made it, newest first', async () => {
    const lid = newLid();
    const reader = await stage.service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const writer = await stage.service.caller('fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE');
    const iat = stage.now - 100;
    const token = stage.issuer.token({ lid, jti: 'one', iat });
    const sent = { token: writer.token, headers: { 'X-Request-Id': 'the-first' } };
    expect((await stage.service.post(TOKEN, { token }, sent)).status).toBe(200);
    await stage.renew();
    const reply = await stage.service.get(HISTORY, { token: reader.token });
    const { current, previous, changes } = reply.body;
    const shown = await stage.shown();
    expect(current).toEqual({
      lid,
      jti: shown.jti,
      iat: iat + 1,
      exp: shown.exp,
      nbf: shown.nbf,
      lexp: shown.lexp,
      kid: stage.issuer.key.kid,
    });
    expect(previous).toMatchObject({ lid, jti: 'one', iat });
    expect(changes.slice(0, 2)).toMatchObject([
      {
        change: 'renew',
        actor: 'bootstrap',
        lid,
        jti: shown.jti,
        iat: iat + 1,
        exp: shown.exp,
        lexp: shown.lexp,
      },
      {
        change: 'install',
        actor: `service-account:${writer.id}`,
        requestId: 'the-first',
        lid,
        jti: 'one',
        iat,
      },
    ]);
    expect(changes[0].id).toBeGreaterThan(changes[1].id);
    expect(Math.abs(changes[0].at - stage.now)).toBeLessThan(30);
    expect(reply.text).not.toContain(token.split('.')[2]);
  });

  it('keeps after DELETE what was, and no token', async () => {
    const lid = newLid();
    await stage.install({ lid, jti: 'gone' });
    await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
    const { current, previous, changes } = await past();
    expect([current, previous]).toEqual([null, null]);
    expect(changes.slice(0, 2)).toMatchObject([
      { change: 'remove', lid, jti: null },
      { change: 'install', lid, jti: 'gone' },
    ]);
  });

  it('shows the newest hundred changes', async () => {
    await stage.change(
      `INSERT INTO audit_event (at, actor, action, target, detail, request_id)
       SELECT now(), 'test', 'license.install', 'license:' || n, '{}', '' FROM generate_series(1, 150) n`,
    );
    const { changes } = await past();
    expect(changes).toHaveLength(100);
    expect(changes.map(({ lid }: { lid: string }) => lid).slice(0, 2)).toEqual(['150', '149']);
    expect(changes.at(-1).lid).toBe('51');
  });
});

describe('Going back to the previous license', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  const rollback = async () => stage.service.post(ROLLBACK, {});
  const held = async () => (await stage.service.get(HISTORY)).body;

  /** Two tokens of one license, the second one installed last. */
  async function replaceOnce(first: Overrides = {}, second: Overrides = {}): Promise<void> {
    const lid = newLid();
    await stage.install({ lid, jti: 'one', iat: stage.now - 100, company: 'One', ...first });
    await stage.install({ lid, jti: 'two', iat: stage.now - 90, company: 'Two', ...second });
  }

  it('puts the older token back over the newer one, says what may follow, and leaves a record', async () => {
    await replaceOnce();
    const reply = await rollback();
    expect(reply).toMatchObject({
      status: 200,
      body: { license: { status: 1, jti: 'one', company: 'One' } },
    });
    expect(reply.body.message).toMatch(/next renewal may bring/);
    expect(await stage.shown()).toMatchObject({ jti: 'one', status: 1 });
    expect(await held()).toMatchObject({ current: { jti: 'one' }, previous: { jti: 'two' } });
    expect((await stage.audit()).at(-1)).toMatchObject({
      action: 'license.rollback',
      actor: 'bootstrap',
      detail: { jti: 'one', from: 'two' },
    });
  });

  it('goes forth again by a second one', async () => {
    await replaceOnce();
    await rollback();
    expect((await rollback()).body.license.jti).toBe('two');
    expect(await stage.shown()).toMatchObject({ jti: 'two' });
  });

  it('is not undone by a renewal that was asked for before', async () => {
    await replaceOnce();
    const { arrived, release } = stage.issuer.holdRenewals();
    const renewing = stage.renew();
    await arrived;
    expect((await rollback()).status).toBe(200);
    release();
    expect(outcome(await renewing)).toEqual([409, 'license.changed']);
    expect(await stage.shown()).toMatchObject({ jti: 'one', status: 1 });
  });

  it('is overtaken by the next renewal', async () => {
    await replaceOnce();
    await rollback();
    const before = await stage.shown();
    expect(before.jti).toBe('one');
    expect((await stage.renew()).status).toBe(200);
    const { iat, jti } = await stage.shown();
    expect(jti).not.toBe('one');
    expect(iat).toBeGreaterThan(before.iat);
  });

  it('works between different licenses, and when the key of the previous one was retired', async () => {
    await stage.install({ lid: 'old', jti: 'one' });
    stage.issuer.rotate(false);
    await stage.restart();
    // The key set is read anew for the new key.
    await stage.install({ lid: 'new', jti: 'two' });
    expect((await rollback()).body.license).toMatchObject({ lid: 'old', status: 1 });
    await stage.restart();
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('is refused where there is nothing to go back to', async () => {
    expect(outcome(await rollback())).toEqual([404, 'license.not-found']);
    await stage.install({ lid: newLid() });
    const row = await stage.row();
    expect(outcome(await rollback())).toEqual([404, 'license.not-found']);
    expect(await stage.row()).toBe(row);
  });

  it('is refused where the previous license would not be valid: nothing is taken away', async () => {
    await replaceOnce({ exp: stage.now + 100 });
    stage.service.clock.advance(200_000);
    const row = await stage.row();
    expect(outcome(await rollback())).toEqual([400, 'license.expired']);
    expect(await stage.row()).toBe(row);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('brings no revoked license back', async () => {
    const lid = newLid();
    await stage.install({ lid, jti: 'one', iat: stage.now - 100 });
    stage.issuer.answerRenewals({
      status: 410,
      body: { code: 'license_revoked', statement: stage.issuer.statement({ lid, iat: stage.now - 50 }) },
    });
    await stage.renew();
    await stage.install({ lid, jti: 'two', iat: stage.now - 10 });
    expect(outcome(await rollback())).toEqual([400, 'license.invalid']);
    expect(await stage.shown()).toMatchObject({ jti: 'two', status: 1 });
  });

  it('finds nothing to go back to after DELETE', async () => {
    await replaceOnce();
    await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
    expect(outcome(await rollback())).toEqual([404, 'license.not-found']);
  });

  it('is refused where the stored token does not verify any more', async () => {
    await replaceOnce();
    await stage.change(
      `UPDATE license SET previous_token = previous_token || 'A', revision = revision + 1 WHERE id = 1`,
    );
    const reply = await rollback();
    expect(reply.status).toBe(400);
    expect(reply.body.messageId).toBe('license.untrusted');
    expect(reply.body.message).toBe('The previous license does not verify any more.');
    expect(await stage.shown()).toMatchObject({ jti: 'two', status: 1 });
  });

  it('verifies by the present keys what was replaced before its key was kept', async () => {
    await replaceOnce();
    await stage.change('UPDATE license SET previous_signing_key = NULL WHERE id = 1');
    expect((await rollback()).body.license).toMatchObject({ jti: 'one', status: 1 });
  });

  it('needs the right to write', async () => {
    await replaceOnce();
    const reader = await stage.service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const reply = await stage.service.post(ROLLBACK, {}, { token: reader.token });
    expect(reply.status).toBe(403);
    expect(await stage.shown()).toMatchObject({ jti: 'two' });
  });
});
