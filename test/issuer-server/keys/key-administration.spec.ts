import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { IssuerServerError } from '../../../src/issuer-server/issuer-server-error.js';
import type { LocalAdministration } from '../../../src/issuer-server/administration/local-administration.js';
import { KeyAdministration } from '../../../src/issuer-server/keys/key-administration.js';
import type { SigningAlgorithm } from '../../../src/issuer-server/keys/new-signing-key.js';
import { publishedJwk } from '../../../src/issuer-server/keys/public-jwk.js';
import { SigningKeyStore } from '../../../src/issuer-server/keys/signing-key.store.js';
import { Database } from '../../../src/database/database.js';
import {
  KEPT_AFTER_USE,
  KEY_SET_KEPT,
  KEY_SET_MAX_AGE,
  PUBLISHED_FIRST,
} from '../../../src/domain/token/key-rotation.js';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import {
  authenticateLicenseToken,
  readTokenHeader,
  verifyRevocationStatement,
} from '../../../src/domain/license/license-token.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { Scrape } from '../../support/scrape.js';
import { operate, optionsOf, policy, TestIssuerServer } from '../test-issuer-server.js';

describe('the rotation of the signing keys', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  let keys: KeyAdministration;
  let directory: string;

  beforeEach(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
    keys = issuerServer.running.application.nest.get(KeyAdministration);
    directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
  });

  afterEach(async () => {
    await issuerServer.stop();
    await database.drop();
    await rm(directory, { recursive: true });
  });

  const advance = (seconds: number) => issuerServer.clock.advance(seconds * 1000);
  const published = async (): Promise<string[]> =>
    (await issuerServer.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!(await condition()) && performance.now() < deadline) await sleep(50);
    expect(await condition()).toBe(true);
  }

  async function rotated(alg?: SigningAlgorithm): Promise<string> {
    const { kid } = await keys.add(alg, undefined);
    advance(PUBLISHED_FIRST);
    await keys.activate(kid, false);
    return kid;
  }

  it('publishes a new key, lets it sign when every service can know it, and retires the former one after its last token', async () => {
    const [former = ''] = await published();
    const { token, license } = await issuerServer.issued({ tokenSeconds: 7 * 86_400 });
    const { kid } = await keys.add(undefined, undefined);
    expect(await published()).toContain(kid);
    expect(readTokenHeader((await issuerServer.issued()).token).kid).toBe(former);

    await expect(keys.activate(kid, false)).rejects.toThrow(
      /can be activated from \S+Z on: until then a service may have a key set without it/,
    );
    advance(PUBLISHED_FIRST);
    await keys.activate(kid, false);
    // The next token, though the process had the former key in memory.
    const renewed = await issuerServer.renew({ token });
    expect([renewed.status, readTokenHeader(renewed.body.token).kid]).toEqual([200, kid]);
    const keySet = await issuerServer.keySet();
    await expect(authenticateLicenseToken(token, keySet)).resolves.toMatchObject({ token });
    await expect(authenticateLicenseToken(renewed.body.token, keySet)).resolves.toBeDefined();

    await expect(keys.retire(kid, true)).rejects.toThrow(/is the active one: activate another one/);
    await expect(keys.retire(former, false)).rejects.toThrow(
      /cannot be retired before \S+Z: 2 licenses have unexpired tokens that it signed/,
    );
    advance(7 * 86_400);
    await expect(keys.retire(former, false)).resolves.toMatchObject({ kid: former, file: null, stranded: 1 });
    await until(async () => !(await published()).includes(former));
    expect(await issuerServer.query('SELECT private_jwk FROM signing_key WHERE kid = $1', [former])).toEqual([
      { private_jwk: null },
    ]);
    await expect(keys.activate(former, true)).rejects.toThrow(/is retired: it cannot come back/);
    expect((await issuerServer.renew({ token })).body.code).toBe('token_unknown');
    expect(license.status).toBe('active');
  });

  it('keeps a key while there is a license without a record, which a release before issued beside this one', async () => {
    const [former = ''] = await published();
    await rotated();
    advance(KEPT_AFTER_USE);
    const lexp = issuerServer.now + 86_400;
    await issuerServer.query(
      `INSERT INTO issued_license SELECT 'unrecorded', 'active', 'https://a/', '{p}', NULL, NULL, 1, $1::bigint, 9999999999, 1, 1, 1, 1, NULL, now()`,
      [lexp],
    );
    await expect(keys.retire(former, false)).rejects.toThrow(/1 license has unexpired tokens/);
    advance(86_400);
    await keys.retire(former, false);
  });

  it('keeps it as long after an operator did something to that license, which signs nothing', async () => {
    const [former = ''] = await published();
    await rotated();
    advance(KEPT_AFTER_USE);
    const [ahead, tokenSeconds] = [issuerServer.now + 6 * 86_400, 7 * 86_400];
    await issuerServer.query(
      `INSERT INTO issued_license SELECT 'unrecorded', 'active', 'https://a/', '{p}', NULL, NULL, 1, 9999999999, $2::int, 1, 1, 1, $1::bigint, NULL, now()`,
      [ahead, tokenSeconds],
    );
    const use = async () => (await keys.list()).find(({ key }) => key.kid === former)?.use;
    const before = { licenses: 1, until: ahead + tokenSeconds };
    expect(await use()).toEqual(before);
    await issuerServer.running.issuer.suspend('unrecorded');
    expect(await use()).toEqual(before);
    expect(await issuerServer.running.issuer.repair('unrecorded')).toMatchObject({ isRepaired: true });
    expect(await use()).toEqual(before);
    await expect(keys.retire(former, false)).rejects.toThrow(/1 license has unexpired tokens/);
  });

  it('goes on without waiting where it is forced', async () => {
    const [former = ''] = await published();
    const { token, lid } = await issuerServer.issued();
    const renewed = await issuerServer.renew({ token, key: 'before' });
    const { kid } = await keys.add(undefined, undefined);
    await expect(keys.activate(kid, true)).resolves.toMatchObject({ state: 'active' });
    await expect(keys.retire(former, true)).resolves.toMatchObject({ stranded: 1 });
    await expect(keys.retire(former, true)).rejects.toThrow(IssuerServerError);
    await until(async () => !(await published()).includes(former));
    // What it signed is not given out again, neither to the operator nor to a repetition.
    const printed = await issuerServer.running.issuer.token(lid);
    expect(printed.token).not.toBe(renewed.body.token);
    expect(readTokenHeader(printed.token).kid).toBe(kid);
    const repeated = await issuerServer.renew({ token: printed.token, key: 'before' });
    expect(repeated.body.token).not.toBe(renewed.body.token);
  });

  it('goes back to the former key at once', async () => {
    const [former = ''] = await published();
    const kid = await rotated();
    await expect(keys.activate(former.slice(0, 8), false)).resolves.toMatchObject({ state: 'active' });
    expect((await keys.list()).map(({ key }) => [key.kid, key.state])).toEqual([
      [former, 'active'],
      [kid, 'verify-only'],
    ]);
    await expect(keys.retire(kid, false)).rejects.toThrow(/was replaced just now/);
    advance(KEPT_AFTER_USE);
    await keys.retire(kid, false);
  });

  it.each<SigningAlgorithm>(['ES256', 'EdDSA', 'RS512', 'PS256'])(
    'signs tokens and revocations with %s',
    async (alg) => {
      const { token, lid } = await issuerServer.issued();
      const kid = await rotated(alg);
      const renewed = await issuerServer.renew({ token });
      expect(readTokenHeader(renewed.body.token)).toMatchObject({ alg, kid });
      await until(async () => (await published())[0] === kid);
      const keySet = await issuerServer.keySet();
      expect(keySet.skipped).toEqual([]);
      await expect(authenticateLicenseToken(renewed.body.token, keySet)).resolves.toBeDefined();
      await issuerServer.running.issuer.revoke(lid);
      const { status, body } = await issuerServer.renew({ token: renewed.body.token });
      expect(status).toBe(410);
      await expect(
        verifyRevocationStatement(body.statement, keySet, policy, issuerServer.now),
      ).resolves.toMatchObject({ lid });
    },
  );

  it('takes a key from a file, says what is wrong with one, and never stores its private part', async () => {
    const pem = (name: string, text: string | Buffer) =>
      writeFile(join(directory, name), text, { mode: 0o600 });
    const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
    const [ec, rsa, weak, curve] = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ];
    await pem('ec', ec.privateKey.export({ type: 'sec1', format: 'pem' }));
    await pem('rsa', rsa.privateKey.export(pkcs8));
    await pem('weak', weak.privateKey.export(pkcs8));
    await pem('p384', curve.privateKey.export(pkcs8));
    await pem('locked', ec.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'secret' }));
    await pem('public', ec.publicKey.export({ type: 'spki', format: 'pem' }));
    await pem('none', 'no key');
    await pem('huge', randomBytes(100_000));
    const add = (name: string, alg?: SigningAlgorithm) => keys.add(alg, join(directory, name));

    for (const [name, alg, words] of [
      ['rsa', undefined, /RSA key needs its algorithm/],
      ['rsa', 'ES256', /cannot be used with ES256: its "kty" does not fit/],
      ['weak', 'RS512', /fewer than 2048 bits/],
      ['p384', undefined, /its "crv" does not fit its "alg"/],
      ['locked', undefined, /no private key in PEM form without a passphrase/],
      ['public', undefined, /no private key in PEM form/],
      ['none', undefined, /no private key in PEM form/],
      ['huge', undefined, /more than 64 KiB/],
      ['missing', undefined, /there is no such file/],
    ] as const) {
      await expect(add(name, alg)).rejects.toThrow(IssuerServerError);
      await expect(add(name, alg)).rejects.toThrow(words);
    }
    const { kid } = await add('ec');
    await expect(add('ec')).rejects.toThrow(/is known already: it is published/);
    await add('rsa', 'PS256');
    expect(
      await issuerServer.query('SELECT private_jwk, private_file FROM signing_key WHERE kid = $1', [kid]),
    ).toEqual([{ private_jwk: null, private_file: join(directory, 'ec') }]);

    advance(PUBLISHED_FIRST);
    await keys.activate(kid, false);
    const { token } = await issuerServer.issued();
    expect(readTokenHeader(token).kid).toBe(kid);
    await issuerServer.stop();
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
    await expect(authenticateLicenseToken(token, await issuerServer.keySet())).resolves.toBeDefined();

    // Without its file, or with the file of another key, the issuer says so and does not start.
    await issuerServer.stop();
    await rm(join(directory, 'ec'));
    await expect(TestIssuerServer.start(database, issuerServer.clock)).rejects.toThrow(
      /The signing key \S+ cannot be read from the file \S+: there is no such file/,
    );
    await pem('ec', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8));
    await expect(TestIssuerServer.start(database, issuerServer.clock)).rejects.toThrow(
      /is that of another key/,
    );
    await pem('ec', ec.privateKey.export(pkcs8));
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
  });

  it('publishes new keys, and signs with the former one, where the active one cannot be read', async () => {
    const [former = ''] = await published();
    const { token } = await issuerServer.issued();
    const file = join(directory, 'late.pem');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(file, pem);
    const { kid } = await keys.add(undefined, file);
    // As on a replica that does not have the file.
    await rm(file);
    await issuerServer.query(
      `UPDATE signing_key SET state = 'verify-only', verify_only_at = now() WHERE state = 'active'`,
    );
    await issuerServer.query(`UPDATE signing_key SET state = 'active' WHERE kid = $1`, [kid]);
    const other = await keys.add(undefined, undefined);
    await until(async () => (await published()).includes(other.kid));
    expect(await published()).toEqual([kid, other.kid, former]);
    const renewed = await issuerServer.renew({ token });
    expect([renewed.status, readTokenHeader(renewed.body.token).kid]).toEqual([200, former]);
    await writeFile(file, pem);
    await until(async () => readTokenHeader((await issuerServer.issued()).token).kid === kid);
  });

  it('takes a key that is retired elsewhere out of the key set of a process that cannot use the new one', async () => {
    const [former = ''] = await published();
    const { token } = await issuerServer.issued();
    const usable = async () =>
      (await Scrape.of(issuerServer.running.url)).value('licentia_signing_key_usable');
    expect(await usable()).toBe(1);
    const file = join(directory, 'elsewhere.pem');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(file, pem);
    const { kid } = await keys.add(undefined, file);
    // As on a replica that does not have the file.
    await rm(file);
    await issuerServer.query(
      `UPDATE signing_key SET state = 'verify-only', verify_only_at = now() WHERE state = 'active'`,
    );
    await issuerServer.query(`UPDATE signing_key SET state = 'active' WHERE kid = $1`, [kid]);
    await until(async () => (await usable()) === 0);
    await keys.retire(former, true);
    await until(async () => !(await published()).includes(former));
    expect(await published()).toEqual([kid]);
    expect(await issuerServer.renew({ token })).toMatchObject({
      status: 401,
      body: { code: 'token_unknown' },
    });
    await expect(issuerServer.issued()).rejects.toMatchObject({ code: 'database.unavailable' });
    expect(await usable()).toBe(0);
    await writeFile(file, pem);
    await until(async () => (await usable()) === 1);
    expect(readTokenHeader((await issuerServer.issued()).token).kid).toBe(kid);
  });

  it('is possible while the file of the active key is lost', async () => {
    const [former = ''] = await published();
    const file = join(directory, 'lost.pem');
    await writeFile(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { kid } = await keys.add(undefined, file);
    await keys.activate(kid, true);
    await issuerServer.stop();
    await rm(file);
    const offline = async <T>(work: (operator: LocalAdministration) => Promise<T>, signs = false) =>
      operate(database, work, { ...optionsOf(issuerServer.clock), signs });
    const listed = await offline(async (operator) => operator.keys());
    expect(listed.map((key) => key.private_part)).toContain(`file ${file}`);
    expect(await offline(async (operator) => operator.addKey())).toMatchObject({ state: 'published' });
    const issued = offline(async (operator) => operator.issue({ sub: 'http://localhost:3000' }), true);
    await expect(issued).rejects.toThrow(/there is no such file/);
    const activated = await offline(async (operator) => operator.activateKey(former, false));
    expect(activated).toMatchObject({ kid: former, state: 'active' });
    issuerServer = await TestIssuerServer.start(database, issuerServer.clock);
    expect(readTokenHeader((await issuerServer.issued()).token).kid).toBe(former);
  });

  it('publishes twenty keys at most', async () => {
    for (let count = 1; count < 20; count += 1) await keys.add(undefined, undefined);
    await expect(keys.add(undefined, undefined)).rejects.toThrow(/has 20 keys already/);
  });

  (POSTGRES_URL === undefined ? it.skip : it)(
    'reaches every replica without a restart, and no replica signs with a key that is not active',
    async () => {
      const replica = await TestIssuerServer.start(database, issuerServer.clock);
      try {
        const { token } = await issuerServer.issued();
        const kid = await rotated();
        const renewed = await replica.renew({ token });
        expect([renewed.status, readTokenHeader(renewed.body.token).kid]).toEqual([200, kid]);
        await until(async () => (await replica.get('/.well-known/jwks.json')).body.keys[0].kid === kid);
      } finally {
        await replica.stop();
      }
    },
  );

  (POSTGRES_URL === undefined ? it.skip : it)(
    'waits with the retirement for what is being signed, and counts its token',
    async () => {
      const [former = ''] = await published();
      await rotated();
      await keys.activate(former, false);
      const other = (await keys.list()).find(({ key }) => key.state === 'verify-only')?.key.kid ?? '';
      advance(KEPT_AFTER_USE);
      const { nest } = issuerServer.running.application;
      const [store, db] = [nest.get(SigningKeyStore), nest.get(Database)];
      let signed = false;
      const signing = db.transaction(async (manager) => {
        await store.hold(manager, other);
        await sleep(500);
        await manager.query(
          `INSERT INTO issued_license SELECT 'held', 'active', 'https://a/', '{p}', NULL, NULL, 1, 9999999999, 60, 1, 1, 1, 1, NULL, now()`,
        );
        await manager.query(
          `INSERT INTO license_event (lid, at, kind, kid, iat, exp) VALUES ('held', now(), 'renewed', $1, 1, 9999999999)`,
          [other],
        );
        signed = true;
      });
      await sleep(100);
      await expect(keys.retire(other, false)).rejects.toThrow(/1 license has unexpired tokens/);
      expect(signed).toBe(true);
      await signing;
    },
  );

  it('keeps every valid token verifiable with the oldest key set that a service may have, after any commands at any times', async () => {
    const { nest } = issuerServer.running.application;
    const [store, db] = [nest.get(SigningKeyStore), nest.get(Database)];
    /** The key set as it was after each command; what a service has is the last one that is old enough. */
    const sets: { readonly at: number; readonly kids: Awaited<ReturnType<typeof readKeySet>> }[] = [];
    const tokens: { readonly token: string; readonly exp: number }[] = [];
    const note = async () => {
      const rows = await db.read((manager) => store.all(manager));
      sets.push({ at: issuerServer.now, kids: await readKeySet({ keys: rows.map(publishedJwk) }) });
    };
    const tolerant = async (work: () => Promise<unknown>) =>
      work().then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof IssuerServerError)) throw error;
          return false;
        },
      );
    const oldest = KEY_SET_KEPT + 2 * KEY_SET_MAX_AGE;
    await note();
    let activated = 0;
    let retired = 0;
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('wait' as const),
          hours: fc.oneof(fc.integer({ min: 1, max: 26 }), fc.integer({ min: 1, max: 200 })),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constantFrom('activate' as const, 'retire' as const),
          index: fc.nat({ max: 4 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('issue' as const), days: fc.integer({ min: 1, max: 30 }) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
        for (const one of steps) {
          const listed = (await keys.list()).filter(({ key }) => key.state !== 'retired');
          if (one.kind === 'wait') advance(one.hours * 3600);
          if (one.kind === 'add' && listed.length < 5) await keys.add(undefined, undefined);
          if (one.kind === 'issue') {
            const { token } = await issuerServer.issued({ tokenSeconds: one.days * 86_400 });
            tokens.push({ token, exp: issuerServer.now - 60 + one.days * 86_400 });
          }
          if (one.kind === 'activate' || one.kind === 'retire') {
            const kid = listed[one.index % listed.length]?.key.kid ?? '';
            if (one.kind === 'activate' && (await tolerant(() => keys.activate(kid, false)))) activated += 1;
            if (one.kind === 'retire' && (await tolerant(() => keys.retire(kid, false)))) retired += 1;
          }
          await note();
          const { now } = issuerServer;
          const old = sets.findLast(({ at }) => at <= now - oldest) ?? sets[0];
          for (const { kids } of [old, sets.at(-1)] as typeof sets) {
            for (const { token, exp } of tokens)
              if (exp > now) await expect(authenticateLicenseToken(token, kids)).resolves.toBeDefined();
          }
        }
      }),
      { numRuns: 25 },
    );
    expect(activated).toBeGreaterThan(2);
    expect(retired).toBeGreaterThan(0);
  }, 480_000);
});
