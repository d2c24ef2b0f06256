import { connect } from 'node:net';
import { ERROR_CATALOGUE } from '../../src/domain/service-error.js';
import { hungUp } from '../support/hung-up.js';
import { Scrape } from '../support/scrape.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';
import { newLid } from '../support/tokens.js';
import { CHECK, RENEW, shareStage, type Stage, TOKEN } from './licensing/stage.js';

const DURATION = 'licentia_http_request_duration_seconds_count';
const RENEWALS = 'licentia_license_renewals_total';
const REFUSED = 'licentia_license_tokens_refused_total';
const STATUS = 'licentia_license_status';

describe('GET /metrics', () => {
  let stage: Stage;
  shareStage((opened) => (stage = opened));

  const scrape = () => Scrape.of(stage.service.url);

  /** A request is counted when its connection is done with the answer, which may be after the client has read it. */
  async function eventually(condition: (now: Scrape) => boolean): Promise<Scrape> {
    for (;;) {
      const now = await scrape();
      if (condition(now)) return now;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** By how much what happens raises a counter. */
  async function raised(
    name: string,
    labels: Readonly<Record<string, string>>,
    happen: () => Promise<unknown>,
  ): Promise<number> {
    const before = (await scrape()).value(name, labels) ?? NaN;
    await happen();
    return ((await scrape()).value(name, labels) ?? NaN) - before;
  }

  const statuses = (now: Scrape) =>
    now.samples
      .filter(({ name, value }) => name === STATUS && value === 1)
      .map(({ labels }) => labels.status);

  it('answers every caller in the text format of Prometheus', async () => {
    const reply = await stage.service.get('/metrics', { token: null });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(new Scrape(reply.text).value('licentia_build_info')).toBe(1);
    expect((await stage.service.call('POST', '/metrics', { token: null })).status).toBe(405);
  });

  describe('of the license', () => {
    it('has exactly one status, and no times without a license', async () => {
      const without = await scrape();
      expect(statuses(without)).toEqual(['not_found']);
      const times = without.samples.filter(({ name }) =>
        /^licentia_license_.*(expiry|remaining|issued)/.test(name),
      );
      expect(times).toEqual([]);
      await stage.install();
      expect(statuses(await scrape())).toEqual(['valid']);
    });

    it('tells when token and license expire, and how long that is by the clock of the service', async () => {
      const [iat, exp, lexp] = [stage.now - 60, stage.now + 5000, stage.now + 9000];
      await stage.install({ iat, exp, lexp });
      const now = await scrape();
      expect(now.value('licentia_license_token_issued_timestamp_seconds')).toBe(iat);
      expect(now.value('licentia_license_token_expiry_timestamp_seconds')).toBe(exp);
      expect(now.value('licentia_license_expiry_timestamp_seconds')).toBe(lexp);
      expect(now.value('licentia_license_token_lifetime_seconds')).toBe(exp - iat);
      const left = now.value('licentia_license_token_remaining_seconds') ?? NaN;
      expect(left).toBeLessThanOrEqual(5000);
      expect(left).toBeGreaterThan(4900);
      expect((now.value('licentia_license_remaining_seconds') ?? NaN) - left).toBeCloseTo(4000, 0);
    });

    it('tells how long it is until the renewal is due, and since then', async () => {
      const [iat, exp] = [stage.now, stage.now + 6000];
      await stage.install({ iat, exp, tok_exp_warn_days: 0 });
      const due = async () => (await scrape()).value('licentia_license_renewal_remaining_seconds') ?? NaN;
      // A third of the life is kept for two more tries.
      const left = await due();
      expect(left).toBeLessThanOrEqual(4000);
      expect(left).toBeGreaterThan(3900);
      stage.service.clock.set((stage.now + 5000) * 1000);
      expect(await due()).toBeLessThanOrEqual(-900);
    });

    it('goes on about an expired one: the status turns and what remains is negative', async () => {
      await stage.install({ exp: stage.now + 100, lexp: stage.now + 100_000 });
      stage.service.clock.set((stage.now + 200) * 1000);
      const now = await scrape();
      expect(statuses(now)).toEqual(['expired']);
      expect(now.value('licentia_license_token_remaining_seconds')).toBeLessThan(-90);
      expect(now.value('licentia_license_remaining_seconds')).toBeGreaterThan(90_000);
    });

    it('counts renewals by what came of them, and says when the last one brought a token', async () => {
      await stage.install({ lid: newLid() });
      const last = 'licentia_license_last_renewal_timestamp_seconds';
      expect(await raised(RENEWALS, { outcome: 'renewed' }, () => stage.renew())).toBe(1);
      const renewedAt = (await scrape()).value(last);
      expect(Math.abs((renewedAt ?? NaN) - stage.now)).toBeLessThan(60);
      stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due' } });
      expect(await raised(RENEWALS, { outcome: 'unchanged' }, () => stage.renew())).toBe(1);
      expect((await scrape()).value(last)).toBe(renewedAt);
    });

    it.each([
      ['issuer.refused', { status: 403 }],
      ['issuer.bad-response', { status: 200, body: 'no JSON' }],
      ['issuer.unavailable', { status: 503, headers: { 'Retry-After': '1' } }],
    ])('counts a renewal that fails with %s', async (outcome, answer) => {
      await stage.install({ lid: newLid() });
      stage.issuer.answerRenewals(answer);
      expect(await raised(RENEWALS, { outcome }, () => stage.renew())).toBe(1);
      stage.service.clock.advance(2000);
    });

    it('counts a renewal that there is no license for', async () => {
      expect(await raised(RENEWALS, { outcome: 'license.not-found' }, () => stage.renew())).toBe(1);
    });

    it('counts a renewal that many callers share once', async () => {
      await stage.install({ lid: newLid() });
      const { arrived, release } = stage.issuer.holdRenewals();
      const one = await raised(RENEWALS, { outcome: 'renewed' }, async () => {
        const seen = stage.requests(5);
        const calls = Array.from({ length: 5 }, () => stage.service.post(RENEW, {}));
        await Promise.all([arrived, seen]);
        release();
        expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      });
      expect(one).toBe(1);
    });

    it.each([
      ['license.invalid', () => 'no token'],
      ['license.untrusted', () => stage.issuer.token({ iss: 'https://somebody.example' })],
      ['license.not-active', () => stage.issuer.token({ nbf: stage.now + 1000 })],
      ['license.subject-mismatch', () => stage.issuer.token({ sub: 'https://elsewhere.example/' })],
      ['license.expired', () => stage.issuer.token({ exp: stage.now - 1 })],
    ])('counts an upload that is refused with %s', async (code, token) => {
      expect(await raised(REFUSED, { path: 'upload', code }, () => stage.upload(token()))).toBe(1);
    });

    it('counts an upload that is older than what is stored', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'new' });
      const older = stage.issuer.token({ lid, jti: 'old', iat: stage.now - 5000 });
      expect(
        await raised(REFUSED, { path: 'upload', code: 'license.stale' }, () => stage.upload(older)),
      ).toBe(1);
    });

    it("counts a token of the issuer's answer that is refused", async () => {
      await stage.install({ lid: newLid() });
      stage.issuer.answerRenewals({
        status: 200,
        body: { token: stage.issuer.token({ sub: 'https://elsewhere.example/' }) },
      });
      const labels = { path: 'renewal', code: 'license.subject-mismatch' };
      expect(await raised(REFUSED, labels, () => stage.renew())).toBe(1);
    });

    it('counts a stored token that does not verify any more', async () => {
      await stage.install();
      await stage.change(`UPDATE license SET token = token || 'x', revision = revision + 1`);
      await stage.change('UPDATE snapshot_version SET version = version + 1');
      const now = await eventually((seen) => statuses(seen)[0] === 'invalid');
      expect(now.value(REFUSED, { path: 'stored', code: 'license.invalid' })).toBeGreaterThanOrEqual(1);
    });
  });

  describe('of HTTP', () => {
    it("has each route's pattern once, with anything in the path", async () => {
      const labels = { method: 'GET', route: '/api/serviceaccounts/:id/tokens', status: '404' };
      for (const id of ['4711', '4712', '4713']) await stage.service.get(`/api/serviceaccounts/${id}/tokens`);
      const now = await eventually((seen) => (seen.value(DURATION, labels) ?? 0) >= 3);
      // In names and labels: a figure may have any digits.
      expect(now.text).not.toMatch(/^[^ ]*471[123]/m);
    });

    it('puts paths that are none of ours, and methods that nobody knows, under one name each', async () => {
      const labels = { method: 'other', route: 'unmatched', status: '404' };
      await fetch(`${stage.service.url}/made-up-1?query-made-up`, { method: 'PROPFIND' });
      await fetch(`${stage.service.url}/made-up-2`, { method: 'MKCOL' });
      const now = await eventually((seen) => seen.value(DURATION, labels) === 2);
      expect(now.text).not.toMatch(/made-up|PROPFIND|MKCOL/);
    });

    it('counts a check, and a refused one under its own status', async () => {
      const count = (now: Scrape, status: string) =>
        now.value(DURATION, { method: 'GET', route: CHECK, status }) ?? 0;
      const before = await scrape();
      await stage.service.get(CHECK);
      await stage.service.get(CHECK, { token: null });
      await eventually(
        (now) =>
          count(now, '200') === count(before, '200') + 1 && count(now, '401') === count(before, '401') + 1,
      );
    });

    it.each([
      ['auth.unauthorized', () => stage.service.get(CHECK, { token: null })],
      ['api-key.invalid', () => stage.service.get(CHECK, { token: 'nobody-has-this-token' })],
      ['not-found', () => stage.service.get('/nothing')],
      ['method-not-allowed', () => stage.service.delete(CHECK)],
      ['bad-request', () => stage.service.post(TOKEN, '{')],
      ['license.not-found', () => stage.renew()],
    ])('counts an answer with the code %s', async (code, call) => {
      expect(await raised('licentia_http_errors_total', { code }, call)).toBe(1);
    });

    it('counts callers that may not do what they ask for', async () => {
      const { token } = await stage.service.caller();
      const call = () => stage.service.get(CHECK, { token });
      expect(await raised('licentia_http_errors_total', { code: 'access.denied' }, call)).toBe(1);
    });

    it('has every code from the start', async () => {
      const now = await scrape();
      for (const code of Object.keys(ERROR_CATALOGUE)) {
        expect([code, now.value('licentia_http_errors_total', { code })]).toEqual([code, expect.any(Number)]);
      }
    });

    it('counts what cannot be read as a request', async () => {
      const { hostname, port } = new URL(stage.service.url);
      const say = async (text: string) => {
        const socket = connect(Number(port), hostname);
        socket.write(text);
        socket.resume();
        await hungUp(socket);
      };
      const malformed = 'licentia_http_malformed_requests_total';
      expect(await raised(malformed, { status: '400' }, () => say('nonsense\r\n\r\n'))).toBe(1);
      const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`;
      expect(await raised(malformed, { status: '431' }, () => say(large))).toBe(1);
    });

    it('counts a client that goes away before it has its answer as 499', async () => {
      await stage.install({ lid: newLid() });
      const { arrived, release } = stage.issuer.holdRenewals();
      const gone = new AbortController();
      const call = fetch(`${stage.service.url}${RENEW}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` },
        signal: gone.signal,
      }).catch(() => undefined);
      await arrived;
      gone.abort();
      await call;
      await eventually((now) => now.value(DURATION, { route: RENEW, status: '499' }) === 1);
      release();
      await eventually((now) => statuses(now)[0] === 'valid');
    });
  });

  describe("of the issuer's keys", () => {
    const AGE = 'licentia_key_set_age_seconds';
    const REMAINING = 'licentia_key_set_remaining_seconds';
    const fetches = (now: Scrape, outcome: string) =>
      now.value('licentia_key_set_fetches_total', { outcome }) ?? NaN;

    it('says how old they are and how long they last, over a restart without the issuer too', async () => {
      const before = await eventually((now) => now.value('licentia_key_set_keys', { state: 'usable' }) === 1);
      expect(before.value(AGE)).toBeLessThan(3600);
      stage.issuer.answerKeySet({ status: 500 });
      await stage.restart({ ISSUER_TIMEOUT_MS: '7999' });
      await eventually((now) => fetches(now, 'issuer.bad-response') >= 1);
      stage.service.clock.advance(7200_000);
      const after = await scrape();
      expect(fetches(after, 'ok')).toBe(0);
      expect(after.value(AGE)).toBeGreaterThanOrEqual(7200);
      expect((after.value(AGE) ?? NaN) + (after.value(REMAINING) ?? NaN)).toBeCloseTo(86_400 + 300, 0);
    });

    it('counts the ones that cannot be used', async () => {
      const bad = { kty: 'oct', kid: 'symmetric', k: 'AAAA', alg: 'HS256', use: 'sig' };
      stage.issuer.answerKeySet({ status: 200, body: { keys: [stage.issuer.key.jwk, bad] } });
      await stage.restart({ ISSUER_TIMEOUT_MS: '7998' });
      const now = await eventually((seen) => fetches(seen, 'ok') === 1);
      expect(now.value('licentia_key_set_keys', { state: 'skipped' })).toBe(1);
      expect(now.value('licentia_key_set_keys', { state: 'usable' })).toBe(1);
    });

    it('have no age where none were ever loaded, and no end where they are from a file', async () => {
      await stage.restart({ ISSUER_JWKS_URL: `${stage.issuer.url}/nothing` });
      const none = await eventually((now) => fetches(now, 'issuer.bad-response') >= 1);
      expect(none.value(AGE)).toBeUndefined();
      expect(none.value('licentia_key_set_keys', { state: 'usable' })).toBe(0);
      await stage.restart({ ISSUER_JWKS_PATH: '/there/is/no/such/file' }).catch(() => undefined);
      await eventually((now) => fetches(now, 'file.unreadable') >= 1);
    });
  });

  it('has the age of the truth, and a database that answers', async () => {
    const now = await scrape();
    expect(now.value('licentia_snapshot_age_seconds')).toBeLessThan(30);
    expect(now.value('licentia_ready')).toBe(1);
    await eventually((seen) => seen.value('licentia_database_up') === 1);
  });

  it('tells nothing of a license, a token, an account or a caller', async () => {
    const lid = newLid();
    const token = await stage.install({ lid, company: 'A Company', account: 'account-1', slug: 'slug-1' });
    const caller = await stage.service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    await stage.service.get(CHECK, { token: caller.token });
    await stage.service.get(`/api/serviceaccounts/search?query=${caller.token}`);
    await stage.renew();
    const { text } = await scrape();
    for (const secret of [
      token,
      token.split('.')[1],
      lid,
      'A Company',
      'account-1',
      'slug-1',
      stage.issuer.url,
    ]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toContain(caller.token.slice(0, 20));
    expect(text).not.toContain(BOOTSTRAP_TOKEN);
  });
});

describe('GET /metrics without a database from the start', () => {
  it('answers: the truth is infinitely old, nothing is ready, and it says nothing about a license', async () => {
    const service = await TestService.start({
      location: { kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/nothing' },
      url: 'postgres://nobody@127.0.0.1:1/nothing',
      drop: async () => undefined,
    });
    try {
      const now = await Scrape.of(service.url);
      expect(now.value('licentia_snapshot_age_seconds')).toBe(Infinity);
      expect(now.value('licentia_database_up')).toBe(0);
      expect(now.value('licentia_ready')).toBe(0);
      expect(now.value(STATUS, { status: 'not_loaded' })).toBe(1);
      expect(now.value(STATUS, { status: 'valid' })).toBe(0);
      expect(now.value('licentia_license_remaining_seconds')).toBeUndefined();
    } finally {
      await service.stop();
    }
  });
});
