import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

/** What another replica did counts within this time, milliseconds. */
const WITHIN_MS = 1_000;
const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

interface Subject {
  readonly id: number;
  readonly token: string;
  readonly tokenId: number;
}

describe('three replicas over one PostgreSQL', () => {
  let database: TestDatabase;
  let replicas: TestService[];
  let names = 0;

  beforeAll(async () => {
    database = await testDatabase('none');
    replicas = await Promise.all([1, 2, 3].map(async () => TestService.start(database)));
  });

  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await database.drop();
  });

  const [first, others] = [() => replicas[0] as TestService, () => replicas.slice(1)];
  const statusAt = async (replica: TestService, token: string) =>
    (await replica.get('/api/licensing/check', { token })).status;

  async function customRole(): Promise<{ uid: string; name: string }> {
    names += 1;
    const role = { uid: `role-${names}`, name: `custom:role:${names}` };
    await first().post('/api/access-control/roles', { ...role, permissions: [{ action: 'licensing:read' }] });
    return role;
  }

  async function changeRole(role: { uid: string; name: string }, action: string): Promise<void> {
    const path = `/api/access-control/roles/${role.uid}`;
    const { body } = await first().get(path);
    const change = { name: role.name, version: body.version, permissions: [{ action }] };
    await first().call('PUT', path, { body: change });
  }

  const changes: [string, number, () => Promise<{ subject: Subject; change: () => Promise<unknown> }>][] = [
    [
      'a role that was taken',
      403,
      async () => {
        const subject = await first().caller(LICENSING_READER);
        const path = `/api/access-control/users/${subject.id}/roles/${LICENSING_READER}`;
        return { subject, change: async () => first().call('DELETE', path) };
      },
    ],
    [
      'a custom role that was made smaller',
      403,
      async () => {
        const role = await customRole();
        const subject = await first().caller(role.uid);
        return { subject, change: async () => changeRole(role, 'audit:read') };
      },
    ],
    [
      'a custom role that was deleted',
      403,
      async () => {
        const role = await customRole();
        const subject = await first().caller(role.uid);
        const path = `/api/access-control/roles/${role.uid}?force=true`;
        return { subject, change: async () => first().call('DELETE', path) };
      },
    ],
    [
      'a token that was revoked',
      401,
      async () => {
        const subject = await first().caller(LICENSING_READER);
        const path = `/api/serviceaccounts/${subject.id}/tokens/${subject.tokenId}`;
        return { subject, change: async () => first().call('PATCH', path, { body: { isRevoked: true } }) };
      },
    ],
    [
      'an account that was disabled',
      401,
      async () => {
        const subject = await first().caller(LICENSING_READER);
        const body = { isDisabled: true };
        return {
          subject,
          change: async () => first().call('PATCH', `/api/serviceaccounts/${subject.id}`, { body }),
        };
      },
    ],
    [
      'an account that was deleted',
      401,
      async () => {
        const subject = await first().caller(LICENSING_READER);
        return { subject, change: async () => first().call('DELETE', `/api/serviceaccounts/${subject.id}`) };
      },
    ],
  ];

  it.each(changes)(
    'know %s on the next request here, and within a second elsewhere',
    async (_, status, make) => {
      const {
        subject: { token },
        change,
      } = await make();
      for (const replica of replicas) expect(await statusAt(replica, token)).toBe(200);
      await change();
      const changed = performance.now();
      expect(await statusAt(first(), token)).toBe(status);
      for (const replica of others()) {
        while ((await statusAt(replica, token)) !== status && performance.now() - changed < 10 * WITHIN_MS)
          await sleep(10);
      }
      expect(performance.now() - changed).toBeLessThan(WITHIN_MS);
    },
  );

  it('know a custom role that grew at once, and let its holders in', async () => {
    const role = await customRole();
    await changeRole(role, 'audit:read');
    const { token } = await first().caller(role.uid);
    await changeRole(role, 'licensing:read');
    const changed = performance.now();
    for (const replica of replicas) {
      while ((await statusAt(replica, token)) !== 200 && performance.now() - changed < 10 * WITHIN_MS)
        await sleep(10);
    }
    expect(performance.now() - changed).toBeLessThan(WITHIN_MS);
  });

  it('let one of parallel changes of a role win, on any replica', async () => {
    const role = await customRole();
    const replies = await Promise.all(
      replicas.map(async (replica, index) =>
        replica.call('PUT', `/api/access-control/roles/${role.uid}`, {
          body: {
            name: role.name,
            version: 1,
            permissions: [{ action: `licensing:${['write', 'delete', 'read'][index]}` }],
            description: `${index}`,
          },
        }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });
});
