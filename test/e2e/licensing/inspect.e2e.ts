import type { Overrides } from '../../support/tokens.js';
import { newLid } from '../../support/tokens.js';
import { outcome, shareStage, type Stage, TOKEN } from './stage.js';

const INSPECT = '/api/licensing/token/inspect';
const DAY = 86_400;

describe('Inspecting a token', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  const inspect = async (claims: Overrides) =>
    (await stage.service.post(INSPECT, { token: stage.issuer.token(claims) })).body;

  it('says what it is and that it would be accepted, and stores nothing', async () => {
    const lid = newLid();
    const row = await stage.row();
    const answer = await inspect({ lid, included_users: 50 });
    expect(answer).toMatchObject({
      accepted: true,
      outcome: 'install',
      code: null,
      requiresAcknowledge: false,
      license: { status: 1, lid, included_users: 50 },
      kid: stage.issuer.key.kid,
      alg: 'ES256',
      changes: [],
    });
    expect(await stage.row()).toBe(row);
    expect((await stage.audit()).filter(({ target }) => target === `license:${lid}`)).toEqual([]);
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it('says in what it differs from the active license', async () => {
    const lexp = stage.now + 300 * DAY;
    await stage.install({ lid: 'a', included_users: 50, prod: ['grafana-enterprise', 'more'], lexp });
    const answer = await inspect({ lid: 'b', included_users: 40, lexp: lexp + DAY });
    expect(answer.changes).toEqual(
      expect.arrayContaining([
        { member: 'lid', before: 'a', after: 'b', takesAway: false },
        {
          member: 'prod',
          before: ['grafana-enterprise', 'more'],
          after: ['grafana-enterprise'],
          takesAway: true,
        },
        { member: 'included_users', before: 50, after: 40, takesAway: true },
        { member: 'lexp', before: lexp, after: lexp + DAY, takesAway: false },
      ]),
    );
    expect(answer).toMatchObject({ accepted: true, requiresAcknowledge: false });
  });

  it.each<[string, (stage: Stage) => Overrides, string, string]>([
    ['has expired', ({ now }) => ({ exp: now - 1 }), 'refused', 'license.expired'],
    ['is for another instance', () => ({ sub: 'https://x.example/' }), 'refused', 'license.subject-mismatch'],
    ['is by another issuer', () => ({ iss: 'https://x.example' }), 'refused', 'license.untrusted'],
    ['was made in the future', ({ now }) => ({ iat: now + 60 }), 'refused', 'license.not-active'],
  ])('says that one that %s would be refused, and still what it is', async (_, claims, outcome, code) => {
    const lid = newLid();
    const answer = await inspect({ lid, ...claims(stage) });
    expect(answer).toMatchObject({ accepted: false, outcome, code, license: { lid } });
    expect(answer.license.status).not.toBe(1);
    const upload = await stage.upload(stage.issuer.token({ lid, ...claims(stage) }));
    expect(upload.body).toMatchObject({ messageId: code, message: answer.message });
  });

  it.each<[string, () => string, string]>([
    ['no token', () => 'nonsense', 'license.invalid'],
    [
      'a token with a broken signature',
      () => `${stage.issuer.token().slice(0, -8)}AAAAAAAA`,
      'license.untrusted',
    ],
    ['a revocation', () => stage.issuer.statement({ lid: 'x' }), 'license.invalid'],
    ['too long a token', () => 'a'.repeat(17_000), 'license.invalid'],
  ])('says of %s nothing but why it would be refused', async (_, token, code) => {
    const { body, status } = await stage.service.post(INSPECT, { token: token() });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      accepted: false,
      outcome: 'refused',
      code,
      license: null,
      kid: null,
      changes: [],
    });
  });

  it('knows what is stored already, and what is older', async () => {
    const lid = newLid();
    const token = await stage.install({ lid, jti: 'one', iat: stage.now - 10 });
    const again = (await stage.service.post(INSPECT, { token })).body;
    expect(again).toMatchObject({ accepted: true, outcome: 'unchanged', changes: [] });
    const older = await inspect({ lid, jti: 'zero', iat: stage.now - 20 });
    expect(older).toMatchObject({ accepted: false, outcome: 'stale', code: 'license.stale' });
  });

  it('says of a license of the next term that it could wait', async () => {
    const nbf = stage.now + DAY;
    const answer = await inspect({ lid: newLid(), nbf, exp: nbf + DAY, lexp: nbf + DAY });
    expect(answer).toMatchObject({
      accepted: true,
      outcome: 'queue',
      code: 'license.not-active',
      license: { status: 3 },
    });
  });

  it('says that one would not be active beside a fresher one of another source, and how it differs from that', async () => {
    const [text, older] = [newLid(), newLid()];
    const fresh = { lid: text, iat: stage.now, included_users: 50 };
    await stage.restart({ LICENSE_TEXT: stage.issuer.token(fresh) });
    const claims = { lid: older, iat: stage.now - 60, included_users: 40 };
    const answer = await inspect(claims);
    expect(answer).toMatchObject({
      accepted: true,
      outcome: 'install',
      code: null,
      requiresAcknowledge: false,
    });
    expect(answer.message).toBe(
      'The license would be installed, but would not be active: the license of the text is fresher.',
    );
    expect(answer.changes).toEqual(
      expect.arrayContaining([
        { member: 'lid', before: text, after: older, takesAway: false },
        { member: 'included_users', before: 50, after: 40, takesAway: true },
      ]),
    );
    expect((await stage.upload(stage.issuer.token(claims))).status).toBe(200);
    expect((await stage.shown()).lid).toBe(text);
    const nbf = stage.now + 20;
    const next = await inspect({ ...claims, lid: newLid(), nbf });
    expect(next.message).toContain('would not be active then: the license of the text is fresher.');
  });

  it('says that a revoked license would be refused', async () => {
    const lid = newLid();
    await stage.install({ lid, jti: 'one', iat: stage.now - 100 });
    const statement = stage.issuer.statement({ lid, iat: stage.now - 50 });
    stage.issuer.answerRenewals({ status: 410, body: { code: 'license_revoked', statement } });
    await stage.renew();
    const answer = await inspect({ lid, jti: 'two', iat: stage.now - 60 });
    expect(answer).toMatchObject({ accepted: false, outcome: 'refused', code: 'license.invalid' });
  });

  it('is for every reader, and takes a token alone', async () => {
    const reader = await stage.service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const token = stage.issuer.token();
    expect((await stage.service.post(INSPECT, { token }, { token: reader.token })).status).toBe(200);
    expect(outcome(await stage.service.post(INSPECT, { token, queue: true }))).toEqual([400, 'bad-request']);
    expect(outcome(await stage.service.post(INSPECT, {}))).toEqual([400, 'bad-request']);
  });
});

describe('An install that takes something away, with INSTALL_REQUIRE_ACKNOWLEDGE', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened), { INSTALL_REQUIRE_ACKNOWLEDGE: 'true' });

  const LESS = { lid: 'less', included_users: 40 };
  const post = async (claims: Overrides, more = {}) =>
    stage.service.post(TOKEN, { token: stage.issuer.token(claims), ...more });

  it('is refused with the list of what it takes away, and accepted once that is acknowledged', async () => {
    await stage.install({ lid: 'more', included_users: 50 });
    const row = await stage.row();
    const refused = await post(LESS);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        messageId: 'license.acknowledge-required',
        statusCode: 409,
        error: 'It takes something away: included_users.',
        changes: [{ member: 'included_users', before: 50, after: 40, takesAway: true }],
      },
    });
    expect(await stage.row()).toBe(row);
    expect(outcome(await post(LESS, { acknowledge: false }))).toEqual([409, 'license.acknowledge-required']);
    expect(await post(LESS, { acknowledge: true })).toMatchObject({
      status: 200,
      body: { included_users: 40 },
    });
  });

  it('is told by an inspection beforehand', async () => {
    await stage.install({ lid: 'more', included_users: 50 });
    const { body } = await stage.service.post('/api/licensing/token/inspect', {
      token: stage.issuer.token(LESS),
    });
    expect(body).toMatchObject({
      accepted: true,
      outcome: 'install',
      code: 'license.acknowledge-required',
      requiresAcknowledge: true,
    });
    expect(body.message).toBe(
      'The license would be installed. It takes something away: included_users. This needs "acknowledge": true.',
    );
    const { body: expired } = await stage.service.post('/api/licensing/token/inspect', {
      token: stage.issuer.token({ ...LESS, exp: stage.now - 1 }),
    });
    expect(expired).toMatchObject({ outcome: 'refused', requiresAcknowledge: false });
  });

  it('needs none beside a fresher license of another source, which stays active', async () => {
    await stage.restart({
      INSTALL_REQUIRE_ACKNOWLEDGE: 'true',
      LICENSE_TEXT: stage.issuer.token({ lid: 'more', included_users: 50, iat: stage.now }),
    });
    expect((await post({ ...LESS, iat: stage.now - 60 })).status).toBe(200);
  });

  it('needs none where it takes nothing away, or nothing valid is there', async () => {
    expect((await post(LESS)).status).toBe(200);
    expect((await post({ ...LESS, lid: 'more', included_users: 50 })).status).toBe(200);
    stage.service.clock.advance(400 * DAY * 1000);
    const now = stage.now;
    const fresh = { iat: now - 1, exp: now + DAY, lexp: now + DAY };
    expect((await post({ ...LESS, ...fresh, included_users: 1 })).status).toBe(200);
  });

  it('needs one for what waits as well', async () => {
    await stage.install({ lid: 'more', included_users: 50 });
    const nbf = stage.now + DAY;
    const next = { ...LESS, nbf, exp: nbf + 300 * DAY, lexp: nbf + 900 * DAY };
    expect(outcome(await post(next, { queue: true }))).toEqual([409, 'license.acknowledge-required']);
    expect((await post(next, { queue: true, acknowledge: true })).status).toBe(200);
  });

  it('is verified and compared first: nobody acknowledges a stale or a false token', async () => {
    await stage.install({ lid: 'more', included_users: 50, iat: stage.now - 5, jti: 'new' });
    const stale = { lid: 'more', included_users: 1, iat: stage.now - 50, jti: 'old' };
    expect(outcome(await post(stale))).toEqual([409, 'license.stale']);
    expect(outcome(await post({ ...LESS, exp: stage.now - 1 }))).toEqual([400, 'license.expired']);
  });

  it('asks nothing of a renewal: the issuer decides about its terms', async () => {
    const lid = newLid();
    await stage.install({ lid, included_users: 50, iat: stage.now - 100, jti: 'one' });
    const token = stage.issuer.token({ lid, included_users: 40, iat: stage.now - 10, jti: 'two' });
    stage.issuer.answerRenewals({ status: 200, body: { token } });
    expect((await stage.renew()).body).toMatchObject({ included_users: 40 });
  });
});
