import { setTimeout as sleep } from 'node:timers/promises';
import { LastAdministrator } from '../../src/accounts/last-administrator.js';
import { Database } from '../../src/database/database.js';
import { DAY } from '../../src/domain/clock.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const MONTH_MS = 30 * DAY * 1000;

describe('The last administrator, where the clock of a replica is wrong', () => {
  let database: TestDatabase;
  let service: TestService;
  let root: { id: number; token: string; tokenId: number };

  beforeEach(async () => {
    database = await testDatabase();
    const first = await TestService.start(database);
    root = await first.caller(ADMINISTRATOR);
    await first.stop();
    service = await TestService.start(database, { BOOTSTRAP_TOKEN: undefined });
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
  });

  /** Another administrator. */
  async function add(secondsToLive: number): Promise<string> {
    const { token } = root;
    const { id } = (await service.post('/api/serviceaccounts', { name: 'other' }, { token })).body as {
      id: number;
    };
    await service.post(`/api/access-control/users/${id}/roles`, { roleUid: ADMINISTRATOR }, { token });
    const made = await service.post(
      `/api/serviceaccounts/${id}/tokens`,
      { name: 't', secondsToLive },
      { token },
    );
    return made.body.key as string;
  }

  async function revoke(token: string) {
    const path = `/api/serviceaccounts/${root.id}/tokens/${root.tokenId}`;
    const { status, body } = await service.call('PATCH', path, { token, body: { isRevoked: true } });
    return [status, body.messageId ?? ''];
  }

  it('is kept by a replica that is behind, and takes an expired token for one that lasts', async () => {
    await add(1);
    await sleep(1_500);
    service.clock.set(Date.now() - MONTH_MS);
    expect(await revoke(root.token)).toEqual([409, 'access.last-administrator']);
  });

  it('is kept by a replica that is ahead, and takes every token for expired', async () => {
    const { nest } = service.running.application;
    const revokeAll = async (expiresAt: Date) =>
      nest.get(Database).transaction(async (manager) => {
        await manager.query('UPDATE service_account_token SET expires_at = $1', [expiresAt]);
        await nest.get(LastAdministrator).keep(manager, async () => {
          await manager.query('UPDATE service_account_token SET is_revoked = true');
        });
      });
    service.clock.set(Date.now() + MONTH_MS);
    await expect(revokeAll(new Date(Date.now() + 20 * DAY * 1000))).rejects.toMatchObject({
      code: 'access.last-administrator',
    });
    await revokeAll(new Date(Date.now() - 1_000));
  });

  it('may go once another one lasts by both clocks', async () => {
    await add(90 * DAY);
    service.clock.set(Date.now() - MONTH_MS);
    expect(await revoke(root.token)).toEqual([200, '']);
  });
});
