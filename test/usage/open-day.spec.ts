import { DataSource } from 'typeorm';
import { BOOT } from '../../src/clock/boot.js';
import { loadServiceConfig, SERVICE_CONFIG } from '../../src/config/service-config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVER_TIME } from '../../src/database/server-time.js';
import { CLOCK } from '../../src/domain/clock.js';
import { ACTIVE_LICENSE } from '../../src/domain/license/active-license.js';
import type { LicenseClaims } from '../../src/domain/license/license-claims.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { UsageReader } from '../../src/usage/usage-reader.js';
import { UsageService } from '../../src/usage/usage.service.js';
import { Assembly } from '../support/assembly.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';

const DAY_MS = 86_400_000;
const CLAIMS = { included_users: 2 } as LicenseClaims;

describe('A day that the clock of the server has not ended yet', () => {
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

  it('is the present one for every answer, and for the gate', async () => {
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
    const usage = replica.get(UsageService);
    const reader = replica.get(UsageReader);
    const answers = async () => ({
      used: (await usage.usage()).count.used,
      stats: (await usage.counts()).users,
      anna: (await reader.explain('anna')).isCounted,
      listed: (await reader.page('', 10)).filter(({ isCounted }) => isCounted).length,
      gate: (await usage.admit('carl')).admitted,
    });
    for (const subject of ['anna', 'bert']) expect((await usage.admit(subject)).reason).toBe('seat-free');
    // The second after the last day on which they count.
    clock.advance((first + 30) * DAY_MS + 1_000 - clock.now());
    serverBehind = 3_000;
    expect(await answers()).toEqual({ used: 2, stats: 2, anna: true, listed: 2, gate: false });
    clock.advance(3_000);
    expect(await answers()).toEqual({ used: 0, stats: 0, anna: false, listed: 0, gate: true });
  });
});
