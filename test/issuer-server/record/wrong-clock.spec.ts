import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { ClockWatch } from '../../../src/clock/clock-watch.js';
import { askServer } from '../../../src/database/server-time.js';
import type { LocalAdministration } from '../../../src/issuer-server/administration/local-administration.js';
import { withIssuerServer } from '../../../src/issuer-server/issuer-server.js';
import { ConfirmedClock } from '../../../src/issuer-server/record/confirmed-clock.js';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { judge, LicenseStatus } from '../../../src/domain/license/license.js';
import {
  authenticateLicenseToken,
  verifyRevocationStatement,
} from '../../../src/domain/license/license-token.js';
import { verifyLicenseToken } from '../../support/verify-license-token.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeClock } from '../../support/fake-clock.js';
import { Scrape } from '../../support/scrape.js';
import { INSTANCE, ISSUER_ID, operate, optionsOf, policy, TestIssuerServer } from '../test-issuer-server.js';

const DAY_MS = 86_400_000;
const YEAR = 365 * 86_400;

let database: TestDatabase;
let issuerServer: TestIssuerServer;

beforeAll(async () => {
  database = await testDatabase('issuer');
  issuerServer = await TestIssuerServer.start(database);
});

afterAll(async () => {
  await issuerServer.stop();
  await database.drop();
});

/** Another process on the same database, whose clock is that of the former one unless given. */
async function restarted(clock = issuerServer.clock): Promise<void> {
  await issuerServer.stop();
  issuerServer = await TestIssuerServer.start(database, clock);
}

/** What an operator does with the issuer stopped meanwhile. */
async function offline<T>(work: (operator: LocalAdministration) => Promise<T>): Promise<T> {
  const { clock } = issuerServer;
  await issuerServer.stop();
  try {
    return await operate(database, work, optionsOf(clock));
  } finally {
    issuerServer = await TestIssuerServer.start(database, clock);
  }
}

const LOCAL = 'http://localhost:3000';
const issueLocal = (lid?: string) => async (operator: LocalAdministration) =>
  operator.issue({ sub: LOCAL, lid });
const confirmClock = async (operator: LocalAdministration) => operator.confirmClock();
const repairAll = async (operator: LocalAdministration) => operator.repairAll();
const warnings = async (operator: LocalAdministration) =>
  (await operator.list()).flatMap(({ warning }) => warning ?? []);

/** What a clock has left that signed while it was ahead, before clocks were confirmed. */
async function signedAhead(lid: string, seconds: number): Promise<number> {
  const dataSource = issuerServer.running.application.nest.get<DataSource>(
    getDataSourceToken('issuer-server'),
  );
  const iat = issuerServer.now + seconds;
  await dataSource.query('UPDATE issued_license SET last_iat = $1 WHERE lid = $2', [iat, lid]);
  return iat;
}

/** A PostgreSQL server has a clock of its own, the embedded database has not. */
const [itWithServer, itWithoutServer] = POSTGRES_URL === undefined ? [it.skip, it] : [it, it.skip];

const confirmed = async () =>
  (await Scrape.of(issuerServer.running.url)).value('licentia_signing_clock_confirmed');
const refusals = async () =>
  (await Scrape.of(issuerServer.running.url)).value('licentia_renewals_refused_total', {
    code: refusal.body.code,
  });

const refusal = { status: 503, body: { code: 'clock_unconfirmed' } };

describe('a clock that was set ahead', () => {
  it('while the issuer runs signs nothing, and what is set right goes on at once', async () => {
    const { token } = await issuerServer.issued();
    const right = issuerServer.clock.now();
    issuerServer.clock.set(right + YEAR * 1000);
    const refused = await issuerServer.renew({ token });
    expect(refused).toMatchObject(refusal);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await confirmed()).toBe(0);
    expect(await refusals()).toBe(1);
    await expect(issuerServer.issued()).rejects.toThrow(/clock/);
    issuerServer.clock.set(right);
    expect((await issuerServer.renew({ token })).status).toBe(200);
    expect(await refusals()).toBe(1);
    expect(await confirmed()).toBe(1);
  });

  itWithoutServer('in steps each of which is small signs nothing either', async () => {
    const { token } = await issuerServer.issued();
    const right = issuerServer.clock.now();
    for (let ahead = 1_500; ahead <= 15_000; ahead += 1_500) {
      issuerServer.clock.set(right + ahead);
      issuerServer.running.application.nest.get(ClockWatch).look();
    }
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    issuerServer.clock.set(right);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  itWithoutServer('signs at once where an operator confirms it, and not after the next jump', async () => {
    const { token } = await issuerServer.issued();
    const wrong = issuerServer.clock.now();
    issuerServer.clock.set(wrong + 2 * 3_600_000);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    await issuerServer.running.application.nest.get(ConfirmedClock).confirm();
    expect((await issuerServer.renew({ token })).status).toBe(200);
    issuerServer.clock.set(wrong + 4 * 3_600_000);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    issuerServer.clock.set(wrong + 2 * 3_600_000);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  it('before the issuer starts signs nothing until it is right', async () => {
    const { token } = await issuerServer.issued();
    const wrong = new FakeClock(issuerServer.clock.now());
    wrong.set(wrong.now() + YEAR * 1000);
    const { clock } = issuerServer;
    await restarted(wrong);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    await restarted(clock);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  itWithServer('while the database server is asked signs nothing', async () => {
    const { clock } = issuerServer;
    const right = clock.now();
    let isSet = false;
    const serverTime = async (manager: EntityManager) => {
      const theirs = (await askServer(manager)) + clock.shift;
      if (isSet) clock.set(right + 300 * DAY_MS);
      return theirs;
    };
    const config = loadIssuerServerConfig({ DATABASE_URL: database.url, ISSUER_ID });
    const issued = withIssuerServer(
      config,
      async ({ issuer }) => {
        isSet = true;
        return issuer.issue({ sub: INSTANCE });
      },
      { clock, serverTime },
    );
    await expect(issued).rejects.toThrow(/clock says .* 300 days ahead of the database server's/);
    clock.set(right);
  });

  itWithServer('together with that of the database server on the same machine signs nothing', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 30 * 86_400 });
    issuerServer.clock.sleep(300 * DAY_MS);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    issuerServer.clock.sleep(-300 * DAY_MS);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  itWithServer(
    'by less than a week, with the database server on the same machine, leaves what one command repairs',
    async () => {
      const { clock } = issuerServer;
      const [first, second, revoked, left] = [
        await issuerServer.issued({ tokenSeconds: 30 * 86_400 }),
        await issuerServer.issued({ tokenSeconds: 30 * 86_400 }),
        await issuerServer.issued({ tokenSeconds: 30 * 86_400 }),
        await issuerServer.issued({ tokenSeconds: 30 * 86_400 }),
      ];
      clock.sleep(6 * DAY_MS);
      for (const { token } of [first, second, left])
        expect((await issuerServer.renew({ token })).status).toBe(200);
      await issuerServer.running.issuer.revoke(revoked.lid);
      // As it does every ten seconds.
      const look = async () => issuerServer.running.application.nest.get(ConfirmedClock).start();
      await look();
      clock.sleep(-6 * DAY_MS);
      await look();
      const statement = async () => {
        const { body } = await issuerServer.renew({ token: revoked.token });
        const keys = await issuerServer.keySet();
        return verifyRevocationStatement(body.statement, keys, policy, issuerServer.now);
      };
      await statement();
      expect(await issuerServer.renew({ token: left.token })).toMatchObject(refusal);
      await expect(offline(issueLocal())).rejects.toThrow(/last used 6 days after that.*confirm-clock/s);
      await expect(offline(repairAll)).rejects.toThrow(/confirm-clock/);
      // What was signed ahead is no proof of a time that is ahead still more: 6 days after it, or 12 after the present.
      const twelveDaysAhead = async () => {
        clock.sleep(12 * DAY_MS);
        await look();
        expect(await issuerServer.renew({ token: left.token })).toMatchObject(refusal);
        clock.sleep(-12 * DAY_MS);
      };
      await twelveDaysAhead();
      // By another process than the one that runs.
      await operate(database, confirmClock, optionsOf(clock));
      await twelveDaysAhead();
      expect(await issuerServer.renew({ token: left.token })).toMatchObject({ status: 409 });
      await statement();
      const listed = (await offline(warnings)).join('\n');
      // A clock that is ahead of them finds nothing to repair, and may not say so.
      clock.sleep(400 * DAY_MS);
      await expect(offline(repairAll)).rejects.toMatchObject({ name: 'ClockDoubtError' });
      clock.sleep(-400 * DAY_MS);
      for (const { lid } of [first, second]) expect(listed).toContain(`repair ${lid}`);
      const staysSigned = expect.stringContaining('stays signed') as string;
      expect(await offline(repairAll)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ lid: first.lid, warning: staysSigned }),
          expect.objectContaining({ lid: second.lid, warning: staysSigned }),
        ]),
      );
      expect(await offline(warnings)).toEqual([]);
      for (const { token } of [first, second, left]) {
        const renewed = await issuerServer.renew({ token });
        await verifyLicenseToken(renewed.body.token, await issuerServer.keySet(), policy, issuerServer.now);
      }
      expect(await offline(repairAll)).toEqual([]);
    },
  );

  it('revokes nothing', async () => {
    const { lid } = await issuerServer.issued();
    const right = issuerServer.clock.now();
    issuerServer.clock.set(right + YEAR * 1000);
    await expect(issuerServer.running.issuer.revoke(lid)).rejects.toThrow(/clock/);
    issuerServer.clock.set(right);
    expect(await issuerServer.running.issuer.find(lid)).toMatchObject({ status: 'active', revokedAt: null });
  });
});

describe('a machine that slept', () => {
  itWithServer("signs at once where the database server's clock agrees", async () => {
    const { token } = await issuerServer.issued();
    issuerServer.clock.sleep(3_600_000);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  itWithoutServer('is one whose clock may have been set: it signs nothing', async () => {
    const { token } = await issuerServer.issued();
    issuerServer.clock.sleep(3_600_000);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    issuerServer.clock.advance(601_000);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });
});

describe('an issuer that was not used for more than a week', () => {
  it('signs again when an operator confirms its clock, also where the database server agrees', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 30 * 86_400 });
    const { clock } = issuerServer;
    await issuerServer.stop();
    clock.advance(8 * DAY_MS);
    issuerServer = await TestIssuerServer.start(database, clock);
    expect(await issuerServer.renew({ token })).toMatchObject(refusal);
    await expect(offline(issueLocal())).rejects.toThrow(/8 days.*confirm-clock/s);
    await offline(confirmClock);
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });

  it('needs no word for a shorter pause, or for a long time that it ran', async () => {
    const { token } = await issuerServer.issued({ tokenSeconds: 90 * 86_400 });
    issuerServer.clock.advance(30 * DAY_MS);
    expect((await issuerServer.renew({ token })).status).toBe(200);
    // As it does by itself, every ten seconds of a time that passes.
    await issuerServer.running.application.nest.get(ConfirmedClock).start();
    await restarted();
    issuerServer.clock.advance(6 * DAY_MS);
    await restarted();
    expect((await issuerServer.renew({ token })).status).toBe(200);
  });
});

describe('a clock that is set ahead in steps of less than a week, with the issuer stopped meanwhile', () => {
  itWithoutServer('signs nothing from the first step on, until it is set back or confirmed', async () => {
    const { clock } = issuerServer;
    const { lid } = await issuerServer.issued();
    const right = clock.now();
    for (const days of [6, 12, 18]) {
      clock.set(right + days * DAY_MS);
      await expect(offline(issueLocal())).rejects.toThrow(
        days === 6
          ? /was set ahead by 6 days since the machine started.*confirm-clock/
          : /was last used \d+ days before that.*confirm-clock/,
      );
    }
    clock.set(right);
    expect((await offline(async (operator) => operator.token(lid))).token).toMatch(/^ey/);
    clock.set(right + 6 * DAY_MS);
    await offline(confirmClock);
    expect((await offline(issueLocal(`${lid}-ahead`))).token).toMatch(/^ey/);
    clock.set(right);
    await offline(confirmClock);
    await offline(async (operator) => operator.repair(`${lid}-ahead`));
  });

  itWithoutServer('is not told from one of another run of the machine, or of one that slept', async () => {
    const { clock } = issuerServer;
    await issuerServer.stop();
    clock.sleep(5 * DAY_MS);
    issuerServer = await TestIssuerServer.start(database, clock);
    expect((await offline(issueLocal())).token).toMatch(/^ey/);
    const right = clock.now();
    clock.reboot();
    clock.set(right + 6 * DAY_MS);
    expect((await offline(issueLocal('other-boot'))).token).toMatch(/^ey/);
    clock.set(right);
    await offline(confirmClock);
    await offline(async (operator) => operator.repair('other-boot'));
  });
});

describe('an issuer whose last use lies ahead of its clock', () => {
  it('remembers it with the first renewal that it refuses', async () => {
    const { token } = await issuerServer.issued();
    await issuerServer.query('UPDATE issuer_record SET last_seen = last_seen + 172800');
    try {
      expect(await issuerServer.renew({ token })).toMatchObject(refusal);
      const remembered = await issuerServer.query(
        'SELECT set_back_at IS NOT NULL AS remembered FROM issuer_record',
      );
      expect(remembered).toEqual([{ remembered: true }]);
    } finally {
      await offline(confirmClock);
    }
  });

  itWithoutServer(
    'signs nothing, also at a later wrong moment, until an operator confirms the clock',
    async () => {
      const { clock } = issuerServer;
      const right = clock.now();
      const { lid } = await issuerServer.issued();
      // Processes that do one thing each, at these moments.
      const at = async <T>(days: number, work: (operator: LocalAdministration) => Promise<T>) => {
        clock.set(right + days * DAY_MS);
        return offline(work);
      };
      await issuerServer.query('UPDATE issuer_record SET last_seen = last_seen + $1', [YEAR]);
      for (const days of [0, 200])
        for (const work of [issueLocal(), async (operator: LocalAdministration) => operator.revoke(lid)])
          await expect(at<unknown>(days, work)).rejects.toThrow(
            /last used \d+ days after that.*confirm-clock/s,
          );
      await at(0, confirmClock);
      await expect(at(200, async (operator) => operator.token(lid))).rejects.toThrow(/200 days before that/);
      expect((await at(0, issueLocal())).token).toMatch(/^ey/);
    },
  );
});

describe('a license that was issued by a clock that was ahead', () => {
  const issuedAhead = async () => {
    const { lid, token } = await issuerServer.issued({ tokenSeconds: 3 * 86_400 });
    await issuerServer.query(
      `UPDATE issued_license SET nbf = nbf + $1, lexp = lexp + $1, last_iat = last_iat + $1,
         created_at = created_at + $1::int * interval '1 s' WHERE lid = $2`,
      [6 * 86_400, lid],
    );
    return { lid, token };
  };

  it('begins when it is repaired, and the answer names what is left', async () => {
    const { lid, token } = await issuedAhead();
    const before = await issuerServer.running.issuer.find(lid);
    const repaired = await offline(async (operator) => operator.repair(lid));
    expect(repaired).toMatchObject({
      repaired: true,
      license: {
        lexp: before?.lexp,
        warning: expect.stringMatching(new RegExp(`It ends .*issuer change ${lid} --expires`)),
      },
    });
    expect(await offline(warnings)).toEqual([]);
    const renewed = await issuerServer.renew({ token });
    const keys = await issuerServer.keySet();
    const { claims } = await verifyLicenseToken(renewed.body.token, keys, policy, issuerServer.now);
    expect(judge(claims, policy, issuerServer.now).status).toBe(LicenseStatus.Valid);
    // It is no first token, which would be followed by others at once.
    expect(await issuerServer.renew({ token: renewed.body.token })).toMatchObject({ status: 409 });
  });

  it('and was repaired by a former release, which left its begin, is told of by list', async () => {
    const { lid } = await issuedAhead();
    await issuerServer.query(
      'UPDATE issued_license SET last_iat = last_iat - $1, last_token = NULL WHERE lid = $2',
      [6 * 86_400, lid],
    );
    expect(await offline(warnings)).toEqual([
      expect.stringMatching(new RegExp(`${lid} was issued by a clock that was ahead.*issuer repair ${lid}`)),
    ]);
    expect(await offline(repairAll)).toHaveLength(1);
    expect((await issuerServer.running.issuer.find(lid))?.nbf).toBeLessThanOrEqual(issuerServer.now);
    expect(await offline(warnings)).toEqual([]);
  });

  it('keeps a begin that was named, and says how to move it', async () => {
    const starts = issuerServer.now + 30 * 86_400;
    const { lid } = await issuerServer.issued({ starts });
    expect(await offline(warnings)).toEqual([]);
    await signedAhead(lid, YEAR);
    const { license } = await offline(async (operator) => operator.repair(lid));
    expect(license).toMatchObject({
      nbf: starts,
      warning: expect.stringMatching(new RegExp(`It begins .*issuer change ${lid} --starts`)),
    });
  });
});

describe('a license whose last token lies ahead', () => {
  it('is told of by list, and gets tokens again when it is repaired', async () => {
    const { token, lid } = await issuerServer.issued();
    await signedAhead(lid, YEAR);
    expect(await issuerServer.renew({ token })).toMatchObject({ status: 409, body: { code: 'not_due' } });
    expect(await offline(warnings)).toEqual([
      expect.stringMatching(new RegExp(`${lid} .*365 days.*issuer repair ${lid}`)),
    ]);
    const repair = async (operator: LocalAdministration) => operator.repair(lid);
    expect(await offline(repair)).toMatchObject({ repaired: true });
    expect(await offline(warnings)).toEqual([]);
    const renewed = await issuerServer.renew({ token });
    await verifyLicenseToken(renewed.body.token, await issuerServer.keySet(), policy, issuerServer.now);
    expect(await offline(repair)).toMatchObject({ repaired: false });
  });

  it('is not given the token that lies ahead, also not under the key of its renewal', async () => {
    const { token, lid } = await issuerServer.issued();
    issuerServer.clock.advance(60_000);
    const first = await issuerServer.renew({ token, key: 'ahead' });
    issuerServer.clock.advance(-1_800_000);
    expect(await issuerServer.renew({ token, key: 'ahead' })).toMatchObject({ status: 409 });
    await offline(async (operator) => operator.repair(lid));
    issuerServer.clock.advance(1_860_000);
    const repeated = await issuerServer.renew({ token, key: 'ahead' });
    expect(repeated.status).toBe(200);
    expect(repeated.body.token).not.toBe(first.body.token);
  });

  it('is revoked by a statement that services take, and later by one that covers the token ahead', async () => {
    const { token, lid } = await issuerServer.issued({ licenseSeconds: 3 * YEAR });
    const ahead = await signedAhead(lid, YEAR);
    expect(await offline(async (operator) => operator.revoke(lid))).toMatchObject({
      status: 'revoked',
      warning: expect.stringMatching(/signed for .*statement covers it too/),
    });
    const { claims } = await authenticateLicenseToken(token, await issuerServer.keySet());
    const statement = async () => {
      const { body } = await issuerServer.renew({ token });
      return verifyRevocationStatement(body.statement, await issuerServer.keySet(), policy, issuerServer.now);
    };
    const now = await statement();
    expect(judge(claims, policy, issuerServer.now, now.iat).status).toBe(LicenseStatus.Invalid);
    expect(now.iat).toBeLessThanOrEqual(issuerServer.now);
    issuerServer.clock.advance(YEAR * 1000);
    expect((await statement()).iat).toBe(ahead);
    // A license that is resumed gets tokens that are newer than every statement.
    await issuerServer.running.issuer.resume(lid);
    const renewed = await authenticateLicenseToken(
      (await issuerServer.renew({ token })).body.token,
      await issuerServer.keySet(),
    );
    expect(renewed.claims.iat).toBeGreaterThan(ahead);
  });

  it('that was revoked by a statement ahead is revoked for services all the same', async () => {
    const { token, lid } = await issuerServer.issued();
    const iat = await signedAhead(lid, YEAR);
    const dataSource = issuerServer.running.application.nest.get<DataSource>(
      getDataSourceToken('issuer-server'),
    );
    await dataSource.query("UPDATE issued_license SET status = 'revoked', revoked_at = $1 WHERE lid = $2", [
      iat,
      lid,
    ]);
    const { status, body } = await issuerServer.renew({ token });
    expect(status).toBe(410);
    await verifyRevocationStatement(body.statement, await issuerServer.keySet(), policy, issuerServer.now);
  });
});
