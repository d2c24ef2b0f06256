import { LicenseHistoryStore } from '../../../src/issuer-server/licenses/license-history.store.js';
import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import { Database } from '../../../src/database/database.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, TestIssuerServer } from '../test-issuer-server.js';

let database: TestDatabase;
let issuerServer: TestIssuerServer;
let register: LicenseRegister;

beforeAll(async () => {
  database = await testDatabase('issuer');
  issuerServer = await TestIssuerServer.start(database);
  register = issuerServer.running.application.nest.get(LicenseRegister);
});

afterAll(async () => {
  await issuerServer.stop();
  await database.drop();
});

const kinds = async (lid: string) => (await register.historyOf(lid)).map(({ kind }) => kind);

describe('a change of a license', () => {
  it('comes with the next renewal, at once and in every term', async () => {
    const { token, lid } = await issuerServer.issued({ includedUsers: 50, tokenSeconds: 7 * 86_400 });
    const first = await issuerServer.renew({ token });
    await issuerServer.running.issuer.change(lid, {
      includedUsers: 80,
      products: ['grafana-enterprise', 'reports'],
      company: 'Müller & Söhne',
      expires: issuerServer.now + 3 * 86_400,
      updateDays: 2,
    });
    const renewed = await issuerServer.renew({ token: first.body.token });
    expect(renewed.status).toBe(200);
    const { claims } = await authenticateLicenseToken(renewed.body.token, await issuerServer.keySet());
    expect(claims).toMatchObject({
      lid,
      included_users: 80,
      prod: ['grafana-enterprise', 'reports'],
      company: 'Müller & Söhne',
      update_days: 2,
    });
    // The token ends with the license.
    expect(claims.lexp).toBeLessThanOrEqual(issuerServer.now + 3 * 86_400);
    expect(claims.exp).toBe(claims.lexp);
  });

  it('is refused by the rules of a new license, and then nothing is recorded', async () => {
    const { lid, license } = await issuerServer.issued();
    for (const [change, words] of [
      [{ products: [' padded'] }, /cannot be licensed/],
      [{ products: [] }, /No instance would take this license/],
      [{ company: 'x'.repeat(2_000) }, /No license can have these terms/],
      [{ tokenWarnDays: 999_999_999_999 }, /No license can have these terms/],
      [{ expires: 1 }, /would have ended by now/],
    ] as const) {
      await expect(issuerServer.running.issuer.change(lid, change)).rejects.toThrow(words);
    }
    expect(await kinds(lid)).toEqual(['issued']);
    expect((await register.show(lid)).license).toMatchObject({ prod: license.prod, company: null });
    await expect(issuerServer.running.issuer.change('nothing', {})).rejects.toThrow('no license "nothing"');
  });

  it('does not happen without its record', async () => {
    const { lid } = await issuerServer.issued({ includedUsers: 5 });
    await issuerServer.query(
      `ALTER TABLE license_event ADD CONSTRAINT no_change CHECK (kind <> 'changed') NOT VALID`,
    );
    try {
      await expect(issuerServer.running.issuer.change(lid, { includedUsers: 6 })).rejects.toThrow(
        /no_change/,
      );
      expect((await register.show(lid)).license.includedUsers).toBe(5);
    } finally {
      await issuerServer.query('ALTER TABLE license_event DROP CONSTRAINT no_change');
    }
  });

  it('that changes nothing is no event', async () => {
    const { lid } = await issuerServer.issued({ includedUsers: 5 });
    expect(await issuerServer.running.issuer.change(lid, { includedUsers: 5 })).toMatchObject({
      isChanged: false,
    });
    await issuerServer.running.issuer.suspend(lid);
    await issuerServer.running.issuer.suspend(lid);
    expect(await kinds(lid)).toEqual(['issued', 'suspended']);
  });
});

describe('the history of a license', () => {
  it('has every event with its moment, its token and who caused it', async () => {
    const { issuer } = issuerServer.running;
    const { token, lid } = await issuerServer.issued();
    const renewed = await issuerServer.renew({ token, body: { instance: INSTANCE, version: '2.3.4' } });
    await issuerServer.renew({ token: renewed.body.token, body: { instance: INSTANCE, version: '2.3.4' } });
    await issuer.change(lid, { includedUsers: 9 });
    await issuer.token(lid);
    await issuer.prolong(lid, { days: 10 });
    await issuer.suspend(lid);
    await issuer.resume(lid);
    await issuer.revoke(lid);
    const events = await register.historyOf(lid);
    expect(events.map(({ kind, jti }) => [kind, jti !== null])).toEqual([
      ...[
        ['issued', true],
        ['renewed', true],
        ['changed', false],
        ['token', true],
        ['prolonged', false],
      ],
      ...[
        ['suspended', false],
        ['resumed', false],
        ['revoked', false],
      ],
    ]);
    const { claims } = await authenticateLicenseToken(renewed.body.token, await issuerServer.keySet());
    expect(events[1]).toMatchObject({
      actor: null,
      instance: INSTANCE,
      version: '2.3.4',
      jti: claims.jti,
      iat: claims.iat,
      exp: claims.exp,
    });
    expect(events[2]).toMatchObject({ detail: { included_users: { before: null, now: 9 } }, instance: null });
    expect(events[2]?.actor).toMatch(/\S/);
    expect(Math.abs((events[1]?.at.getTime() ?? 0) / 1000 - claims.iat)).toBeLessThan(10);
  });

  it('tells a real renewal from a revocation', async () => {
    const { token, lid } = await issuerServer.issued();
    const before = await register.show(lid);
    expect(before).toMatchObject({ lastRenewal: null, nextEnd: before.lastToken?.exp });
    const { body } = await issuerServer.renew({ token, body: { instance: INSTANCE, version: '1.0.0' } });
    const { claims } = await authenticateLicenseToken(body.token, await issuerServer.keySet());
    issuerServer.clock.advance(3_600_000);
    await issuerServer.running.issuer.revoke(lid);
    expect(await register.show(lid)).toMatchObject({
      lastToken: { iat: claims.iat, exp: claims.exp },
      lastRenewal: { instance: INSTANCE, version: '1.0.0' },
      nextEnd: null,
    });
  });

  it('keeps a hundred renewals, and what the retirement of a key has to know', async () => {
    const { nest } = issuerServer.running.application;
    const { lid } = await issuerServer.issued();
    // A token of an earlier key that lasts longest, then many of the present one.
    await issuerServer.query(
      `INSERT INTO license_event (lid, at, kind, jti, kid, iat, exp)
       SELECT $1, now(), 'renewed', n::text, CASE WHEN n = 1 THEN 'former' ELSE 'present' END, n, 9000000000 + n
       FROM generate_series(1, 300) AS n`,
      [lid],
    );
    const token = (await issuerServer.running.issuer.token(lid)).token;
    issuerServer.clock.advance(120_000);
    expect((await issuerServer.renew({ token })).status).toBe(200);
    const events = await register.historyOf(lid);
    const renewals = events.filter(({ kind }) => kind === 'renewed');
    expect(renewals.map(({ iat }) => iat).slice(0, 3)).toEqual([1, 202, 203]);
    expect(renewals).toHaveLength(101);
    const use = await nest
      .get(Database)
      .read((manager) => nest.get(LicenseHistoryStore).useOf(manager, 'former', issuerServer.now));
    expect(use).toEqual({ licenses: 1, until: 9_000_000_001 });
  });

  it.each(['\0', '\ud800'])('takes no version that cannot be stored: %j', async (text) => {
    const { token } = await issuerServer.issued();
    const { status, body } = await issuerServer.renew({ token, body: { instance: INSTANCE, version: text } });
    expect([status, body.messageId]).toEqual([400, 'bad-request']);
  });
});
