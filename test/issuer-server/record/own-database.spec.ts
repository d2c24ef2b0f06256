import { SigningKeys } from '../../../src/issuer-server/keys/signing-keys.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { ISSUER_ID, TestIssuerServer } from '../test-issuer-server.js';

const ADMIN_TOKEN = 'an-admin-token-of-this-test-0123456789';
const OTHER = 'https://other.example.com';
const CALLS: [string, string, object | undefined][] = [
  ['GET', '/licenses', undefined],
  ['GET', '/usage', undefined],
  ['GET', '/keys', undefined],
  ['GET', '/licenses/:lid', undefined],
  ['GET', '/licenses/:lid/history', undefined],
  ['POST', '/licenses', { sub: 'http://localhost:3000' }],
  ['PATCH', '/licenses/:lid', { company: 'Other' }],
  ['POST', '/licenses/:lid/token', {}],
  ['POST', '/licenses/:lid/suspend', {}],
  ['POST', '/licenses/:lid/resume', {}],
  ['POST', '/licenses/:lid/revoke', {}],
  ['POST', '/licenses/:lid/prolong', { days: 30 }],
  ['POST', '/licenses/:lid/repair', {}],
  ['POST', '/repair', {}],
  ['POST', '/keys', {}],
  ['POST', '/keys/theirs/activate', { force: true }],
  ['POST', '/keys/theirs/retire', { force: true }],
  ['POST', '/clock/confirm', {}],
];
const TABLES = ['issuer_record', 'issued_license', 'license_event', 'signing_key'];

describe('A running issuer whose database is that of another ISSUER_ID now', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer;
  let lid: string;
  let kid: string;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuerServer = await TestIssuerServer.start(database, undefined, { ISSUER_ADMIN_TOKEN: ADMIN_TOKEN });
    ({ lid } = await issuerServer.issued());
    kid = await publishedKid();
    // As a dump of another issuer that was put into the same database.
    await issuerServer.query(`UPDATE issuer_record SET issuer_id = '${OTHER}'`);
    await issuerServer.query(`UPDATE signing_key SET kid = 'theirs'`);
  });

  afterAll(async () => {
    await issuerServer.stop();
    await database.drop();
  });

  async function publishedKid(): Promise<string> {
    const response = await fetch(`${issuerServer.running.url}/.well-known/jwks.json`);
    return ((await response.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid).join();
  }

  async function call(method: string, path: string, body?: object) {
    const response = await fetch(`${issuerServer.running.url}/v1/admin${path.replace(':lid', lid)}`, {
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { messageId } = (await response.json()) as { messageId?: string };
    return [response.status, messageId];
  }

  async function rows(): Promise<unknown[]> {
    const all = [];
    for (const table of TABLES) all.push(await issuerServer.query(`SELECT * FROM ${table} ORDER BY 1, 2`));
    return all;
  }

  it.each(CALLS)('answers %s %s with 503 and changes nothing', async (method, path, body) => {
    const before = await rows();
    expect(await call(method, path, body)).toEqual([503, 'database.unavailable']);
    expect(await rows()).toEqual(before);
  });

  it.each(CALLS)(
    'answers %s %s with 503 and changes nothing where the record is missing, as in a dump of a former release',
    async (method, path, body) => {
      await issuerServer.query('DELETE FROM issuer_record');
      try {
        const before = await rows();
        expect(await call(method, path, body)).toEqual([503, 'database.unavailable']);
        expect(await rows()).toEqual(before);
      } finally {
        await issuerServer.query(
          `INSERT INTO issuer_record (id, issuer_id, last_seen) VALUES (1, '${OTHER}', 0)`,
        );
      }
    },
  );

  it('goes on publishing its own keys, and works again with its own database', async () => {
    await issuerServer.running.application.nest.get(SigningKeys).follow();
    expect(await publishedKid()).toBe(kid);
    await issuerServer.query(`UPDATE issuer_record SET issuer_id = '${ISSUER_ID}'`);
    await issuerServer.query(`UPDATE signing_key SET kid = '${kid}'`);
    expect(await call('POST', '/licenses/:lid/suspend', {})).toEqual([200, undefined]);
  });
});
