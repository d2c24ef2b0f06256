import { Agent, request } from 'node:http';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ACCOUNTS_WRITER = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const PASSWORD = 'correct horse battery';
const ROUNDS = 20;

interface Caller {
  readonly name: string;
  readonly authorization: string | undefined;
  /** Of the check, the license, and the tokens of an account. */
  readonly statuses: readonly [number, number, number];
}

/** Known incidents: an answer or a right of one caller given to another, on a shared connection or in a shared cache. */
describe('Callers of all kinds at the same time', () => {
  let database: TestDatabase;
  let service: TestService;
  // Few connections, so that each carries requests of different callers.
  const agent = new Agent({ keepAlive: true, maxSockets: 12 });

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { ADMIN_USER: 'admin', ADMIN_PASSWORD: PASSWORD });
  });

  afterAll(async () => {
    agent.destroy();
    await service.stop();
    await database.drop();
  });

  const bearer = (token: string) => `Bearer ${token}`;

  async function callers(accountId: number): Promise<Caller[]> {
    const [reader, writer, nobody] = [
      await service.caller(READER),
      await service.caller(ACCOUNTS_WRITER),
      await service.caller(),
    ];
    const [revoked, disabled, expired] = [
      await service.caller(READER),
      await service.caller(READER),
      await service.caller(READER),
    ];
    const tokens = (id: number) => `/api/serviceaccounts/${id}/tokens`;
    const short = await service.post(tokens(expired.id), { name: 'short', secondsToLive: 1 });
    await service.call('PATCH', `${tokens(revoked.id)}/${revoked.tokenId}`, { body: { isRevoked: true } });
    await service.call('PATCH', `/api/serviceaccounts/${disabled.id}`, { body: { isDisabled: true } });
    service.clock.set(Date.now() + 2_000);
    const password = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
    // Once alone: the hash of the password is then known, and the requests below wait for nothing.
    expect((await call(password, `/api/serviceaccounts/${accountId}/tokens`)).status).toBe(200);
    return [
      { name: 'a reader', authorization: bearer(reader.token), statuses: [200, 200, 403] },
      { name: 'a writer of accounts', authorization: bearer(writer.token), statuses: [403, 403, 200] },
      { name: 'one without a role', authorization: bearer(nobody.token), statuses: [403, 403, 403] },
      { name: 'the administrator', authorization: password, statuses: [200, 200, 200] },
      { name: 'a revoked token', authorization: bearer(revoked.token), statuses: [401, 401, 401] },
      { name: 'a disabled account', authorization: bearer(disabled.token), statuses: [401, 401, 401] },
      {
        name: 'an expired token',
        authorization: bearer(short.body.key as string),
        statuses: [401, 401, 401],
      },
      { name: 'an unknown token', authorization: bearer('licsa_unknown'), statuses: [401, 401, 401] },
      { name: 'nobody', authorization: undefined, statuses: [401, 401, 401] },
    ];
  }

  async function call(
    authorization: string | undefined,
    path: string,
    id = 'alone',
  ): Promise<{ status: number; id: unknown; body: string }> {
    const headers = { 'X-Request-Id': id, ...(authorization && { Authorization: authorization }) };
    return new Promise((resolve, reject) => {
      request(`${service.url}${path}`, { agent, headers }, (response) => {
        let body = '';
        response
          .setEncoding('utf8')
          .on('data', (text: string) => (body += text))
          .on('end', () =>
            resolve({ status: response.statusCode ?? 0, id: response.headers['x-request-id'], body }),
          );
      })
        .on('error', reject)
        .end();
    });
  }

  it('get what each of them may, in 540 parallel requests, while roles of another account change', async () => {
    const other = await service.caller();
    const paths = ['/api/licensing/check', '/api/licensing/token', `/api/serviceaccounts/${other.id}/tokens`];
    const all = await callers(other.id);
    const requests = Array.from({ length: ROUNDS }, () => all)
      .flat()
      .flatMap((caller) => paths.map((path, index) => ({ caller, path, status: caller.statuses[index] })));
    expect(requests).toHaveLength(540);
    // 540 and 77 have no common divisor: each request comes once, and callers follow each other in no order.
    const mixed = requests.map((_, index) => requests[(index * 77) % requests.length]);
    const changes = (async () => {
      for (let count = 0; count < 5; count += 1) {
        const roles = `/api/access-control/users/${other.id}/roles`;
        await service.post(roles, { roleUid: READER });
        await service.delete(`${roles}/${READER}`);
      }
    })();
    const answers = await Promise.all(
      mixed.map(async (one, index) => ({
        ...one,
        index,
        answer: await call(one?.caller.authorization, one?.path ?? '', `mixed-${index}`),
      })),
    );
    await changes;
    const wrong = answers.filter(
      ({ status, index, answer }) => answer.status !== status || answer.id !== `mixed-${index}`,
    );
    expect(wrong.map(({ caller, path, answer }) => `${caller?.name} ${path} ${answer.status}`)).toEqual([]);
    const ids = answers.flatMap(({ answer }) => /ACE\d{10}/.exec(answer.body) ?? []);
    expect(ids).toHaveLength(ROUNDS * 6);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
