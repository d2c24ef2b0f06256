import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { Database } from '../../../src/database/database.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { PUBLISHED_FIRST } from '../../../src/domain/token/key-rotation.js';
import { LocalAdministration } from '../../../src/issuer-server/administration/local-administration.js';
import { startIssuerServer } from '../../../src/issuer-server/issuer-server.js';
import { KeyAdministration } from '../../../src/issuer-server/keys/key-administration.js';
import { SigningKeyStore } from '../../../src/issuer-server/keys/signing-key.store.js';
import { SigningKeyTimes } from '../../../src/issuer-server/keys/signing-key-times.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { INSTANCE, ISSUER_ID, optionsOf, TestIssuerServer } from '../test-issuer-server.js';

const DAY = 86_400;
const AHEAD = 6 * DAY;

describe('signing keys that were made while the clock was ahead', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  let operator: LocalAdministration;
  let keys: KeyAdministration;

  beforeEach(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database);
    operator = issuerServer.running.application.nest.get(LocalAdministration);
    keys = issuerServer.running.application.nest.get(KeyAdministration);
  });

  afterEach(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  const advance = (seconds: number) => issuerServer.clock.advance(seconds * 1000);
  const views = async () => new Map((await operator.keys()).map((key) => [key.kid, key]));
  const times = () =>
    issuerServer.query(
      'SELECT kid, created_at, activated_at, verify_only_at, retired_at FROM signing_key ORDER BY kid',
    );
  const setAhead = (kid: string) =>
    issuerServer.query(`UPDATE signing_key SET created_at = created_at + interval '6 days' WHERE kid = $1`, [
      kid,
    ]);

  /** Keys in each state, of a time in which every clock was ahead, and a token of each key that signed. */
  async function leftByWrongClock() {
    const former = (await operator.keys())[0]?.kid ?? '';
    const before = (await issuerServer.issued({ tokenSeconds: 20 * DAY })).token;
    advance(AHEAD);
    const active = (await operator.addKey()).kid;
    await operator.activateKey(active, true);
    const ahead = (await issuerServer.issued({ tokenSeconds: 20 * DAY })).token;
    const published = (await operator.addKey()).kid;
    const retired = (await operator.addKey()).kid;
    await operator.retireKey(retired, false);
    advance(-AHEAD);
    await operator.confirmClock();
    return { former, active, published, retired, tokens: [before, ahead] };
  }

  it('are told of, and have the present time after repair --all, but verify as long as before', async () => {
    const { former, active, published, retired, tokens } = await leftByWrongClock();
    const before = await views();
    for (const kid of [former, active, published, retired])
      expect(before.get(kid)?.warning).toMatch(
        new RegExp(`${kid} has times that lie ahead, by up to 6 days.*issuer repair --all`),
      );
    expect(before.get(published)?.warning).toMatch(/can be activated 25 hours after that/);
    await expect(operator.activateKey(published, false)).rejects.toThrow(
      /can be activated from .* has times that lie ahead.*issuer repair --all/,
    );

    // What it answers stays: the licenses.
    const repaired = await operator.repairAll();
    expect(repaired.map(({ lid }) => lid)).toEqual([expect.stringMatching(/^license-/)]);
    const after = await views();
    for (const [kid, key] of after) {
      expect(key.warning).toBeNull();
      const { licenses, tokens_until, state } = before.get(kid) as typeof key;
      expect({ licenses, tokens_until, state }).toEqual({
        licenses: key.licenses,
        tokens_until: key.tokens_until,
        state: key.state,
      });
      for (const time of [key.published_at, key.activated_at, key.verify_only_at, key.retired_at])
        expect(time ?? 0).toBeLessThanOrEqual(issuerServer.now);
    }
    expect(after.get(former)?.licenses).toBe(1);
    await expect(keys.retire(former, false)).rejects.toThrow(/1 license has unexpired tokens that it signed/);
    const keySet = await issuerServer.keySet();
    for (const token of tokens) await expect(authenticateLicenseToken(token, keySet)).resolves.toBeDefined();

    // As long as it takes from now on, and no longer.
    await expect(operator.activateKey(published, false)).rejects.toThrow(/can be activated from \S+Z on/);
    advance(PUBLISHED_FIRST);
    await expect(operator.activateKey(published, false)).resolves.toMatchObject({ state: 'active' });
    // Until its last token has expired, which was signed for six days later.
    advance(25 * DAY - PUBLISHED_FIRST);
    await expect(keys.retire(active, false)).rejects.toThrow(/1 license has unexpired tokens that it signed/);
    await operator.confirmClock();
    await operator.retireKey(former, false);
    advance(2 * DAY);
    await operator.retireKey(active, false);
  });

  it('are told of in the log once, when the clock is right, and again after the next start', async () => {
    const { kid } = await operator.addKey();
    await issuerServer.stop();
    const lines: { readonly msg: string; readonly kid?: string }[] = [];
    const sink = new Writable({
      write: (chunk, _, done) => {
        for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line) as never);
        done();
      },
    });
    const { clock } = issuerServer;
    const config = loadIssuerServerConfig({ PORT: '0', DATABASE_URL: database.url, ISSUER_ID });
    const warned = () => lines.filter(({ msg }) => msg.includes('has times that lie ahead'));
    for (let starts = 1; starts <= 2; starts += 1) {
      const running = await startIssuerServer(config, pino({}, sink), optionsOf(clock));
      try {
        const looks = running.application.nest.get(SigningKeyTimes);
        if (starts === 1) {
          expect(warned()).toEqual([]);
          await running.application.nest
            .get(Database)
            .transaction((manager) =>
              manager.query(
                `UPDATE signing_key SET created_at = created_at + interval '6 days' WHERE kid = $1`,
                [kid],
              ),
            );
        }
        for (let times = 1; times <= 3; times += 1) await looks.look();
        expect(warned()).toHaveLength(starts);
      } finally {
        await running.application.close(0);
      }
    }
    expect(warned().map((line) => line.kid)).toEqual([kid, kid]);
  });

  it('are left, and not told of, while the clock is in doubt', async () => {
    const { kid } = await operator.addKey();
    await setAhead(kid);
    await issuerServer.query('UPDATE issuer_record SET last_seen = last_seen + $1', [2 * DAY]);
    const before = await times();
    await expect(operator.repairAll()).rejects.toThrow(/confirm-clock/);
    expect(await times()).toEqual(before);
    expect((await views()).get(kid)?.warning).toBeNull();
    await operator.confirmClock();
    expect((await views()).get(kid)?.warning).toMatch(/lie ahead/);
    await operator.repairAll();
    expect((await views()).get(kid)?.warning).toBeNull();
  });

  it('are repaired all or none, and no other key is changed', async () => {
    const right = (await operator.addKey()).kid;
    const ahead = [(await operator.addKey()).kid, (await operator.addKey()).kid];
    for (const kid of ahead) await setAhead(kid);
    const before = (await times()) as { kid: string }[];
    // As if the process had ended between two keys.
    await issuerServer.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF (SELECT count(*) FROM signing_key WHERE created_at > now() + interval '1 day') < 2
         THEN RAISE EXCEPTION 'the process ended'; END IF;
         RETURN NEW; END $$`,
    );
    await issuerServer.query(
      'CREATE TRIGGER refuse BEFORE UPDATE ON signing_key FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    await expect(operator.repairAll()).rejects.toThrow();
    expect(await times()).toEqual(before);
    await issuerServer.query('DROP TRIGGER refuse ON signing_key');
    await operator.repairAll();
    const after = (await times()) as { kid: string }[];
    const unchanged = (rows: { kid: string }[]) => rows.filter(({ kid }) => !ahead.includes(kid));
    expect(unchanged(after)).toEqual(unchanged(before));
    expect(unchanged(after).map(({ kid }) => kid)).toContain(right);
    expect([...(await views()).values()].map(({ warning }) => warning)).toEqual(Array(4).fill(null));
  });

  (POSTGRES_URL === undefined ? it.skip : it)(
    'are repaired by two processes at once, after what changes keys, while both of them sign',
    async () => {
      const replica = await TestIssuerServer.start(database, issuerServer.clock);
      try {
        const { active, former } = await leftByWrongClock();
        const { nest } = issuerServer.running.application;
        const store = nest.get(SigningKeyStore);
        let isChanged = false;
        const changing = nest.get(Database).transaction(async (manager) => {
          await store.lock(manager);
          await sleep(500);
          await store.replaceActive(manager, former, new Date((issuerServer.now + AHEAD) * 1000));
          isChanged = true;
        });
        await sleep(100);
        const repairs = [
          operator.repairAll().then(() => expect(isChanged).toBe(true)),
          replica.running.application.nest.get(LocalAdministration).repairAll(),
        ];
        const signing = [issuerServer, replica].map(async (one) => {
          for (let count = 1; count <= 20; count += 1) await one.running.issuer.issue({ sub: INSTANCE });
        });
        await Promise.all([changing, ...repairs, ...signing]);
        const after = await views();
        expect(after.get(former)).toMatchObject({ state: 'active', verify_only_at: null });
        expect(after.get(active)).toMatchObject({ state: 'verify-only' });
        for (const { warning } of after.values()) expect(warning).toBeNull();
      } finally {
        await replica.stop();
      }
    },
  );
});
