import type { Overrides } from '../../support/tokens.js';
import { newLid } from '../../support/tokens.js';
import { outcome, shareStage, type Stage, TOKEN, until } from './stage.js';

const HISTORY = '/api/licensing/token/history';
const DAY = 86_400;

describe('A license of the next term', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  const begin = () => stage.now + 5 * DAY;
  const next = (claims: Overrides = {}): Overrides => ({
    lid: newLid(),
    nbf: begin(),
    exp: begin() + 30 * DAY,
    lexp: begin() + 365 * DAY,
    ...claims,
  });
  const queue = async (claims: Overrides, more = {}) =>
    stage.service.post(TOKEN, { token: stage.issuer.token(claims), queue: true, ...more });
  const goTo = (second: number) => stage.service.clock.hold(second * 1000);
  const past = async () => (await stage.service.get(HISTORY)).body;
  const promoted = async () => until(async () => (await past()).queued === null);

  it('is refused without "queue", and waits with it: what is there stays', async () => {
    await stage.install({ lid: 'now' });
    const claims = next();
    const row = await stage.row();
    const refused = await stage.upload(stage.issuer.token(claims));
    expect(outcome(refused)).toEqual([400, 'license.not-active']);
    expect(await stage.row()).toBe(row);
    const reply = await queue(claims);
    expect(reply).toMatchObject({ status: 200, body: { status: 3, lid: claims.lid, nbf: claims.nbf } });
    expect(await stage.shown()).toMatchObject({ status: 1, lid: 'now' });
    expect(await past()).toMatchObject({
      current: { lid: 'now' },
      queued: { lid: claims.lid, nbf: claims.nbf },
    });
    expect((await stage.audit()).at(-1)).toMatchObject({
      action: 'license.queue',
      target: `license:${claims.lid as string}`,
      detail: { nbf: claims.nbf },
    });
  });

  it('is told of by the metrics while it waits', async () => {
    const waiting = async () =>
      /^licentia_license_source\{source="queue",state="waiting"\} (\d)$/m.exec(
        (await stage.service.get('/metrics', { token: null })).text,
      )?.[1];
    expect(await waiting()).toBe('0');
    const claims = next();
    await queue(claims);
    expect(await waiting()).toBe('1');
    goTo(claims.nbf as number);
    expect(await waiting()).toBe('0');
  });

  it('that does not verify any more is told of, and takes nothing away', async () => {
    await stage.install({ lid: 'now' });
    await queue(next());
    await stage.change(
      `UPDATE license SET queued_token = queued_token || 'A', revision = revision + 1 WHERE id = 1;
       UPDATE snapshot_version SET version = version + 1`,
    );
    const broken = async () =>
      (await stage.service.get('/metrics', { token: null })).text.includes(
        'licentia_license_source{source="queue",state="broken"} 1',
      );
    await until(broken);
    expect(await stage.verdict()).toEqual([true, 1]);
    goTo(begin() + DAY);
    expect((await stage.shown()).lid).toBe('now');
  });

  it('takes over in the very second of its nbf, without a call and without a gap', async () => {
    const nbf = begin();
    await stage.install({ lid: 'now', exp: nbf, lexp: nbf });
    const claims = next({ nbf });
    await queue(claims);
    const calls = stage.issuer.requests.length;
    goTo(nbf - 1);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await stage.shown()).toMatchObject({ lid: 'now' });
    goTo(nbf);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await stage.shown()).toMatchObject({ lid: claims.lid, status: 1 });
    expect(stage.issuer.requests).toHaveLength(calls);
  });

  /** In tests of what two clocks must agree on, time passes by itself. */
  const soon = async (claims: Overrides = {}) => {
    // A clock that was set by the test before is not believed: a service that has just started believes its own.
    await stage.restart();
    const terms = next({ nbf: stage.now + 3, ...claims });
    expect((await queue(terms)).status).toBe(200);
    return terms;
  };

  it('is put in its place by the database within a second or so, and the one before can come back', async () => {
    await stage.install({ lid: 'now' });
    await stage.restart();
    const claims = next({ nbf: stage.now + 3 });
    const token = stage.issuer.token(claims);
    expect((await stage.service.post(TOKEN, { token, queue: true })).status).toBe(200);
    await promoted();
    expect(await past()).toMatchObject({
      current: { lid: claims.lid },
      previous: { lid: 'now' },
      queued: null,
    });
    expect((await stage.audit()).at(-1)).toMatchObject({
      action: 'license.promote',
      actor: 'system',
      target: `license:${claims.lid as string}`,
    });
    expect(await stage.verdict()).toEqual([true, 1]);
    // An upload of the very token changes nothing, as of any other that is stored.
    const [row, audit] = [await stage.row(), await stage.audit()];
    expect((await stage.upload(token)).status).toBe(200);
    expect([await stage.row(), await stage.audit()]).toEqual([row, audit]);
    // Its term has begun by the database's clock: one that is set back takes that back no more.
    goTo((claims.nbf as number) - 20);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect((await stage.service.post(`${TOKEN}/rollback`, {})).body.license.lid).toBe('now');
  });

  it('is not put there by a clock that is ahead for a while: what is there comes back', async () => {
    await stage.install({ lid: 'now' });
    const claims = next();
    await queue(claims);
    const row = await stage.row();
    goTo(claims.nbf as number);
    expect((await stage.shown()).lid).toBe(claims.lid);
    // Longer than it takes to put a license in its place.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await stage.row()).toBe(row);
    // Nor by a renewal, which is of what is stored; its answer has expired by that clock.
    expect(outcome(await stage.renew())).toEqual([502, 'issuer.bad-response']);
    expect(await stage.row()).toBe(row);
    stage.service.clock.set(Date.now());
    expect(await stage.shown()).toMatchObject({ lid: 'now', status: 1 });
  });

  it('takes over from one that was renewed meanwhile, and from one that goes on for longer', async () => {
    await stage.install({ lid: 'now', lexp: stage.now + 400 * DAY });
    const claims = next({ iat: stage.now - 100 });
    await queue(claims);
    expect((await stage.renew()).status).toBe(200);
    expect(await past()).toMatchObject({ queued: { lid: claims.lid } });
    goTo(claims.nbf as number);
    expect(await stage.shown()).toMatchObject({ lid: claims.lid, status: 1 });
  });

  it('is never valid before its nbf, not even within the seconds that clocks may differ', async () => {
    const nbf = stage.now + 5;
    goTo(nbf - 5);
    const reply = await queue(next({ nbf }));
    expect(reply.body.status).toBe(3);
    expect(await stage.verdict()).toEqual([false, 4]);
    goTo(nbf - 1);
    expect(await stage.verdict()).toEqual([false, 4]);
    goTo(nbf);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('is renewed as any other from its nbf on', async () => {
    await stage.install({ lid: 'now' });
    const claims = await soon();
    await until(async () => (await stage.shown()).lid === claims.lid);
    const reply = await stage.renew();
    expect(reply).toMatchObject({ status: 200, body: { lid: claims.lid } });
    expect(await past()).toMatchObject({ current: { lid: claims.lid }, queued: null });
    expect((await stage.audit()).map(({ action }) => action).slice(-2)).toEqual([
      'license.promote',
      'license.renew',
    ]);
  });

  it.each([
    ['of another license', () => ({})],
    ['of the same license', () => ({ lid: 'now', iat: stage.now - 50 })],
  ])('%s is not lost to a renewal that was under way when its term began', async (_, more) => {
    const present = { lid: 'now', jti: 'present', iat: stage.now - 100 };
    await stage.install(present);
    const claims = await soon({ jti: 'next', ...more() });
    // As an issuer does it: made now, with the terms of the license that it was asked for.
    const token = stage.issuer.token({ ...present, jti: 'late', iat: stage.now });
    stage.issuer.answerRenewals({ status: 200, body: { token } });
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    // Most probably the answer is there before the database has put it in its place.
    await until(async () => (await stage.shown()).jti === 'next');
    held.release();
    expect(outcome(await renewal)).toEqual([409, 'license.changed']);
    await promoted();
    expect(await stage.shown()).toMatchObject({ lid: claims.lid, jti: 'next', status: 1 });
  });

  it('is renewed where it counts, though what is stored cannot be read any more', async () => {
    await stage.install({ lid: 'now', iat: stage.now - 100 });
    const claims = await soon();
    await stage.breakStored();
    await until(async () => (await stage.shown()).lid === claims.lid);
    expect(await stage.renew()).toMatchObject({ status: 200, body: { lid: claims.lid, status: 1 } });
    expect((await stage.license()).lid).toBe(claims.lid);
  });

  it('is not lost either to one that was under way when it was queued', async () => {
    const present = { lid: 'now', jti: 'present', iat: stage.now - 100 };
    await stage.install(present);
    await stage.restart();
    const token = stage.issuer.token({ ...present, jti: 'late', iat: stage.now });
    stage.issuer.answerRenewals({ status: 200, body: { token } });
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    await queue(next({ lid: 'now', jti: 'next', iat: stage.now - 50, nbf: stage.now + 2 }));
    await promoted();
    held.release();
    expect(outcome(await renewal)).toEqual([409, 'license.changed']);
    expect(await stage.shown()).toMatchObject({ lid: 'now', jti: 'next', status: 1 });
  });

  it('takes the place of no newer token of its own, also after a jump of the clock', async () => {
    const lid = newLid();
    const terms = { lid, exp: stage.now + 30 * DAY, lexp: stage.now + 365 * DAY };
    await stage.install({ ...terms, jti: 'present', iat: stage.now - 100 });
    await stage.restart();
    await queue({ ...terms, jti: 'next', iat: stage.now - 50, nbf: stage.now + 2 });
    await stage.install({ ...terms, jti: 'newer', iat: stage.now - 10 });
    stage.service.clock.set(Date.now() + 3_600_000);
    // By the time before the jump it is not made yet.
    await stage.install({ ...terms, jti: 'newest', iat: stage.now });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await stage.license()).jti).toBe('newest');
    expect(await stage.shown()).toMatchObject({ jti: 'newest', status: 1 });
  });

  it('is not put over what cannot be read by a clock that is ahead for a while', async () => {
    await stage.install({ lid: 'now', iat: stage.now - 100 });
    await stage.restart();
    const claims = next();
    await queue(claims);
    await stage.breakStored();
    const row = await stage.row();
    goTo((claims.nbf as number) + DAY);
    await until(async () => (await stage.shown()).lid === claims.lid);
    expect(outcome(await stage.renew())).toEqual([400, 'license.invalid']);
    expect(await stage.row()).toBe(row);
  });

  it('is installed at once where it is active already', async () => {
    const lid = newLid();
    expect(await queue({ lid })).toMatchObject({ status: 200, body: { status: 1, lid } });
    expect(await past()).toMatchObject({ current: { lid }, queued: null });
  });

  it.each<[string, () => Overrides, string]>([
    ['ends before its term begins', () => ({ exp: begin() }), 'license.expired'],
    ['has expired', () => ({ exp: stage.now - 1 }), 'license.expired'],
    ['is for another instance', () => ({ sub: 'https://other.example.com/' }), 'license.subject-mismatch'],
    ['is for another product', () => ({ prod: ['other'] }), 'license.invalid'],
    ['was made in the future', () => ({ iat: stage.now + 60 }), 'license.not-active'],
    ['is by another issuer', () => ({ iss: 'https://other.example.com' }), 'license.untrusted'],
  ])('is refused where it %s', async (_, claims, code) => {
    const row = await stage.row();
    expect(outcome(await queue(next(claims())))).toEqual([400, code]);
    expect(await stage.row()).toBe(row);
  });

  it('makes way for a newer one, not for an older one of the same license; the same changes nothing', async () => {
    const claims = next({ iat: stage.now - 100, jti: 'first' });
    // Made once: a second later the token of these claims has another end.
    const same = { token: stage.issuer.token(claims), queue: true };
    await stage.service.post(TOKEN, same);
    const row = await stage.row();
    expect((await stage.service.post(TOKEN, same)).status).toBe(200);
    expect(await stage.row()).toBe(row);
    expect(outcome(await queue({ ...claims, jti: 'older', iat: stage.now - 200 }))).toEqual([
      409,
      'license.stale',
    ]);
    expect(outcome(await queue({ ...claims, company: 'Other' }))).toEqual([409, 'license.stale']);
    expect(await stage.row()).toBe(row);
    expect((await queue({ ...claims, jti: 'newer', iat: stage.now - 50 })).status).toBe(200);
    expect(await past()).toMatchObject({ queued: { jti: 'newer' } });
    expect((await queue(next({ lid: 'another' }))).status).toBe(200);
    expect(await past()).toMatchObject({ queued: { lid: 'another' } });
  });

  it('goes with DELETE, together with the previous one', async () => {
    const lid = newLid();
    await stage.install({ lid, iat: stage.now - 100, jti: 'one' });
    await stage.install({ lid, iat: stage.now - 90, jti: 'two' });
    const claims = next();
    await queue(claims);
    await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
    expect(await past()).toMatchObject({ current: null, previous: null, queued: null });
    expect(await stage.license()).toMatchObject({
      queued_token: null,
      queued_signing_key: null,
      previous_token: null,
      previous_signing_key: null,
    });
    goTo(claims.nbf as number);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it('goes with DELETE where it is the only one', async () => {
    const claims = next();
    await queue(claims);
    await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
    goTo(claims.nbf as number);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it('waits over a restart, and takes over where its term began while nobody ran', async () => {
    await stage.install({ lid: 'now' });
    const claims = next();
    await queue(claims);
    await stage.restart();
    expect(await past()).toMatchObject({ queued: { lid: claims.lid } });
    goTo((claims.nbf as number) + DAY);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await stage.shown()).toMatchObject({ lid: claims.lid });
  });

  it('survives that its key is retired before its term begins', async () => {
    const claims = next();
    await queue(claims);
    stage.issuer.rotate(false);
    await stage.restart();
    goTo(claims.nbf as number);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('never takes over once its issuer has revoked it', async () => {
    const lid = newLid();
    await stage.install({ lid, jti: 'now' });
    const claims = next({ lid, jti: 'next', iat: stage.now - 10 });
    await queue(claims);
    stage.issuer.answerRenewals({
      status: 410,
      body: { code: 'license_revoked', statement: stage.issuer.statement({ lid }) },
    });
    expect(outcome(await stage.renew())).toEqual([502, 'issuer.refused']);
    goTo(claims.nbf as number);
    expect(await stage.verdict()).toEqual([false, 5]);
  });

  /** A license that waits beside a token of the same license that was renewed since, its term begun. */
  const beside = async (exp: number) => {
    const lid = newLid();
    await stage.install({ lid, jti: 'now', iat: stage.now - 100 });
    const claims = await soon({ lid, jti: 'next', iat: stage.now - 90, ...(exp === 0 ? {} : { exp }) });
    const token = stage.issuer.token({ lid, jti: 'renewed', iat: stage.now });
    stage.issuer.answerRenewals({ status: 200, body: { token } });
    expect((await stage.renew()).body.jti).toBe('renewed');
    stage.issuer.answerRenewals();
    await until(() => stage.now > (claims.nbf as number));
    return claims;
  };

  it('stands beside a stored token of the same license that was renewed since, and follows where that ends', async () => {
    await beside(0);
    expect(await stage.shown()).toMatchObject({ jti: 'renewed', status: 1 });
    goTo(stage.now + DAY);
    expect(await stage.shown()).toMatchObject({ jti: 'next', status: 1 });
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('that had its turn takes the place of nothing that is put there afterwards', async () => {
    await beside(stage.now + 60);
    const lid = newLid();
    await stage.install({ lid });
    expect(await past()).toMatchObject({ current: { lid }, queued: null });
    expect(await stage.shown()).toMatchObject({ lid, status: 1 });
    // Longer than it takes to put a license in its place.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await stage.shown()).toMatchObject({ lid, status: 1 });
  });

  it('that had its turn undoes no rollback', async () => {
    const other = newLid();
    await stage.install({ lid: other });
    await beside(0);
    // The renewed one, its predecessor, and the other one: two steps back are an upload.
    await stage.install({ lid: other, jti: 'again', iat: stage.now - 1 });
    const { license } = (await stage.service.post(`${TOKEN}/rollback`, {})).body;
    expect(license.jti).toBe('renewed');
    expect((await stage.service.post(`${TOKEN}/rollback`, {})).body.license.jti).toBe('again');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await stage.shown()).toMatchObject({ lid: other, jti: 'again', status: 1 });
  });

  it('waits no longer once it is installed by hand in its term', async () => {
    const claims = next();
    const token = stage.issuer.token(claims);
    await stage.service.post(TOKEN, { token, queue: true });
    goTo(claims.nbf as number);
    expect((await stage.upload(token)).status).toBe(200);
    expect(await past()).toMatchObject({ current: { lid: claims.lid }, queued: null });
  });

  it.each([
    [{ queue: 'true' }],
    [{ queue: null }],
    [{ queue: 1 }],
    [{ acknowledge: 'yes' }],
    [{ acknowledge: null }],
  ])('is not asked for by %j', async (more) => {
    const reply = await stage.service.post(TOKEN, { token: stage.issuer.token(), ...more });
    expect(outcome(reply)).toEqual([400, 'bad-request']);
  });
});
