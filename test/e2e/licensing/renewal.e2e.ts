import { createLogger } from '../../../src/http/logger.js';
import { newLid } from '../../support/tokens.js';
import { outcome, shareStage, Stage, TOKEN, until } from './stage.js';

const REPORT = '/api/licensing/renewal';
const ATTEMPTS = '/api/licensing/renewal/attempts';
const REHEARSE = '/api/licensing/renewal/rehearse';
const DAY_MS = 86_400_000;

describe('renewal without being asked', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open({ AUTO_REFRESH_LICENSE: 'true' });
  });

  afterEach(async () => {
    await stage.close();
  });

  const report = async () => (await stage.service.get(REPORT)).body;
  const planned = async () => until(async () => (await report()).nextAttempt !== null);

  it('forgets attempts that ended or were given up long ago, and none that is not', async () => {
    const row = (id: number, started: string, finished: string) =>
      `('00000000-0000-4000-8000-00000000000${id}', 0, 'old', 'jti-${id}', ${started}, ${finished}, 1, 0)`;
    await stage.change(
      `INSERT INTO renewal_attempt (id, generation, lid, jti, started_at, finished_at, calls, answered) VALUES
       ${row(1, `now() - interval '91 days'`, `now() - interval '91 days'`)},
       ${row(2, `now() - interval '91 days'`, 'NULL')},
       ${row(3, `now() - interval '91 days'`, `now() - interval '89 days'`)},
       ${row(4, `now() - interval '89 days'`, 'NULL')}`,
    );
    await stage.install({ lid: newLid() });
    expect((await stage.renew()).status).toBe(200);
    const left = await stage.query<{ jti: string }>(
      `SELECT jti FROM renewal_attempt WHERE lid = 'old' ORDER BY jti`,
    );
    expect(left).toEqual([{ jti: 'jti-3' }, { jti: 'jti-4' }]);
  });

  it('makes a plan anew that a clock ahead has made, after nothing newer was to be had too', async () => {
    await stage.install({ lid: newLid() });
    await planned();
    const { due } = await report();
    await stage.change(`UPDATE renewal_state SET next_attempt_at = now() + interval '31 days'`);
    await until(async () => (await report()).nextAttempt <= due);
  });

  it('is planned somewhat before the token is due, and happens then, once', async () => {
    const lid = newLid();
    const iat = stage.now - 60;
    await stage.install({ lid, iat, update_days: 10 });
    await planned();
    const { due, nextAttempt } = await report();
    expect(nextAttempt).toBeLessThanOrEqual(due);
    expect(nextAttempt).toBeGreaterThanOrEqual(due - 0.1 * (due - iat) - 1);
    expect(stage.issuer.renewals).toHaveLength(0);
    stage.service.clock.set(due * 1000);
    await until(async () => (await report()).lastSuccess !== null);
    expect(stage.issuer.renewals).toHaveLength(1);
    expect(await report()).toMatchObject({ automatic: true, outcome: 'renewed', cause: null, failures: 0 });
    // The report is the database's, the license that of memory, which is a moment behind.
    await until(async () => (await stage.shown()).iat === iat + 1);
    expect(await stage.audit()).toMatchObject([
      { action: 'license.install' },
      { action: 'license.renew', actor: 'system' },
    ]);
  });

  it('tries again after failures, says which and when, and forgets nothing over a restart', async () => {
    await stage.install({ lid: newLid() });
    await planned();
    stage.issuer.answerRenewals({ status: 500 });
    stage.service.clock.advance(DAY_MS / 2 + 3600_000);
    await until(async () => (await report()).failures === 1);
    const first = await report();
    expect(first).toMatchObject({ outcome: 'issuer.bad-response', cause: 'bad-answer', lastSuccess: null });
    expect(first.nextAttempt - first.lastAttempt).toBeGreaterThanOrEqual(1);
    expect(first.nextAttempt - first.lastAttempt).toBeLessThanOrEqual(10);
    const asked = stage.issuer.renewals.length;
    const { clock } = stage.service;
    const then = clock.now();
    await stage.restart();
    stage.service.clock.set(then);
    expect(await report()).toMatchObject({ failures: 1, nextAttempt: first.nextAttempt });
    stage.service.clock.set(then + 11_000);
    await until(async () => (await report()).failures === 2);
    expect(stage.issuer.renewals).toHaveLength(asked + 1);
    stage.issuer.answerRenewals();
    stage.service.clock.advance(61_000);
    await until(async () => (await report()).outcome === 'renewed');
    expect((await report()).failures).toBe(0);
  });

  it('tells the reason that the issuer gave, in the log and in the report', async () => {
    const lines: string[] = [];
    await stage.restart({}, createLogger('warn', { write: (line) => void lines.push(line) }));
    await stage.install({ lid: newLid() });
    await planned();
    const reason = 'The contract was suspended: call us (9-17h).';
    stage.issuer.answerRenewals({ status: 403, body: { message: reason } });
    stage.service.clock.advance(DAY_MS / 2 + 3600_000);
    await until(async () => (await report()).failures === 1);
    expect((await report()).message).toBe(`The license issuer refused the renewal. Reason: ${reason}`);
    const line = () => lines.find((one) => one.includes('could not be renewed'));
    await until(async () => line() !== undefined);
    expect(JSON.parse(line() ?? '')).toMatchObject({ code: 'issuer.refused', err: { detail: reason } });
  });

  it.each<[what: string, reason: (token: string) => string]>([
    ['has a line end', () => 'one\ntwo'],
    ['has letters that nobody sees', () => 'one\u3164two'],
    ['has a part of the token', (token) => `two ${token.slice(-16)}`],
  ])('tells of a reason that %s that there was one', async (_, reasonOf) => {
    const lines: string[] = [];
    await stage.restart({}, createLogger('warn', { write: (line) => void lines.push(line) }));
    const token = await stage.install({ lid: newLid() });
    await planned();
    stage.issuer.answerRenewals({ status: 403, body: { message: reasonOf(token) } });
    stage.service.clock.advance(DAY_MS / 2 + 3600_000);
    await until(async () => (await report()).failures === 1);
    expect((await report()).message).toBe('The license issuer refused the renewal.');
    await until(async () => lines.some((one) => one.includes('with a reason that is too long')));
    expect(lines.join('')).not.toContain('two');
  });

  it("obeys the issuer's Retry-After, not its own back-off", async () => {
    await stage.install({ lid: newLid() });
    await planned();
    stage.issuer.answerRenewals({ status: 429, headers: { 'Retry-After': '3000' } });
    stage.service.clock.advance(DAY_MS / 2 + 3600_000);
    await until(async () => (await report()).failures === 1);
    const { nextAttempt, lastAttempt, notBefore } = await report();
    expect(nextAttempt - lastAttempt).toBeGreaterThanOrEqual(2_999);
    expect(notBefore - lastAttempt).toBeGreaterThanOrEqual(2_999);
    stage.issuer.answerRenewals();
    expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
    await stage.restart();
    stage.service.clock.set(lastAttempt * 1000 + 60_000);
    expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
    expect(stage.issuer.renewals).toHaveLength(1);
  });

  it('renews a short token before it expires, though a proxy asked once for a pause of a day', async () => {
    const exp = stage.now + 180;
    await stage.install({ lid: newLid(), exp });
    await planned();
    stage.issuer.answerRenewals({ status: 503, headers: { 'Retry-After': '86400' } });
    stage.service.clock.advance(130_000);
    await until(async () => (await report()).failures === 1);
    stage.issuer.answerRenewals();
    const refused = await stage.renew();
    expect(outcome(refused)).toEqual([503, 'issuer.unavailable']);
    expect(refused.body.message).toBe('The license issuer asked for a pause, which is not over.');
    const told = Number(refused.headers.get('retry-after'));
    expect(told).toBeLessThanOrEqual(30);
    expect((await report()).nextAttempt).toBeLessThan(exp);
    stage.service.clock.advance(told * 1000);
    expect((await stage.renew()).status).toBe(200);
  });

  it('goes on at the next regular time after the issuer had nothing newer', async () => {
    await stage.install({ lid: newLid(), iat: stage.now - 60, update_days: 10 });
    await planned();
    const { due } = await report();
    stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
    // Renewals are tried somewhat early.
    stage.service.clock.set((due - 60) * 1000);
    await until(async () => (await report()).outcome === 'unchanged');
    const { nextAttempt, lastAttempt, failures, lastSuccess } = await report();
    expect([failures, lastSuccess]).toEqual([0, lastAttempt]);
    expect(nextAttempt - lastAttempt).toBeGreaterThanOrEqual(60);
  });

  it('counts it as a failure that the issuer has nothing newer when the renewal is due', async () => {
    await stage.install({ lid: newLid() });
    await planned();
    stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
    stage.service.clock.set((await report()).due * 1000);
    await until(async () => (await report()).outcome === 'not-due');
    const { nextAttempt, lastAttempt, ...told } = await report();
    expect(told).toMatchObject({
      lastSuccess: null,
      cause: 'refused',
      message: expect.stringContaining('due'),
    });
    expect(told.failures).toBeGreaterThanOrEqual(1);
    expect(nextAttempt - lastAttempt).toBeLessThanOrEqual(61);
    // A caller gets the present license all the same.
    expect((await stage.renew()).status).toBe(200);
  });

  it('renews a token that has expired as well', async () => {
    await stage.install({ lid: newLid() });
    await planned();
    stage.service.clock.advance(2 * DAY_MS);
    expect((await stage.verdict())[0]).toBe(false);
    await until(async () => stage.issuer.renewals.length > 0);
  });

  it('asks for nothing without a license', async () => {
    expect(await report()).toMatchObject({ nextAttempt: null, due: null, tokenSecondsLeft: null });
    await stage.install({ lid: newLid() });
    await planned();
    await stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
    stage.service.clock.advance(DAY_MS);
    await new Promise((go) => setTimeout(go, 2_500));
    expect(stage.issuer.renewals).toHaveLength(0);
  });
});

describe('how renewals fare', () => {
  let stage: Stage;
  shareStage((shared) => (stage = shared));

  const report = async () => (await stage.service.get(REPORT)).body;

  it.each<[string, Parameters<Stage['issuer']['answerRenewals']>[0], string, string]>([
    ['a refusal', { status: 403, body: { message: 'Suspended' } }, 'issuer.refused', 'refused'],
    ['a pause', { status: 503 }, 'issuer.unavailable', 'refused'],
    ['a page', { status: 200, body: '<html>' }, 'issuer.bad-response', 'bad-answer'],
    ['a redirect', { status: 302, headers: { Location: '/' } }, 'issuer.bad-response', 'bad-answer'],
    ['a cut line', (_request, response) => response.destroy(), 'issuer.unavailable', 'connect'],
  ])('says after %s what failed, and leaves the license as it was', async (_, answer, code, cause) => {
    await stage.install({ lid: newLid() });
    const row = await stage.row();
    stage.issuer.answerRenewals(answer);
    const reply = await stage.renew();
    expect(reply.body.messageId).toBe(code);
    const { message, error } = reply.body;
    expect(await report()).toMatchObject({
      automatic: false,
      outcome: code,
      cause,
      message: error === undefined ? message : `${message} Reason: ${error}`,
    });
    expect(await stage.row()).toBe(row);
  });

  it('says that a signature was bad, or a clock', async () => {
    const lid = newLid();
    await stage.install({ lid });
    const other = stage.issuer.key;
    stage.issuer.rotate(false);
    stage.issuer.answerKeySet({ status: 200, body: { keys: [other.jwk] } });
    stage.issuer.answerRenewals({
      status: 200,
      body: { token: stage.issuer.token({ lid, iat: stage.now }) },
    });
    await stage.renew();
    expect(await report()).toMatchObject({ outcome: 'issuer.bad-response', cause: 'bad-signature' });
    const ahead = stage.issuer.token({ lid, iat: stage.now + 3600 }, other);
    stage.issuer.answerRenewals({ status: 200, body: { token: ahead } });
    await stage.renew();
    expect(await report()).toMatchObject({ outcome: 'issuer.bad-response', cause: 'clock' });
  });
});

describe('the attempts to renew', () => {
  let stage: Stage;
  shareStage((shared) => (stage = shared));

  const attemptsOf = async (lid: string) =>
    (await stage.service.get(ATTEMPTS)).body.attempts.filter(
      (attempt: { lid: string }) => attempt.lid === lid,
    );

  it('are listed newest first, with outcome and cause; one that is open goes on', async () => {
    const lid = newLid();
    await stage.install({ lid });
    expect(await attemptsOf(lid)).toEqual([]);
    stage.issuer.answerRenewals({ status: 403, body: { message: 'Suspended' } });
    await stage.renew();
    stage.issuer.answerRenewals((_request, response) => response.destroy());
    await stage.renew();
    await stage.renew();
    const [open, refused, ...others] = await attemptsOf(lid);
    expect(others).toEqual([]);
    expect(open).toMatchObject({
      finishedAt: null,
      calls: 2,
      outcome: 'issuer.unavailable',
      cause: 'connect',
    });
    expect(refused).toMatchObject({ calls: 1, outcome: 'issuer.refused', cause: 'refused' });
    expect(refused.finishedAt).toBeGreaterThanOrEqual(refused.startedAt);
    stage.issuer.answerRenewals();
    expect((await stage.renew()).status).toBe(200);
    const [renewed] = await attemptsOf(lid);
    expect(renewed).toMatchObject({ calls: 3, outcome: 'renewed', cause: null, message: null });
  });

  it('are thirty at most', async () => {
    const row = (id: number) =>
      `(gen_random_uuid(), 0, 'many', 'jti-${id}', now() - interval '${id} minutes', now(), 1, 1, 'renewed')`;
    await stage.change(
      `INSERT INTO renewal_attempt (id, generation, lid, jti, started_at, finished_at, calls, answered, outcome)
       VALUES ${Array.from({ length: 40 }, (_, id) => row(id + 1)).join(', ')}`,
    );
    expect((await stage.service.get(ATTEMPTS)).body.attempts).toHaveLength(30);
  });
});

describe('a renewal that calls nobody, as the circuit is open,', () => {
  it('is no failure: what is known of the last call stays', async () => {
    const stage = await Stage.open();
    try {
      const report = async () => (await stage.service.get(REPORT)).body;
      await stage.install({ lid: newLid() });
      stage.issuer.answerRenewals((_request, response) => response.destroy());
      for (let failure = 1; failure <= 5; failure += 1) await stage.renew();
      expect(stage.issuer.renewals).toHaveLength(5);
      expect(await report()).toMatchObject({ failures: 5, cause: 'connect' });
      expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
      expect(stage.issuer.renewals).toHaveLength(5);
      expect(await report()).toMatchObject({ failures: 5, cause: 'connect' });
    } finally {
      await stage.close();
    }
  });
});

describe('a rehearsal', () => {
  let stage: Stage;
  shareStage((shared) => (stage = shared));

  const rehearse = async () => stage.service.post(REHEARSE, {});

  it('asks the issuer for nothing, shows it the license, and changes nothing', async () => {
    const token = await stage.install({ lid: newLid() });
    const before = [await stage.row(), await stage.query('SELECT * FROM renewal_state'), await stage.audit()];
    stage.issuer.answerRenewals({ status: 200, body: { dryRun: true } });
    expect((await rehearse()).body).toMatchObject({ outcome: 'ready' });
    const asked = stage.issuer.renewals.at(-1);
    expect(asked?.headers.authorization).toBe(`Bearer ${token}`);
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({ dryRun: true });
    expect([
      await stage.row(),
      await stage.query('SELECT * FROM renewal_state'),
      await stage.audit(),
    ]).toEqual(before);
  });

  it.each<[string, Parameters<Stage['issuer']['answerRenewals']>[0], number, string]>([
    ['has nothing newer', { status: 409, body: { code: 'not_due' } }, 200, 'not-due'],
    ['knows no rehearsals', { status: 422, body: { code: 'dry_run_unsupported' } }, 200, 'unsupported'],
  ])('says so when the issuer %s', async (_, answer, status, said) => {
    await stage.install({ lid: newLid() });
    stage.issuer.answerRenewals(answer);
    const reply = await rehearse();
    expect([reply.status, reply.body.outcome]).toEqual([status, said]);
  });

  it.each<[string, Parameters<Stage['issuer']['answerRenewals']>[0], number, string]>([
    ['refuses', { status: 403 }, 502, 'issuer.refused'],
    ['answers something else', { status: 200, body: { dryRun: 'yes' } }, 502, 'issuer.bad-response'],
    ['breaks', { status: 500 }, 502, 'issuer.bad-response'],
    ['is away', (_request, response) => response.destroy(), 503, 'issuer.unavailable'],
  ])('is answered as the renewal would be when the issuer %s', async (_, answer, status, code) => {
    await stage.install({ lid: newLid() });
    stage.issuer.answerRenewals(answer);
    expect(outcome(await rehearse())).toEqual([status, code]);
  });

  it('takes nothing away, with any statement of the issuer', async () => {
    const lid = newLid();
    await stage.install({ lid });
    const statement = stage.issuer.statement({ lid });
    stage.issuer.answerRenewals({ status: 410, body: { code: 'license_revoked', statement } });
    const reply = await rehearse();
    expect(outcome(reply)).toEqual([502, 'issuer.refused']);
    expect(await stage.verdict()).toEqual([true, 1]);
    // The renewal says the same, and takes the license away.
    const renewed = await stage.renew();
    expect(renewed.body.message).toBe(reply.body.message);
    expect(await stage.verdict()).toEqual([false, 3]);
  });

  it('stores no token, even of an issuer that gives one', async () => {
    const lid = newLid();
    await stage.install({ lid });
    const row = await stage.row();
    const given = stage.issuer.token({ lid, jti: 'given', iat: stage.now });
    stage.issuer.answerRenewals({ status: 200, body: { token: given } });
    expect((await rehearse()).body.outcome).toBe('ready');
    expect(await stage.row()).toBe(row);
    expect(outcome(await stage.renew())).toEqual([200, undefined]);
    expect((await stage.shown()).jti).toBe('given');
  });

  it('has nothing newer where the issuer gives the stored token', async () => {
    const token = await stage.install({ lid: newLid() });
    stage.issuer.answerRenewals({ status: 200, body: { token } });
    expect((await rehearse()).body.outcome).toBe('not-due');
  });

  it('is 404 without a license', async () => {
    expect(outcome(await rehearse())).toEqual([404, 'license.not-found']);
  });
});
