import { connect } from 'node:net';
import { once } from 'node:events';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';
import { OWN, TestPage } from '../ui/ui-stage.js';

const ADMINISTRATOR = 'basic_grafana_admin';
const ACCOUNTS = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

interface Subject {
  readonly id: number;
  readonly token: string;
  readonly tokenId: number;
}

describe('A caller that loses its rights while its body arrives', () => {
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

  const bearer = ({ token }: Subject) => ({ Authorization: `Bearer ${token}` });
  const tokensOf = ({ id }: { readonly id: number }) => `/api/serviceaccounts/${id}/tokens`;

  /** Sends a request but for the end of its body; the end follows with a call. @returns the call; it answers */
  async function begin(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: object,
  ) {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const text = JSON.stringify(body);
    const lines = { Host: 'localhost', Connection: 'close', 'Content-Type': 'application/json', ...headers };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    // The interim answer says that the caller was let in.
    socket.write(
      `${method} ${path} HTTP/1.1\r\n${head.join('')}Expect: 100-continue\r\nContent-Length: ${text.length}\r\n\r\n`,
    );
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 100 /);
    return async () => {
      const closed = once(socket, 'close');
      socket.write(text);
      await closed;
      return [Number(/HTTP\/1\.1 (?!100)(\d+)/.exec(answer)?.[1]), /"messageId":"([^"]+)"/.exec(answer)?.[1]];
    };
  }

  const losses: [string, [number, string | undefined], (subject: Subject) => Promise<unknown>][] = [
    [
      'its token is revoked',
      [401, 'api-key.revoked'],
      async (subject) =>
        service.call('PATCH', `${tokensOf(subject)}/${subject.tokenId}`, { body: { isRevoked: true } }),
    ],
    [
      'its token is deleted',
      [401, 'api-key.invalid'],
      async (subject) => service.delete(`${tokensOf(subject)}/${subject.tokenId}`),
    ],
    [
      'its account is disabled',
      [401, 'identity.disabled'],
      async ({ id }) => service.call('PATCH', `/api/serviceaccounts/${id}`, { body: { isDisabled: true } }),
    ],
    [
      'its role is taken',
      [403, undefined],
      async ({ id }) => service.delete(`/api/access-control/users/${id}/roles/${ADMINISTRATOR}`),
    ],
    [
      'it keeps a role with the action alone',
      [403, undefined],
      async ({ id }) =>
        service.call('PUT', `/api/access-control/users/${id}/roles`, { body: { roleUids: [ACCOUNTS] } }),
    ],
  ];

  it.each(losses)('makes no token for an administrator afterwards: %s', async (_name, expected, lose) => {
    const [subject, other] = [await service.caller(ADMINISTRATOR), await service.caller(ADMINISTRATOR)];
    const finish = await begin('POST', tokensOf(other), bearer(subject), { name: 'left behind' });
    await lose(subject);
    expect(await finish()).toEqual(expected);
    const names = (await service.get(tokensOf(other))).body.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['token']);
  });

  it('enables its own account no more', async () => {
    const subject = await service.caller(ADMINISTRATOR);
    const path = `/api/serviceaccounts/${subject.id}`;
    const finish = await begin('PATCH', path, bearer(subject), { isDisabled: false });
    await service.call('PATCH', path, { body: { isDisabled: true } });
    expect(await finish()).toEqual([401, 'identity.disabled']);
    expect((await service.get(path)).body.isDisabled).toBe(true);
  });

  it('changes nothing by a session of the page that ended', async () => {
    const subject = await service.caller(ADMINISTRATOR);
    const page = new TestPage(service);
    await page.signIn({ token: subject.token });
    const headers = { Cookie: page.cookie ?? '', ...OWN };
    const finish = await begin('POST', '/api/serviceaccounts', headers, { name: 'left by a session' });
    await page.call('DELETE', '/ui/session');
    expect(await finish()).toEqual([401, 'session.ended']);
  });

  it('is let in as before where it lost nothing, and where another caller did', async () => {
    const [subject, other] = [await service.caller(ACCOUNTS), await service.caller(READER)];
    const finish = await begin('POST', '/api/serviceaccounts', bearer(subject), { name: 'slow but right' });
    await service.delete(`${tokensOf(other)}/${other.tokenId}`);
    expect((await finish())[0]).toBe(201);
  });
});
