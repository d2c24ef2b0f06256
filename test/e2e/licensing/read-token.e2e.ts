import { outcome, shareStage, type Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const DAY = 86_400;

/** What is shown when there is nothing to show. */
const NOTHING = {
  status: 4,
  jti: '',
  iss: '',
  sub: '',
  iat: 0,
  exp: 0,
  nbf: 0,
  lexp: 0,
  lid: '',
  limit_by: '',
  included_users: 0,
  lic_exp_warn_days: 0,
  tok_exp_warn_days: 0,
  update_days: 0,
  prod: null,
  company: '',
  account: '',
  slug: '',
  details_url: '',
  max_concurrent_user_sessions: 0,
  trial: false,
  trial_exp: 0,
  anonymousRatio: 0,
  usage_billing: false,
};

describe('GET /api/licensing/token', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  it('shows status 4 and zero for everything else where there is no license', async () => {
    const reply = await stage.service.get(TOKEN);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.body).toEqual(NOTHING);
  });

  it('shows every claim of the license as it is, and the two of the older generation with them', async () => {
    const claims = stage.issuer.claims({ company: 'Übergröße & Söhne ✓', trial: true, usage_billing: true });
    await stage.install(claims);
    expect(await stage.shown()).toEqual({ ...claims, status: 1 });
  });

  it('shows zero for every claim that the license does not carry, and leaves out the two older ones', async () => {
    const { iss, sub, jti, lid, iat, exp, lexp, prod } = stage.issuer.claims();
    const required = { iss, sub, jti, lid, iat, exp, lexp, prod } as const;
    const absent = Object.fromEntries(Object.keys(stage.issuer.claims()).map((name) => [name, undefined]));
    await stage.install({ ...absent, ...required });
    expect(await stage.shown()).toEqual({ ...NOTHING, ...required, status: 1 });
  });

  it('shows each of the two older claims when the license carries it, also as zero', async () => {
    await stage.install({ included_admins: 0, included_viewers: undefined });
    const shown = await stage.shown();
    expect(shown.included_admins).toBe(0);
    expect(shown).not.toHaveProperty('included_viewers');
  });

  it('shows update_days 0 as 0, though it counts as one day', async () => {
    await stage.install({ update_days: 0 });
    expect((await stage.shown()).update_days).toBe(0);
  });

  it('shows several products in their order', async () => {
    await stage.install({ prod: ['other-product', 'grafana-enterprise', 'third-product'] });
    expect((await stage.shown()).prod).toEqual(['other-product', 'grafana-enterprise', 'third-product']);
  });

  it('never shows the signed token, nor a part of it, nor a claim that the API does not know', async () => {
    const token = await stage.install({ internal_note: 'a claim of its own' });
    const { text } = await stage.service.get(TOKEN);
    for (const part of token.split('.')) expect(text).not.toContain(part);
    expect(text).not.toContain('internal_note');
    expect(text).not.toContain('signing');
  });

  it('shows status 5 from the second in which the token expires, and the license stays visible', async () => {
    const exp = stage.now + 100;
    await stage.install({ exp, lexp: exp + 1000 });
    stage.service.clock.set((exp - 1) * 1000);
    expect(await stage.verdict()).toEqual([true, 1]);
    stage.service.clock.set(exp * 1000);
    expect(await stage.verdict()).toEqual([false, 5]);
    expect((await stage.shown()).exp).toBe(exp);
  });

  it('shows status 5 from the second in which the license expires, though the token has not', async () => {
    const lexp = stage.now + 100;
    await stage.install({ lexp, exp: lexp + 1000 });
    stage.service.clock.set((lexp - 1) * 1000);
    expect(await stage.verdict()).toEqual([true, 1]);
    stage.service.clock.set(lexp * 1000);
    expect(await stage.verdict()).toEqual([false, 5]);
  });

  it.each(['nbf', 'iat'])(
    'shows status 3 while %s lies more than 10 s ahead, as after a step of the clock',
    async (claim) => {
      const start = stage.now;
      await stage.install({ nbf: start - 5000, iat: start - 5000, [claim]: start });
      stage.service.clock.set((start - 10) * 1000);
      expect(await stage.verdict()).toEqual([true, 1]);
      stage.service.clock.set((start - 12) * 1000);
      expect(await stage.verdict()).toEqual([false, 3]);
      stage.service.clock.set(start * 1000);
      expect(await stage.verdict()).toEqual([true, 1]);
    },
  );

  it.each([
    {
      what: 'status 6 where the root URL is another',
      changes: { ROOT_URL: 'http://localhost:3001/' },
      status: 6,
    },
    {
      what: 'status 3 where the issuer is another',
      changes: { ISSUER_ID: 'https://other.example.com' },
      status: 3,
    },
    {
      what: 'status 3 where the product is another',
      changes: { LICENSE_PRODUCTS: 'other-product' },
      status: 3,
    },
    {
      what: 'status 3 where the issuer and the root URL are others: the issuer comes first',
      changes: { ISSUER_ID: 'https://other.example.com', ROOT_URL: 'http://localhost:3001/' },
      status: 3,
    },
    {
      what: 'status 1 where the root URL is the same in another form, and the product is one of several',
      changes: { ROOT_URL: 'HTTP://LOCALHOST:3000', LICENSE_PRODUCTS: 'other-product, grafana-enterprise' },
      status: 1,
    },
  ])('shows $what, and the claims all the same', async ({ changes, status }) => {
    const claims = stage.issuer.claims();
    await stage.install(claims);
    await stage.restart(changes);
    expect(await stage.verdict()).toEqual([status === 1, status]);
    expect(await stage.shown()).toEqual({ ...claims, status });
    await stage.restart();
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('names the first rule that fails: the root URL before the expiry, the expiry before the product', async () => {
    await stage.install({ exp: stage.now + 100 });
    await stage.restart({ ROOT_URL: 'http://localhost:3001/' });
    stage.service.clock.advance(DAY * 1000);
    expect(await stage.verdict()).toEqual([false, 6]);
    await stage.restart({ LICENSE_PRODUCTS: 'other-product' });
    stage.service.clock.advance(DAY * 1000);
    expect(await stage.verdict()).toEqual([false, 5]);
  });

  it('is answered to HEAD with the headers of GET and no body', async () => {
    await stage.install();
    const get = await stage.service.get(TOKEN);
    const head = await stage.service.call('HEAD', TOKEN);
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBe(Buffer.byteLength(get.text));
    for (const name of ['content-type', 'cache-control', 'x-content-type-options', 'x-frame-options']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  it('needs the action licensing:read and no more', async () => {
    expect(outcome(await stage.service.get(TOKEN, { token: null }))).toEqual([401, 'auth.unauthorized']);
    const nobody = await stage.service.caller();
    const denied = await stage.service.get(TOKEN, { token: nobody.token });
    expect(denied.status).toBe(403);
    expect(denied.body.message).toContain('licensing:read');
    const reader = await stage.service.caller(READER);
    expect((await stage.service.get(TOKEN, { token: reader.token })).status).toBe(200);
  });
});
