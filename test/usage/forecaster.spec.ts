import { DataSource } from 'typeorm';
import { BOOT } from '../../src/clock/boot.js';
import { loadServiceConfig, SERVICE_CONFIG } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVER_TIME } from '../../src/database/server-time.js';
import { CLOCK } from '../../src/domain/clock.js';
import { ACTIVE_LICENSE } from '../../src/domain/license/active-license.js';
import type { LicenseClaims } from '../../src/domain/license/license-claims.js';
import { termsOf } from '../../src/domain/usage/seat-terms.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { UsageDays } from '../../src/usage/days/usage-days.js';
import { UsageForecaster } from '../../src/usage/usage-forecaster.js';
import { Assembly } from '../support/assembly.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';

const DAY_MS = 86_400_000;
const CLAIMS = { included_users: 50 } as LicenseClaims;

describe('The forecast', () => {
  let testing: TestDatabase;
  let database: Database;

  beforeEach(async () => {
    testing = await testDatabase();
    database = new Database(new DataSource(dataSourceOptions(testing.location, SERVICE_SCHEMA)), 'run');
    await database.start();
  });

  afterEach(async () => {
    await database.onApplicationShutdown();
    await testing.drop();
  });

  it.each([
    ['agrees with ours', 0, 15],
    ['is seconds behind at midnight', 3_000, 14],
  ])('has each day as soon as it is closed, where the clock of the server %s', async (_, behind, atOnce) => {
    const first = Math.floor(Date.now() / DAY_MS);
    const clock = new FakeClock((first + 0.5) * DAY_MS);
    let serverBehind = 0;
    const replica = new Assembly([
      // Only to have a clock of the server, which the embedded database has not.
      [SERVICE_CONFIG, loadServiceConfig({ DATABASE_URL: 'postgres://localhost/x' })],
      [CLOCK, clock],
      [BOOT, () => clock.boot()],
      [Database, database],
      [SERVER_TIME, async () => Promise.resolve(clock.now() - serverBehind)],
      [ACTIVE_LICENSE, { validClaims: () => CLAIMS }],
    ]);
    const forecaster = replica.get(UsageForecaster);
    await replica.get(UsageDays).closePast();
    for (let day = 0; day < 15; day += 1) {
      await database.transaction(async (manager) =>
        manager.query(`INSERT INTO usage_count (day, role, shard, subjects) VALUES ($1, 'viewer', 0, 1)`, [
          first + day,
        ]),
      );
      if (day < 14) clock.advance(DAY_MS);
      await replica.get(UsageDays).closePast();
    }
    // The second after the fifteenth day.
    clock.advance((first + 15) * DAY_MS + 1_000 - clock.now());
    serverBehind = behind;
    const days = async () => (await forecaster.forecast(termsOf(CLAIMS).pools))?.days;
    expect(await days()).toBe(atOnce);
    serverBehind = 0;
    expect(await days()).toBe(15);
  });
});
