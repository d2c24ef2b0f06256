import { ACTIONS } from '../../src/domain/actions.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const ROLES_PATH = '/api/access-control/roles';
const UIDS = ['a', 'b'];
const ALL = ACTIONS.map((action) => ({ action }));
const LITTLE = [{ action: 'roles:write' }];
const ROUNDS = 10;

describe('Two administrators by custom roles on two replicas', () => {
  let database: TestDatabase;
  let replicas: TestService[] = [];

  beforeEach(async () => {
    database = await testDatabase();
  });

  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    await database.drop();
  });

  it('do not take away each other: one of two changes at the same time is refused', async () => {
    const first = await TestService.start(database);
    const tokens: string[] = [];
    for (const uid of UIDS) {
      await first.post(ROLES_PATH, { uid, name: uid, permissions: ALL });
      tokens.push((await first.caller(uid)).token);
    }
    await first.stop();
    const settings = { BOOTSTRAP_TOKEN: undefined };
    replicas = [await TestService.start(database, settings), await TestService.start(database, settings)];
    const versions = [1, 1];
    const put = async (role: number, by: number, permissions: object) => {
      const [uid = '', replica] = [UIDS[role], replicas[by] as TestService];
      await replica.running.application.nest.get(SnapshotService).refresh();
      const body = { version: versions[role], name: uid, permissions };
      const reply = await replica.call('PUT', `${ROLES_PATH}/${uid}`, { token: tokens[by] ?? null, body });
      if (reply.status === 200) versions[role] = reply.body.version as number;
      return reply.status;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const statuses = await Promise.all([put(0, 0, LITTLE), put(1, 1, LITTLE)]);
      expect(statuses.toSorted()).toEqual([200, 409]);
      const left = statuses.indexOf(409);
      expect(await put(1 - left, left, ALL)).toBe(200);
    }
  });
});
