import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { type Reply, TestService } from '../support/service.js';

/** What another replica did counts within this time, milliseconds; the rest is for a busy machine. */
const WITHIN_MS = 1_000 + 1_000;

describe('two replicas over one PostgreSQL', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await testDatabase('none');
    issuer = await FakeIssuer.start();
    // At once, on an empty database: one of them migrates it.
    [first, second] = await Promise.all([
      TestService.start(database, { ISSUER_URL: issuer.url }),
      TestService.start(database, { ISSUER_URL: issuer.url }),
    ]);
  });

  afterAll(async () => {
    await first.stop();
    await second.stop();
    await issuer.stop();
    await database.drop();
  });

  it('both see what was uploaded to one of them', async () => {
    await first.post('/api/licensing/token', { token: issuer.token({ jti: 'uploaded' }) });
    expect((await first.get('/api/licensing/check')).body).toBe(true);
    await until(async () => (await second.get('/api/licensing/token')).body.jti === 'uploaded');
  });

  it('know a token at once that the other one has just created', async () => {
    const { token } = await first.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    expect((await second.get('/api/licensing/check', { token })).status).toBe(200);
  });

  it('both refuse a token soon after one of them revoked it', async () => {
    const { id, token, tokenId } = await first.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    expect((await second.get('/api/licensing/check', { token })).status).toBe(200);
    await first.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, { body: { isRevoked: true } });
    expect((await first.get('/api/licensing/check', { token })).body.messageId).toBe('api-key.revoked');
    await until(async () => (await second.get('/api/licensing/check', { token })).status === 401);
  });

  it('leave a license removed that one deleted while the other was renewing it', async () => {
    let answer: (() => void) | undefined;
    issuer.answerRenewals((_request, response) => {
      answer = () => response.writeHead(200).end(JSON.stringify({ token: issuer.token({ jti: 'late' }) }));
    });
    const renewal = second.post('/api/licensing/token/renew', {});
    await until(async () => answer !== undefined);
    expect((await first.delete('/api/licensing/token', { instance: 'http://localhost:3000/' })).status).toBe(
      202,
    );
    answer?.();
    expect((await renewal).body.messageId).toBe('license.changed');
    issuer.answerRenewals();
    await until(async () => (await second.get('/api/licensing/token')).body.status === 4);
    expect((await first.get('/api/licensing/check')).body).toBe(false);
  });

  it('store the newest of many tokens that are uploaded to both at once, and refuse none that is newest so far', async () => {
    const now = Math.floor(Date.now() / 1000);
    const tokens = Array.from({ length: 30 }, (_, index) =>
      issuer.token({ jti: `parallel-${index}`, iat: now - 1000 + index }),
    );
    const replies: Reply[] = await Promise.all(
      tokens.map((token, index) => (index % 2 ? first : second).post('/api/licensing/token', { token })),
    );
    expect(replies.at(-1)?.status).toBe(200);
    for (const reply of replies) expect([200, 409]).toContain(reply.status);
    await until(async () => (await first.get('/api/licensing/token')).body.jti === 'parallel-29');
    await until(async () => (await second.get('/api/licensing/token')).body.jti === 'parallel-29');
  });

  it('together exceed neither MAX_SERVICE_ACCOUNTS nor MAX_TOKENS_PER_ACCOUNT', async () => {
    const own = await testDatabase();
    const limits = { MAX_SERVICE_ACCOUNTS: '3', MAX_TOKENS_PER_ACCOUNT: '4' };
    const replicas = [await TestService.start(own, limits), await TestService.start(own, limits)] as const;
    const atOnce = async (path: string) => {
      const replies = await Promise.all(
        Array.from({ length: 16 }, (_, index) => replicas[index % 2]!.post(path, { name: `name ${index}` })),
      );
      const refused = replies
        .filter(({ status }) => status === 409)
        .map(({ body }) => body.messageId as string);
      return { made: replies.length - refused.length, refused: [...new Set(refused)] };
    };
    try {
      expect(await atOnce('/api/serviceaccounts')).toEqual({
        made: 3,
        refused: ['service-account.limit-reached'],
      });
      expect(await atOnce('/api/serviceaccounts/1/tokens')).toEqual({
        made: 4,
        refused: ['service-account.token-limit-reached'],
      });
    } finally {
      for (const replica of replicas) await replica.stop();
      await own.drop();
    }
  });

  it('both renew at once, and the newer token stays', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? first : second).post('/api/licensing/token/renew', {}),
      ),
    );
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 200));
    const iats = replies.map((reply) => reply.body.iat as number);
    // A replica shows what the issuer answered, also to another replica.
    const answered = Math.max(...iats.filter((_, index) => index % 2));
    expect((await first.get('/api/licensing/token')).body.iat).toBeGreaterThanOrEqual(answered);
    for (const replica of [first, second]) {
      await until(async () => (await replica.get('/api/licensing/token')).body.iat === Math.max(...iats));
    }
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not become so in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
