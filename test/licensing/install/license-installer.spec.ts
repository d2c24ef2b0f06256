import { ServiceError } from '../../../src/domain/service-error.js';
import { LicenseStatus } from '../../../src/domain/license/license.js';
import { LicenseInstaller } from '../../../src/licensing/install/license-installer.js';
import type { LicenseState } from '../../../src/licensing/license/license-reader.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';
import { createKey, encode, newLid, type Overrides, sign } from '../../support/tokens.js';

const MINUTE_MS = 60_000;
/** The order of the group that ES256 signs in (FIPS 186-4, D.1.2.3). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A token that has to be refused, made when the issuer is there. */
interface Refusal {
  readonly what: string;
  readonly token: (stage: LicensingStage) => string;
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

describe('LicenseInstaller', () => {
  let stage: LicensingStage;
  shareLicensingStage((shared) => (stage = shared));

  const upload = async (token: string): Promise<LicenseState> =>
    stage.get(LicenseInstaller).install(ACTOR, token, { queue: false, acknowledge: false });
  /** The code with which a token is refused, and the sentence. Fails when it is taken. */
  const refused = async (token: string): Promise<[code: string, sentence: string]> => {
    const error = await upload(token).then(
      () => new Error('the token was taken'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof ServiceError)) throw error;
    return [error.code, error.message];
  };
  const row = async () =>
    (await stage.query<{ row: string }>('SELECT license::text AS row FROM license'))[0]?.row;
  const records = async () => stage.query('SELECT * FROM audit_event ORDER BY id');

  it.each(['JWT', 'license+jwt'])('takes a token of the type %s', async (typ) => {
    const token = sign({ key: stage.issuer.key, claims: stage.issuer.claims(), header: { typ } });
    expect((await upload(token)).status).toBe(LicenseStatus.Valid);
  });

  it.each(['nbf', 'iat'])('takes an %s that lies 10 s ahead, as clocks differ', async (claim) => {
    const token = stage.issuer.token({ lid: newLid(), [claim]: stage.now + 10 });
    expect((await upload(token)).status).toBe(LicenseStatus.Valid);
  });

  it.each(['HTTP://LOCALHOST:3000', 'http://localhost:3000'])(
    'takes the root URL %s as its own',
    async (sub) => {
      expect(await upload(stage.issuer.token({ sub }))).toMatchObject({ status: 1, claims: { sub } });
    },
  );

  it('takes claims that it does not know, and tells licenses apart by them', async () => {
    const lid = newLid();
    const now = { iat: stage.now - 60, exp: stage.now + 3600 };
    await stage.install({ lid, jti: 'a', ...now, own: { deep: [1, null] } });
    const changed = await refused(stage.issuer.token({ lid, jti: 'a', ...now, own: { deep: [2, null] } }));
    expect(changed[0]).toBe('license.stale');
  });

  describe('refuses a token', () => {
    it.each(REFUSALS)('with $what ($code), and changes and records nothing', async ({ token, code }) => {
      await stage.install({ lid: newLid() });
      const before = [await row(), await records()];
      const [refusal, sentence] = await refused(token(stage));
      expect(refusal).toBe(code);
      expect(sentence).toMatch(/^The [^\n]+\.$/);
      expect([await row(), await records()]).toEqual(before);
      expect(stage.state.status).toBe(LicenseStatus.Valid);
    });

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
      const before = await row();
      expect(await refused(spoil(token))).toEqual(['license.invalid', sentence]);
      expect(await row()).toBe(before);
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
      expect(await refused(padded(length + 1, more))).toEqual([
        'license.invalid',
        expect.stringContaining('16384'),
      ]);
      expect((await upload(padded(length, more))).status).toBe(LicenseStatus.Valid);
    });
  });

  describe('beside a stored license', () => {
    it('calls a token of the same iat older when its exp is smaller, and no other', async () => {
      const lid = newLid();
      const [iat, exp] = [stage.now - 60, stage.now + 3600];
      await stage.install({ lid, jti: 'a', iat, exp });
      expect((await refused(stage.issuer.token({ lid, jti: 'b', iat, exp: exp - 1 })))[0]).toBe(
        'license.stale',
      );
      await stage.install({ lid, jti: 'c', iat, exp });
      expect(stage.state.claims?.jti).toBe('c');
      await stage.install({ lid, jti: 'd', iat, exp: exp + 1 });
      expect(stage.state.claims?.jti).toBe('d');
      // The iat decides, not the exp.
      await stage.install({ lid, jti: 'e', iat: iat + 1, exp: exp - 1000 });
      expect(stage.state.claims?.jti).toBe('e');
    });

    it('takes an older token when the stored one has expired', async () => {
      const lid = newLid();
      const exp = stage.now + 100;
      await stage.install({ lid, jti: 'short', exp });
      const older = stage.issuer.token({ lid, jti: 'older', iat: stage.now - 7200, exp: exp + 3600 });
      expect((await refused(older))[0]).toBe('license.stale');
      stage.clock.set(exp * 1000);
      expect(await upload(older)).toMatchObject({ status: LicenseStatus.Valid, claims: { jti: 'older' } });
    });

    it('verifies before it looks at the age', async () => {
      const lid = newLid();
      await stage.install({ lid, jti: 'newer' });
      const older = { lid, jti: 'older', iat: stage.now - 7200 };
      const forged = stage.issuer.token(older, createKey('ES256', stage.issuer.key.kid));
      expect((await refused(forged))[0]).toBe('license.untrusted');
      const expired = stage.issuer.token({ ...older, exp: stage.now - 3600 });
      expect((await refused(expired))[0]).toBe('license.expired');
    });

    it.each([
      ['newer', 30],
      ['older', -30],
      ['as old', 0],
    ])('refuses the same iss, lid and jti with other claims, also when %s', async (_, difference) => {
      const lid = newLid();
      const [iat, exp] = [stage.now - 60, stage.now + 3600];
      await stage.install({ lid, jti: 'same', iat, exp, included_users: 50 });
      const before = await row();
      const other = { lid, jti: 'same', iat: iat + difference, exp, included_users: 51 };
      expect((await refused(stage.issuer.token(other)))[0]).toBe('license.stale');
      expect(await row()).toBe(before);
    });

    it.each([
      [
        'signed anew',
        (stage: LicensingStage, claims: object) => sign({ key: stage.issuer.key, claims: { ...claims } }),
      ],
      [
        'signed anew in another order',
        (stage: LicensingStage, claims: object) =>
          sign({ key: stage.issuer.key, claims: Object.fromEntries(Object.entries(claims).reverse()) }),
      ],
      [
        'signed with another key of the issuer',
        (stage: LicensingStage, claims: object) => {
          stage.issuer.rotate(true);
          stage.clock.advance(MINUTE_MS);
          return sign({ key: stage.issuer.key, claims: { ...claims } });
        },
      ],
    ])('takes the same claims %s, and writes nothing', async (_, signAgain) => {
      const claims = stage.issuer.claims({ lid: newLid() });
      const first = sign({ key: stage.issuer.key, claims });
      await upload(first);
      const before = [await row(), await records()];
      const second = signAgain(stage, claims);
      expect(second).not.toBe(first);
      expect((await upload(second)).status).toBe(LicenseStatus.Valid);
      expect([await row(), await records()]).toEqual(before);
    });

    it("takes an ECDSA signature's other form, and writes nothing", async () => {
      const token = await stage.install({ lid: newLid() });
      const before = await row();
      const [header, payload, signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const s = P256_ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
      const other = Buffer.concat([
        bytes.subarray(0, 32),
        Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
      ]);
      const again = await upload(`${header}.${payload}.${encode(other)}`);
      expect(again.status).toBe(LicenseStatus.Valid);
      expect(await row()).toBe(before);
    });
  });
});
