import { DataSource } from 'typeorm';
import { AuditStore } from '../../src/audit/audit.store.js';
import { loadServiceConfig, SERVICE_CONFIG } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { CLOCK } from '../../src/domain/clock.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { Assembly, type Class } from '../support/assembly.js';
import { testDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';

/** The real classes of `src/audit` over a database, for several replicas, without a server in front of them. */
export class AuditStage {
  readonly clock = new FakeClock();

  private constructor(
    readonly database: Database,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(): Promise<AuditStage> {
    const testing = await testDatabase();
    const database = new Database(new DataSource(dataSourceOptions(testing.location, SERVICE_SCHEMA)), 'run');
    await database.start();
    return new AuditStage(database, async () => {
      await database.onApplicationShutdown();
      await testing.drop();
    });
  }

  /** A class of a replica of its own. */
  replica<T>(type: Class<T>): T {
    const config = loadServiceConfig({ DATABASE_URL: 'pglite://memory', AUDIT_RETENTION_DAYS: '10' });
    return new Assembly([
      [SERVICE_CONFIG, config],
      [CLOCK, this.clock],
      [Database, this.database],
    ]).get(type);
  }

  async query<Row>(sql: string): Promise<Row[]> {
    return this.database.transaction(async (manager) => manager.query<Row[]>(sql));
  }

  /** Records changes of these targets. */
  async record(...targets: string[]): Promise<void> {
    const audit = new AuditStore(this.clock);
    const actor = { id: 'bootstrap', requestId: 'r-1', client: '192.0.2.1' };
    await this.database.transaction(async (manager) => {
      for (const target of targets) await audit.record(manager, actor, 'role.add', target, { role: 'x' });
    });
  }

  async close(): Promise<void> {
    await this.drop();
  }
}
