import { setTimeout as sleep } from 'node:timers/promises';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { type Reply, TestService } from '../support/service.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const ACCOUNTS = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
/** Long enough for a request to come to the lock of all changes. Milliseconds. */
const TO_THE_LOCK_MS = 500;

describe('A change that waits for the change of another replica', () => {
  let database: TestDatabase;
  let here: TestService;
  let there: TestService;

  beforeAll(async () => {
    database = await testDatabase('none');
    [here, there] = await Promise.all([TestService.start(database), TestService.start(database)]);
  });

  afterAll(async () => {
    await here.stop();
    await there.stop();
    await database.drop();
  });

  /** Changes an account by SQL in a change of one replica, for which a request to the other one waits. */
  async function meanwhile(account: number, sql: string, ask: () => Promise<Reply>): Promise<Reply> {
    return here.running.application.nest
      .get(SnapshotService)
      .change(async (manager) => {
        const reply = ask();
        await sleep(TO_THE_LOCK_MS);
        await manager.query(sql, [account]);
        return { changed: { accounts: [account] }, value: { reply } };
      })
      .then(async ({ reply }) => reply);
  }

  it.each([
    ['its token', 401, 'UPDATE service_account_token SET is_revoked = true WHERE service_account_id = $1'],
    ['its account', 401, 'UPDATE service_account SET is_disabled = true WHERE id = $1'],
    ['its role', 403, 'DELETE FROM role_assignment WHERE service_account_id = $1'],
  ])('makes no token for a caller that loses %s by it', async (_name, status, sql) => {
    const [subject, other] = [await here.caller(ADMINISTRATOR), await here.caller(ADMINISTRATOR)];
    const tokens = `/api/serviceaccounts/${other.id}/tokens`;
    const { token } = subject;
    expect((await there.get(tokens, { token })).status).toBe(200);
    const reply = await meanwhile(subject.id, sql, async () =>
      there.post(tokens, { name: 'left behind' }, { token }),
    );
    expect(reply.status).toBe(status);
    expect((await here.get(tokens)).body).toHaveLength(1);
    expect((await there.get(tokens, { token })).status).toBe(status);
  });

  it('is made for a caller that loses nothing by it', async () => {
    const [subject, other] = [await here.caller(ACCOUNTS), await here.caller(ACCOUNTS)];
    const { token } = subject;
    expect((await there.get('/api/serviceaccounts/search', { token })).status).toBe(200);
    const reply = await meanwhile(
      other.id,
      'UPDATE service_account SET is_disabled = true WHERE id = $1',
      async () => there.post('/api/serviceaccounts', { name: 'made afterwards' }, { token }),
    );
    expect(reply.status).toBe(201);
  });
});
