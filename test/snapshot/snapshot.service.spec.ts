import { ServiceError } from '../../src/domain/service-error.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { TokenTable } from '../../src/snapshot/token-table.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

describe('A snapshot that is to be read anew', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('is read anew after a reading that failed, and once', async () => {
    const snapshots = service.running.application.nest.get(SnapshotService);
    let isAway = true;
    let readings = 0;
    snapshots.register('tokens', async () => {
      if (isAway) throw new ServiceError('database.unavailable');
      readings += 1;
      return Promise.resolve(new TokenTable());
    });
    snapshots.reload();
    await expect(snapshots.refresh()).rejects.toMatchObject({ code: 'database.unavailable' });
    isAway = false;
    await snapshots.refresh();
    await snapshots.refresh();
    expect(readings).toBe(1);
  });
});
