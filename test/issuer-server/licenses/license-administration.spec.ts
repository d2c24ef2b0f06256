import { IssuerServerError } from '../../../src/issuer-server/issuer-server-error.js';
import type { LicenseAdministration } from '../../../src/issuer-server/licenses/license-administration.js';
import { LicenseRegister } from '../../../src/issuer-server/licenses/license-register.js';
import type { LicenseTerms } from '../../../src/issuer-server/licenses/license-terms.js';
import { judge, LicenseStatus } from '../../../src/domain/license/license.js';
import {
  authenticateLicenseToken,
  verifyRevocationStatement,
} from '../../../src/domain/license/license-token.js';
import { termsOf } from '../../../src/domain/usage/seat-terms.js';
import { verifyLicenseToken } from '../../support/verify-license-token.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, ISSUER_ID, policy, TestIssuerServer } from '../test-issuer-server.js';

let database: TestDatabase;
let issuerServer: TestIssuerServer;
let issuer: LicenseAdministration;

beforeAll(async () => {
  database = await testDatabase('issuer');
  issuerServer = await TestIssuerServer.start(database);
  issuer = issuerServer.running.issuer;
});

afterAll(async () => {
  await issuerServer.stop();
  await database.drop();
});

describe('an issued license', () => {
  it('is valid at once, by the rules of the service', async () => {
    const { token, lid } = await issuer.issue({ sub: INSTANCE });
    const { claims } = await verifyLicenseToken(token, await issuerServer.keySet(), policy, issuerServer.now);
    expect(lid).toMatch(/^[0-9a-f-]{36}$/);
    expect(claims).toMatchObject({ iss: ISSUER_ID, sub: INSTANCE, lid, prod: ['grafana-enterprise'] });
    expect(claims.lexp - claims.iat).toBe(365 * 86_400);
    expect(claims).not.toHaveProperty('company');
    expect(claims).not.toHaveProperty('included_users');
  });

  it('can be found and is in the list', async () => {
    const { lid } = await issuerServer.issued({ company: 'Example' });
    expect(await issuer.find(lid)).toMatchObject({
      lid,
      company: 'Example',
      status: 'active',
      sub: INSTANCE,
    });
    const register = issuerServer.running.application.nest.get(LicenseRegister);
    expect((await register.list()).map(({ license }) => license.lid)).toContain(lid);
    expect(await issuer.find('nothing')).toBeUndefined();
  });

  it('has its products in NFC, as a service that names them has', async () => {
    const { license } = await issuer.issue({ sub: INSTANCE, products: ['cafe\u0301', 'other'] });
    expect(license.prod).toEqual(['caf\u00e9', 'other']);
    const change = { products: ['the\u0301'] };
    expect((await issuer.change(license.lid, change)).license.prod).toEqual(['th\u00e9']);
  });

  it.each([[['a', 'b', 'a']], [['cafe\u0301', 'caf\u00e9']]])(
    'is refused with a product twice: %j',
    async (products) => {
      await expect(issuer.issue({ sub: INSTANCE, products })).rejects.toThrow(/is named more than once\.$/);
      const { lid } = await issuer.issue({ sub: INSTANCE });
      await expect(issuer.change(lid, { products })).rejects.toThrow(IssuerServerError);
    },
  );

  it.each([
    '',
    ' ',
    ' Example',
    'Example ',
    'Exa\u202emple',
    'Exa\u200bmple',
    'Example\u{1d159}',
    'Exa\ufffdmple',
    'a\nb',
  ])('is refused for the company %j', async (company) => {
    await expect(issuer.issue({ sub: INSTANCE, company })).rejects.toThrow(/^The name of the company must /);
    const { lid } = await issuer.issue({ sub: INSTANCE, company: 'Example' });
    await expect(issuer.change(lid, { company })).rejects.toThrow(IssuerServerError);
  });

  it('is not one that is warned of when it is fresh', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 600 });
    const { claims } = await authenticateLicenseToken(token, await issuerServer.keySet());
    expect(claims.tok_exp_warn_days).toBe(0);
  });

  it('of the next term begins when it is said to, and its first token lasts from then on', async () => {
    const starts = issuerServer.now + 30 * 86_400;
    const { token } = await issuerServer.issued({
      starts,
      licenseSeconds: 90 * 86_400,
      tokenSeconds: 7 * 86_400,
    });
    const { claims } = await authenticateLicenseToken(token, await issuerServer.keySet());
    expect(claims).toMatchObject({ nbf: starts, exp: starts + 7 * 86_400, lexp: starts + 90 * 86_400 });
    expect(judge(claims, policy, issuerServer.now).status).toBe(LicenseStatus.Invalid);
    expect(judge(claims, policy, starts).status).toBe(LicenseStatus.Valid);
    const renewed = await issuerServer.renew({ token });
    const next = await authenticateLicenseToken(renewed.body.token, await issuerServer.keySet());
    expect(next.claims).toMatchObject({ nbf: starts, exp: starts + 7 * 86_400 });
    expect(next.claims.iat).toBeGreaterThan(claims.iat);
  });

  it('may have begun before, as long as it has not ended', async () => {
    const starts = issuerServer.now - 86_400;
    const { token } = await issuerServer.issued({ starts, licenseSeconds: 2 * 86_400 });
    const { claims } = await verifyLicenseToken(token, await issuerServer.keySet(), policy, issuerServer.now);
    expect(claims).toMatchObject({ nbf: starts, lexp: starts + 2 * 86_400 });
    await expect(issuerServer.issued({ starts, licenseSeconds: 86_400 })).rejects.toThrow('ended by now');
  });

  it.each<[string, Partial<LicenseTerms>]>([
    ['a beginning after the year 9999', { starts: 253_402_300_800 }],
    ['no root URL', { sub: 'licentia' }],
    ['an id with a space', { lid: 'a b' }],
    ['a company with more than 1 KiB', { company: 'x'.repeat(1025) }],
    ['a NUL', { company: 'a\0' }],
    ['a fraction of a user', { includedUsers: 1.5 }],
    ['an end after the year 9999', { licenseSeconds: 2 ** 38 }],
    [
      'more products than a header has room for',
      { products: Array.from({ length: 20 }, () => 'x'.repeat(1000)) },
    ],
  ])('cannot have %s', async (_, terms) => {
    await expect(issuer.issue({ sub: INSTANCE, ...terms })).rejects.toBeInstanceOf(IssuerServerError);
  });

  it.each([...['', ' ', ' padded', 'padded ', 'a,b', ','], ...['a\u200bb', 'a\u00a0b', 'a\tb', 'a\u2800b']])(
    'cannot have the product %j',
    async (product) => {
      await expect(issuer.issue({ sub: INSTANCE, products: ['fine', product] })).rejects.toThrow(
        /LICENSE_PRODUCTS/,
      );
    },
  );

  it('has its newest token to print again, and a new one when that says former terms or has expired', async () => {
    const { token, lid } = await issuerServer.issued({ tokenSeconds: 3_600 });
    expect((await issuer.token(lid)).token).toBe(token);
    const renewed = (await issuerServer.renew({ token })).body.token as string;
    expect((await issuer.token(lid)).token).toBe(renewed);
    const { lexp } = await issuer.prolong(lid, { days: 1 });
    const prolonged = (await issuer.token(lid)).token;
    const { claims } = await authenticateLicenseToken(prolonged, await issuerServer.keySet());
    expect(claims.lexp).toBe(lexp);
    issuerServer.clock.advance(3_660_000);
    const later = (await issuer.token(lid)).token;
    await verifyLicenseToken(later, await issuerServer.keySet(), policy, issuerServer.now);
    await issuer.suspend(lid);
    await expect(issuer.token(lid)).rejects.toThrow('is suspended');
  });

  it('can be prolonged also with a product of a former release that no new license could have', async () => {
    const { lid } = await issuerServer.issued();
    await issuerServer.query('UPDATE issued_license SET prod = $1 WHERE lid = $2', [
      ['grafana-enterprise', 'a, b'],
      lid,
    ]);
    const before = (await issuer.find(lid))?.lexp ?? 0;
    expect((await issuer.prolong(lid, { days: 1 })).lexp).toBe(before + 86_400);
    await expect(issuer.issue({ sub: INSTANCE, products: ['a, b'] })).rejects.toThrow(/cannot be licensed/);
  });

  it('can be prolonged to a moment, twice as well as once', async () => {
    const { license, lid } = await issuerServer.issued();
    const until = license.lexp + 86_400;
    expect((await issuer.prolong(lid, { until })).lexp).toBe(until);
    expect((await issuer.prolong(lid, { until })).lexp).toBe(until);
    await expect(issuer.prolong(lid, { until: until - 1 })).rejects.toThrow('ends later');
  });

  it('keeps its id to itself', async () => {
    const { lid } = await issuerServer.issued();
    await expect(issuer.issue({ sub: INSTANCE, lid, includedUsers: 1 })).rejects.toThrow(
      'There is a license',
    );
  });

  it('is issued once when the same terms come again with its id, as after a lost answer', async () => {
    const terms = {
      sub: INSTANCE,
      lid: 'repeated',
      includedUsers: 5,
      seatPolicy: { mode: 'report' },
    } as const;
    const calls = await Promise.all([issuer.issue(terms), issuer.issue(terms), issuer.issue(terms)]);
    expect(new Set(calls.map(({ token }) => token)).size).toBe(1);
    issuerServer.clock.advance(60_000);
    await issuer.change('repeated', { includedUsers: 9 });
    const { token, license } = await issuer.issue({ ...terms, seatPolicy: { mode: 'report' } });
    const { claims } = await authenticateLicenseToken(token, await issuerServer.keySet());
    expect([claims.included_users, license.includedUsers]).toEqual([9, 9]);
    await issuer.suspend('repeated');
    await expect(issuer.issue(terms)).rejects.toThrow('"repeated" is suspended');
    const { nest } = issuerServer.running.application;
    const kinds = (await nest.get(LicenseRegister).historyOf('repeated')).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'issued')).toHaveLength(1);
  });

  it('says everything about seats that the service reads', async () => {
    const seatPolicy = { mode: 'tolerance', tolerance_percent: 10, window: 'calendar-month', leave: 'free' };
    const { token, lid } = await issuerServer.issued({
      ...{ includedAdmins: 3, includedViewers: 0, anonymousRatio: 3, maxSessions: 2, usageBilling: true },
      seatPolicy: seatPolicy as LicenseTerms['seatPolicy'],
    });
    const { claims } = await authenticateLicenseToken(token, await issuerServer.keySet());
    expect(claims).toMatchObject({
      ...{ included_admins: 3, included_viewers: 0, anonymousRatio: 3, max_concurrent_user_sessions: 2 },
      ...{ usage_billing: true, seat_policy: seatPolicy },
    });
    expect(claims).not.toHaveProperty('included_users');
    // The same as in the database.
    expect((await issuer.token(lid)).token).toBe(token);
    await issuer.change(lid, {
      ...{ includedAdmins: null, includedViewers: null, includedUsers: 8, anonymousRatio: null },
      ...{ maxSessions: null, usageBilling: false, seatPolicy: { tolerance_percent: 20 } },
    });
    const changed = await authenticateLicenseToken(
      (await issuer.token(lid)).token,
      await issuerServer.keySet(),
    );
    expect(termsOf(changed.claims)).toMatchObject({
      ...{ anonymousRatio: 0, maxSessions: 0, pools: [{ limit: 8 }], policyFaults: [] },
      policy: { mode: 'tolerance', tolerancePercent: 20, window: 'calendar-month', leave: 'free' },
    });
    await issuer.change(lid, { seatPolicy: null });
    const last = await authenticateLicenseToken((await issuer.token(lid)).token, await issuerServer.keySet());
    expect(last.claims).not.toHaveProperty('seat_policy');
    const { nest } = issuerServer.running.application;
    expect((await nest.get(LicenseRegister).historyOf(lid)).at(-2)).toMatchObject({
      kind: 'changed',
      detail: { seat_policy: { now: null } },
    });
  });

  it.each<[string, Partial<LicenseTerms>, RegExp]>([
    ['a mode', { seatPolicy: { mode: 'strict' as never } }, /seat_policy\.mode must be one of/],
    ['a tolerance', { seatPolicy: { tolerance_percent: 1001 } }, /seat_policy\.tolerance_percent must be/],
    ['a member', { seatPolicy: { seats: 5 } as never }, /seat_policy\.seats is not known/],
    ['a count', { includedViewers: 2 ** 31 }, /"included_viewers" must be/],
    [
      'two kinds of limits',
      { includedUsers: 5, includedAdmins: 1 },
      /one limit for all users, or limits by role/,
    ],
  ])('cannot have %s that no service would follow', async (_, terms, message) => {
    await expect(issuer.issue({ sub: INSTANCE, ...terms })).rejects.toThrow(message);
    const { lid } = await issuer.issue({ sub: INSTANCE });
    await expect(issuer.change(lid, terms)).rejects.toThrow(message);
    expect((await issuer.find(lid))?.seatPolicy).toBeNull();
  });
});

describe('a suspended license', () => {
  it('gets no tokens until it is resumed', async () => {
    const { token, lid } = await issuerServer.issued();
    expect(await issuer.suspend(lid)).toMatchObject({ status: 'suspended' });
    expect(await issuerServer.renew({ token })).toMatchObject({
      status: 403,
      body: { code: 'license_suspended', message: expect.any(String) },
    });
    await issuer.resume(lid);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  it('does not get the token of an earlier renewal again', async () => {
    const { token, lid } = await issuerServer.issued();
    await issuerServer.renew({ token, key: 'before' });
    await issuer.suspend(lid);
    expect((await issuerServer.renew({ token, key: 'before' })).status).toBe(403);
  });
});

describe('a revoked license', () => {
  it('is answered with a statement that covers every token of it', async () => {
    const { token, lid } = await issuerServer.issued();
    // Several at once, so that the last token lies ahead.
    const renewed = await Promise.all(Array.from({ length: 6 }, () => issuerServer.renew({ token })));
    await issuer.revoke(lid);
    const { status, body } = await issuerServer.renew({ token });
    expect({ status, body }).toEqual({
      status: 410,
      body: { code: 'license_revoked', message: expect.any(String), statement: expect.any(String) },
    });
    const keySet = await issuerServer.keySet();
    const revocation = await verifyRevocationStatement(body.statement, keySet, policy, issuerServer.now);
    expect(revocation).toMatchObject({ iss: ISSUER_ID, lid });
    const tokens = [
      token,
      ...renewed.filter((reply) => reply.status === 200).map((reply) => reply.body.token),
    ];
    for (const given of tokens) {
      const { claims } = await authenticateLicenseToken(given, keySet);
      expect(judge(claims, policy, issuerServer.now, revocation.iat).status).toBe(LicenseStatus.Invalid);
    }
  });

  it('is not revoked anew by a second word', async () => {
    const { lid } = await issuerServer.issued();
    const { revokedAt } = await issuer.revoke(lid);
    issuerServer.clock.advance(60_000);
    expect(await issuer.revoke(lid)).toMatchObject({ revokedAt });
  });

  it('cannot be suspended', async () => {
    const { lid } = await issuerServer.issued();
    await issuer.revoke(lid);
    await expect(issuer.suspend(lid)).rejects.toBeInstanceOf(IssuerServerError);
  });

  it('gets a token that is newer than the revocation when it is resumed, also under an old key', async () => {
    const { token, lid } = await issuerServer.issued();
    await issuerServer.renew({ token, key: 'old' });
    const { revokedAt } = await issuer.revoke(lid);
    await issuer.resume(lid);
    const { status, body } = await issuerServer.renew({ token, key: 'old' });
    expect(status).toBe(200);
    const { claims } = await authenticateLicenseToken(body.token, await issuerServer.keySet());
    expect(judge(claims, policy, issuerServer.now, revokedAt ?? 0).status).toBe(LicenseStatus.Valid);
  });

  it('is no license token itself', async () => {
    const { token, lid } = await issuerServer.issued();
    await issuer.revoke(lid);
    const { body } = await issuerServer.renew({ token });
    expect((await issuerServer.renew({ token: body.statement })).status).toBe(401);
  });
});

describe('a license that there is none of', () => {
  it.each(['suspend', 'resume', 'revoke'] as const)('cannot be changed by %s', async (command) => {
    await expect(issuer[command]('nothing')).rejects.toThrow('There is no license "nothing".');
  });
});
