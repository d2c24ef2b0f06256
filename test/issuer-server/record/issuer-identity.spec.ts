import pg from 'pg';
import { changeIssuerId } from '../../../src/issuer-server/issuer-server.js';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { ConfigError } from '../../../src/config/environment.js';
import { IssuedLicenseEntity } from '../../../src/issuer-server/licenses/issued-license.entity.js';
import { LicenseSigner } from '../../../src/issuer-server/licenses/license-signer.js';
import { OwnDatabase } from '../../../src/issuer-server/record/own-database.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../../support/database.js';
import { ISSUER_ID, operate, TestIssuerServer } from '../test-issuer-server.js';

const OTHER = 'https://other.example.com';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase('issuer');
});

afterAll(async () => {
  await database.drop();
});

type Place = Pick<TestDatabase, 'url'>;

const list = async (issuerId: string, place: Place = database) =>
  operate(place, async (operator) => operator.list(), { issuerId });
const issue = async (issuerId: string, place: Place = database, lid?: string) =>
  operate(place, async (operator) => operator.issue({ sub: 'http://localhost:3000', lid }), {
    issuerId,
    claims: true,
  });
const token = async (issuerId: string) =>
  (await operate(database, async (operator) => operator.token('mine'), { issuerId })).token;
const change = async (issuerId: string, { url }: Place = database) =>
  changeIssuerId(loadIssuerServerConfig({ DATABASE_URL: url, ISSUER_ID: issuerId }));

describe('the database of an issuer', () => {
  it('belongs to nobody by a command that issues nothing', async () => {
    const empty = await testDatabase('issuer');
    try {
      await list('http://localhost:3001', empty);
      await operate(empty, async (operator) => operator.confirmClock(), {
        issuerId: 'http://localhost:3001',
      });
      await (await TestIssuerServer.start(empty)).stop();
      await expect(list(OTHER, empty)).rejects.toThrow(`belongs to the issuer ${ISSUER_ID}`);
    } finally {
      await empty.drop();
    }
  });

  it('of a former release belongs to the issuer whose tokens it keeps', async () => {
    const upgraded = await testDatabase('issuer');
    try {
      const issuerServer = await TestIssuerServer.start(upgraded);
      const { token } = await issuerServer.issued();
      expect((await issuerServer.renew({ token })).status).toBe(200);
      await issuerServer.query('DELETE FROM issuer_record');
      await issuerServer.stop();
      await expect(list(OTHER, upgraded)).rejects.toThrow(`belongs to the issuer ${ISSUER_ID}`);
      await expect(issue(OTHER, upgraded)).rejects.toThrow(`belongs to the issuer ${ISSUER_ID}`);
      expect(await change(OTHER, upgraded)).toBe(ISSUER_ID);
    } finally {
      await upgraded.drop();
    }
  });

  it('that belongs to another ISSUER_ID meanwhile is signed for no more by a process that runs', async () => {
    const shared = await testDatabase('issuer');
    const issuerServer = await TestIssuerServer.start(shared);
    try {
      const { token } = await issuerServer.issued();
      // What change-issuer-id does, in another process.
      await issuerServer.query(`UPDATE issuer_record SET issuer_id = '${OTHER}'`);
      expect((await issuerServer.renew({ token })).status).toBe(503);
      await expect(issuerServer.issued()).rejects.toMatchObject({
        cause: { message: expect.stringContaining(`belongs to the issuer ${OTHER} now`) },
      });
      await issuerServer.query(`UPDATE issuer_record SET issuer_id = '${ISSUER_ID}'`);
      expect((await issuerServer.renew({ token })).status).toBe(200);
    } finally {
      await issuerServer.stop();
      await shared.drop();
    }
  });

  describe('while its ISSUER_ID is changed (needs two sessions)', () => {
    const where = POSTGRES_URL === undefined ? it.skip : it;
    let shared: TestDatabase;
    let issuerServer: TestIssuerServer;

    beforeEach(async () => {
      shared = await testDatabase('issuer');
      issuerServer = await TestIssuerServer.start(shared);
    });

    afterEach(async () => {
      await issuerServer.stop();
      await shared.drop();
    });

    /** Whether a session waits for a lock. */
    async function isAnyWaiting(): Promise<boolean> {
      const rows = await issuerServer.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return (rows as unknown[]).length > 0;
    }

    where('a transaction that signs ends before the change', async () => {
      const { lid } = await issuerServer.issued();
      const { nest } = issuerServer.running.application;
      const events: string[] = [];
      const { changed } = await nest.get(OwnDatabase).transaction(async (manager) => {
        const license = await manager.findOneByOrFail(IssuedLicenseEntity, { lid });
        await nest.get(LicenseSigner).license(manager, license, license.lastIat + 1);
        const changed = change(OTHER, shared).then(() => events.push('changed'));
        while (events.length === 0 && !(await isAnyWaiting())) await tick();
        events.push('signed');
        return { changed };
      });
      await changed;
      expect(events).toEqual(['signed', 'changed']);
    });

    where('a renewal waits for the change, and is refused then', async () => {
      const { token } = await issuerServer.issued();
      const client = new pg.Client({ connectionString: shared.url });
      await client.connect();
      try {
        // What change-issuer-id does, in another process.
        await client.query('BEGIN');
        await client.query('SELECT 1 FROM issuer_record FOR UPDATE');
        await client.query(`UPDATE issuer_record SET issuer_id = '${OTHER}'`);
        let status: number | undefined;
        const renewal = issuerServer.renew({ token }).then((reply) => (status = reply.status));
        while (status === undefined && !(await isAnyWaiting())) await tick();
        await client.query('COMMIT');
        expect(await renewal).toBe(503);
      } finally {
        await client.end();
      }
    });
  });

  it('belongs to the ISSUER_ID of its first process, and refuses another one until an operator says so', async () => {
    await issue(ISSUER_ID, database, 'mine');
    await expect(issue(OTHER)).rejects.toThrow(ConfigError);
    await expect(list(OTHER)).rejects.toThrow(`belongs to the issuer ${ISSUER_ID}`);
    const before = await token(ISSUER_ID);
    expect(await change(OTHER)).toBe(ISSUER_ID);
    expect(await change(OTHER)).toBe(OTHER);
    await expect(TestIssuerServer.start(database)).rejects.toThrow(`belongs to the issuer ${OTHER}`);
    // The newest token says another issuer than the present one: it is not given any more.
    const after = await token(OTHER);
    expect(issOf(before)).toBe(ISSUER_ID);
    expect(issOf(after)).toBe(OTHER);
  });
});

async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}

function issOf(token: string): unknown {
  const payload = token.split('.')[1] ?? '';
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss: unknown }).iss;
}
