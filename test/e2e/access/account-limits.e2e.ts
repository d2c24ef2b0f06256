import { type TestDatabase, testDatabase } from '../../support/database.js';
import { type Reply, TestService } from '../../support/service.js';

const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

describe('With MAX_SERVICE_ACCOUNTS at 2 and MAX_TOKENS_PER_ACCOUNT at 3', () => {
  let database: TestDatabase;
  let service: TestService;
  let first: number;
  let second: number;

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database, { MAX_SERVICE_ACCOUNTS: '2', MAX_TOKENS_PER_ACCOUNT: '3' });
    first = (await create('first')).body.id as number;
    second = (await create('second', { isDisabled: true })).body.id as number;
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const create = async (name: string, fields: object = {}): Promise<Reply> =>
    service.post('/api/serviceaccounts', { name, ...fields });
  const tokensOf = (id: number): string => `/api/serviceaccounts/${id}/tokens`;
  const createToken = async (id: number, name: string, secondsToLive = 0): Promise<Reply> =>
    service.post(tokensOf(id), { name, secondsToLive });

  it('a third account is refused with the setting’s name and what to do, and nothing is stored of it', async () => {
    const reply = await create('third');
    expect([reply.status, reply.body]).toEqual([
      409,
      {
        message: 'There are as many service accounts as MAX_SERVICE_ACCOUNTS allows.',
        messageId: 'service-account.limit-reached',
        statusCode: 409,
        traceID: '',
        error: 'delete an account that is not used any more, or raise MAX_SERVICE_ACCOUNTS (now 2)',
      },
    ]);
    // Had it been stored, its name would be taken.
    expect((await create('third')).body.messageId).toBe('service-account.limit-reached');
  });

  it('a name that is taken is still said to be taken', async () => {
    expect((await create('first')).body.messageId).toBe('service-account.name-taken');
  });

  it('accounts are still changed, and one that is not used any more can be used under another name', async () => {
    const reply = await service.call('PATCH', `/api/serviceaccounts/${second}`, {
      body: { name: 'third', isDisabled: false },
    });
    expect([reply.status, reply.body.name, reply.body.isDisabled]).toEqual([200, 'third', false]);
    expect((await create('second')).body.messageId).toBe('service-account.limit-reached');
  });

  it('a fourth token of an account is refused, expired and revoked ones counted, until one is deleted', async () => {
    const { body: lasting } = await createToken(first, 'lasting');
    await createToken(first, 'brief', 60);
    const { body: revoked } = await createToken(first, 'revoked');
    await service.call('PATCH', `${tokensOf(first)}/${revoked.id as number}`, { body: { isRevoked: true } });
    service.clock.advance(61_000);
    const reply = await createToken(first, 'fourth');
    expect([reply.status, reply.body]).toEqual([
      409,
      {
        message: 'The service account has as many tokens as MAX_TOKENS_PER_ACCOUNT allows.',
        messageId: 'service-account.token-limit-reached',
        statusCode: 409,
        traceID: '',
        error:
          'delete tokens that are expired, revoked or not used any more, or raise MAX_TOKENS_PER_ACCOUNT (now 3)',
      },
    ]);
    expect((await createToken(first, 'lasting')).body.messageId).toBe('service-account.token-name-taken');
    expect((await service.get(tokensOf(first))).body).toHaveLength(3);
    // Another account has its own count.
    expect((await createToken(second, 'one')).status).toBe(200);
    await service.delete(`${tokensOf(first)}/${revoked.id as number}`);
    expect((await createToken(first, 'fourth')).status).toBe(200);
    expect((await createToken(first, 'fifth')).body.messageId).toBe('service-account.token-limit-reached');
    await service.post(`/api/access-control/users/${first}/roles`, { roleUid: LICENSING_READER });
    expect((await service.get('/api/licensing/check', { token: lasting.key as string })).status).toBe(200);
  });

  it('what is there already keeps working when the settings are lowered', async () => {
    const token = (await createToken(second, 'kept')).body.key as string;
    await service.post(`/api/access-control/users/${second}/roles`, { roleUid: LICENSING_READER });
    await service.stop();
    service = await TestService.start(database, { MAX_SERVICE_ACCOUNTS: '1', MAX_TOKENS_PER_ACCOUNT: '1' });
    expect((await service.get('/api/licensing/check', { token })).status).toBe(200);
    expect((await service.get(tokensOf(second))).body).toHaveLength(2);
    expect((await create('more')).body.messageId).toBe('service-account.limit-reached');
    expect((await createToken(second, 'more')).body.messageId).toBe('service-account.token-limit-reached');
  });
});
