import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { getDataSourceToken } from '@nestjs/typeorm';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { loadIssuerServerConfig } from '../../../src/config/issuer-server-config.js';
import { readTokenHeader } from '../../../src/domain/license/license-token.js';
import { type RunningIssuerServer, startIssuerServer } from '../../../src/issuer-server/issuer-server.js';
import { KeyAdministration } from '../../../src/issuer-server/keys/key-administration.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { Scrape } from '../../support/scrape.js';
import { INSTANCE, ISSUER_ID } from '../test-issuer-server.js';

interface Line {
  readonly msg: string;
  readonly kid?: string;
  readonly context?: string;
}

describe('the private part of the active key, in a file', () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  let database: TestDatabase;
  let directory: string;
  let file: string;
  let running: RunningIssuerServer;
  let keys: KeyAdministration;
  let log: Line[];

  beforeEach(async () => {
    database = await testDatabase('issuer');
    directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
    file = join(directory, 'key.pem');
    await writeFile(file, pem);
    log = [];
    const sink = new Writable({
      write: (chunk, _, done) => {
        log.push(
          ...String(chunk)
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Line),
        );
        done();
      },
    });
    const config = loadIssuerServerConfig({ PORT: '0', DATABASE_URL: database.url, ISSUER_ID });
    running = await startIssuerServer(config, pino({}, sink));
    keys = running.application.nest.get(KeyAdministration);
  });

  afterEach(async () => {
    await running.application.close(0);
    await database.drop();
    await rm(directory, { recursive: true });
  });

  /** What the log says of keys that cannot be used, and of such that can again. */
  const said = () =>
    log.filter(({ context, msg }) => context === 'SigningKeys' && /cannot be|can be|has /.test(msg));
  const usable = async () => (await Scrape.of(running.url)).value('licentia_signing_key_usable');
  const signs = async () => readTokenHeader((await running.issuer.issue({ sub: INSTANCE })).token).kid;
  const dataSource = () => running.application.nest.get<DataSource>(getDataSourceToken('issuer-server'));

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!(await condition()) && performance.now() < deadline) await sleep(50);
    expect(await condition()).toBe(true);
  }

  it('is kept in memory while the file is away, which the log says each time, and when it is back', async () => {
    const { kid } = await keys.add(undefined, file);
    await keys.activate(kid, true);
    log.length = 0;
    for (let times = 1; times <= 2; times += 1) {
      await rm(file);
      // The keys are read again.
      await keys.add(undefined, undefined);
      await sleep(2_500);
      expect(said()).toEqual([
        expect.objectContaining({
          msg: expect.stringMatching(/cannot be read any more: this process goes on signing with it/),
          kid,
        }),
      ]);
      expect([await signs(), await usable()]).toEqual([kid, 1]);
      await writeFile(file, pem);
      await until(() => said().length > 1);
      await sleep(1_500);
      expect(said().slice(1)).toEqual([
        expect.objectContaining({ msg: 'the active signing key can be used now', kid }),
      ]);
      log.length = 0;
    }
  });

  it('is awaited where another database took the place of the former, with an active key that is not there', async () => {
    const [former] = await keys.list();
    const { kid } = await keys.add(undefined, file);
    await rm(file);
    await dataSource().transaction(async (manager) => {
      await manager.query('DELETE FROM signing_key WHERE kid = $1', [former?.key.kid]);
      await manager.query(`UPDATE signing_key SET state = 'active' WHERE kid = $1`, [kid]);
    });
    await until(async () => (await usable()) === 0);
    expect(said().at(-1)).toMatchObject({
      msg: expect.stringMatching(/the former one goes on signing/),
      kid,
    });
    expect(await signs()).toBe(former?.key.kid);
    await writeFile(file, pem);
    await until(async () => (await usable()) === 1);
    expect(await signs()).toBe(kid);
    expect(said().at(-1)).toMatchObject({ msg: 'the active signing key can be used now', kid });
  });

  it('is looked for again after a time in which the database had no key', async () => {
    const [before] = await keys.list();
    log.length = 0;
    await dataSource().query('CREATE TABLE kept AS SELECT * FROM signing_key');
    await dataSource().query('DELETE FROM signing_key');
    await until(() => said().length > 0);
    await dataSource().query('INSERT INTO signing_key SELECT * FROM kept');
    await until(() => said().length > 1);
    expect(said()).toEqual([
      expect.objectContaining({ msg: 'the database has no signing key any more: the last one stays' }),
      expect.objectContaining({ msg: 'the database has signing keys again' }),
    ]);
    expect(await signs()).toBe(before?.key.kid);
  });
});
