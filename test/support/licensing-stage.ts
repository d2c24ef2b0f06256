import { HttpService } from '@nestjs/axios';
import { DataSource, type EntityManager } from 'typeorm';
import { BOOT } from '../../src/clock/boot.js';
import type { Environment } from '../../src/config/environment.js';
import { loadServiceConfig, SERVICE_CONFIG } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { askServer, SERVER_TIME } from '../../src/database/server-time.js';
import type { Actor } from '../../src/domain/actor.js';
import { CLOCK } from '../../src/domain/clock.js';
import { IssuerKeys } from '../../src/issuer/issuer-keys.js';
import { LicenseInstaller } from '../../src/licensing/install/license-installer.js';
import { LicenseReader, type LicenseState } from '../../src/licensing/license/license-reader.js';
import { LicensingService } from '../../src/licensing/licensing.service.js';
import { LicenseSources } from '../../src/licensing/sources/license-sources.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { TokenTable } from '../../src/snapshot/token-table.js';
import { Assembly, type Class } from './assembly.js';
import { type TestDatabase, testDatabase } from './database.js';
import { FakeClock } from './fake-clock.js';
import { FakeIssuer } from './fake-issuer/fake-issuer.js';
import type { Overrides } from './tokens.js';

/** Who acts in these tests. */
export const ACTOR: Actor = { id: 'test', requestId: 'request' };

/** The real classes of `src/licensing` over a database and an issuer, without a server in front of them. */
export class LicensingStage {
  readonly clock = new FakeClock();
  #parts: Assembly;

  private constructor(
    private readonly testDatabase: TestDatabase,
    private readonly database: Database,
    readonly issuer: FakeIssuer,
  ) {
    this.#parts = this.#assemble({});
  }

  static async open(): Promise<LicensingStage> {
    const testing = await testDatabase();
    const database = new Database(new DataSource(dataSourceOptions(testing.location, SERVICE_SCHEMA)), 'run');
    await database.start();
    const stage = new LicensingStage(testing, database, await FakeIssuer.start());
    await stage.restart();
    return stage;
  }

  /** New objects over the same rows, as after a restart. @param environment - of the service */
  async restart(environment: Environment = {}): Promise<void> {
    this.get(IssuerKeys).beforeApplicationShutdown();
    this.#parts = this.#assemble(environment);
    // Each part says at its making what it loads or follows.
    this.get(SnapshotService).register('tokens', async () => new TokenTable());
    for (const part of [LicenseReader, LicenseInstaller, LicenseSources]) this.get<object>(part);
    await this.get(IssuerKeys).start();
    await this.get(SnapshotService).refresh();
    await this.get(LicenseSources).lookNow();
  }

  get<T>(type: Class<T>): T {
    return this.#parts.get(type);
  }

  /** The present second of the clock. */
  get now(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  /** Stops the clock, so that a whole test is about one second. @returns it, Unix seconds */
  hold(second = Math.floor(Date.now() / 1000)): number {
    this.clock.hold(second * 1000);
    return second;
  }

  /** Installs a token of these claims, or has it wait for its `nbf`. @returns the token */
  async install(claims: Overrides = {}, { queue = false } = {}): Promise<string> {
    const token = this.issuer.token(claims);
    await this.get(LicenseInstaller).install(ACTOR, token, { queue, acknowledge: true });
    return token;
  }

  /** What the check goes by. */
  get state(): LicenseState {
    return this.get(LicenseReader).current();
  }

  async query<Row>(sql: string): Promise<Row[]> {
    return this.database.read((manager) => manager.query(sql));
  }

  /** What only a mistake, a backup or another test could have done to the database. */
  async change(sql: string): Promise<void> {
    await this.database.transaction((manager) => manager.query(sql));
  }

  /** Makes way for the next test: no license, the usual environment and the real time. */
  async clear(): Promise<void> {
    this.clock.set(Date.now());
    await this.restart();
    await this.get(LicensingService).remove(ACTOR, 'http://localhost:3000/');
  }

  async close(): Promise<void> {
    this.get(IssuerKeys).beforeApplicationShutdown();
    await this.issuer.stop();
    await this.database.onApplicationShutdown();
    await this.testDatabase.drop();
  }

  #assemble(environment: Environment): Assembly {
    const config = loadServiceConfig({
      ISSUER_URL: this.issuer.url,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
      ...environment,
    });
    return new Assembly([
      [SERVICE_CONFIG, config],
      [CLOCK, this.clock],
      [BOOT, () => this.clock.boot()],
      [SERVER_TIME, async (manager: EntityManager) => (await askServer(manager)) + this.clock.shift],
      [Database, this.database],
      [HttpService, new HttpService()],
    ]);
  }
}

/** One stage for all tests of a `describe`, which find it without a license. */
export function shareLicensingStage(use: (stage: LicensingStage) => void): void {
  let stage: LicensingStage;

  beforeAll(async () => {
    stage = await LicensingStage.open();
    use(stage);
  });

  afterEach(async () => {
    await stage.clear();
  });

  afterAll(async () => {
    await stage.close();
  });
}
