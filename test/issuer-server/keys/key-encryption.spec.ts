import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { encryptionKeyId } from '../../../src/domain/sealed-text.js';
import { ConfigError } from '../../../src/config/environment.js';
import { dataSourceOptions } from '../../../src/database/data-source-options.js';
import { authenticateLicenseToken } from '../../../src/domain/license/license-token.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestIssuerServer } from '../test-issuer-server.js';

interface Row {
  readonly kid: string;
  readonly private_jwk: { readonly d: string } | null;
  readonly private_sealed: string | null;
}

const [first, second] = [randomBytes(32), randomBytes(32)];
const set = (...keys: readonly Buffer[]) => ({
  ISSUER_KEY_ENCRYPTION_KEY: keys.map((key) => key.toString('base64')).join(','),
});

describe('ISSUER_KEY_ENCRYPTION_KEY', () => {
  let database: TestDatabase;
  let issuerServer: TestIssuerServer | undefined;

  beforeEach(async () => {
    database = await testDatabase('issuer');
  });

  afterEach(async () => {
    await issuerServer?.stop();
    issuerServer = undefined;
    await database.drop();
  });

  async function start(environment = {}): Promise<TestIssuerServer> {
    issuerServer = await TestIssuerServer.start(database, undefined, environment);
    return issuerServer;
  }

  async function stop(): Promise<void> {
    await issuerServer?.stop();
    issuerServer = undefined;
  }

  /** Asks the database while no issuer runs on it. */
  async function query(sql: string): Promise<Row[]> {
    const dataSource = new DataSource(dataSourceOptions(database.location, { entities: [], migrations: [] }));
    await dataSource.initialize();
    try {
      return await dataSource.query(sql);
    } finally {
      await dataSource.destroy();
    }
  }

  const rows = () => query('SELECT kid, private_jwk, private_sealed FROM signing_key');

  it('encrypts the key that is there in clear at the next start, and it signs as before', async () => {
    const { token } = await (await start()).issued();
    await stop();
    const [clear] = await rows();
    expect(clear?.private_jwk?.d).toMatch(/^[\w-]{43}$/);

    const encrypted = await start(set(first));
    expect((await encrypted.renew({ token })).status).toBe(200);
    await expect(authenticateLicenseToken(token, await encrypted.keySet())).resolves.toMatchObject({ token });
    await stop();
    const [sealed] = await rows();
    expect(sealed).toMatchObject({ kid: clear?.kid, private_jwk: null });
    expect(sealed?.private_sealed).toMatch(new RegExp(`^v1\\.${encryptionKeyId(first)}\\.`));

    const again = await start(set(first));
    expect((await again.renew({ token })).status).toBe(200);
    await stop();
    expect(await rows()).toEqual([sealed]);
  });

  it('keeps the first key of a new database from ever being there in clear', async () => {
    await start(set(first));
    await stop();
    expect(await rows()).toEqual([
      { kid: expect.any(String), private_jwk: null, private_sealed: expect.stringMatching(/^v1\./) },
    ]);
  });

  it('ends the start with one sentence where it is missing or another one, and with another where the row is damaged', async () => {
    await start(set(first));
    await stop();
    const id = encryptionKeyId(first);
    const missing = new RegExp(
      `ISSUER_KEY_ENCRYPTION_KEY is not set, and the database needs the key ${id} that encrypted the signing key \\S+: set it to that key$`,
    );
    await expect(start()).rejects.toThrow(missing);
    await expect(start(set(second))).rejects.toThrow(ConfigError);
    await expect(start(set(second))).rejects.toThrow(
      new RegExp(`ISSUER_KEY_ENCRYPTION_KEY has not the key ${id} that encrypted the signing key \\S+: set`),
    );
    await query(`UPDATE signing_key SET kid = 'another'`);
    await expect(start(set(first))).rejects.toThrow(/The encrypted signing key another is damaged: restore/);
  });

  it('moves on to a new key, with the former one behind it once', async () => {
    const { token } = await (await start(set(first))).issued();
    await stop();
    await start(set(second, first));
    await stop();
    expect((await rows())[0]?.private_sealed).toMatch(new RegExp(`^v1\\.${encryptionKeyId(second)}\\.`));
    expect((await (await start(set(second))).renew({ token })).status).toBe(200);
  });
});
