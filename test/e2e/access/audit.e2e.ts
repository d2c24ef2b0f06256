import { checkAudit } from '../../../src/domain/audit-check.js';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { TestService } from '../../support/service.js';

const AUDITOR = 'fixed_7TWFM5h6TBrufwb5MMIRPDiqGyM';
const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';

describe('GET /api/audit', () => {
  let database: TestDatabase;
  let service: TestService;
  let auditor: { id: number; token: string };

  beforeAll(async () => {
    database = await testDatabase();
    service = await TestService.start(database);
    auditor = await service.caller(AUDITOR);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const read = async (query: string) =>
    (await service.get(`/api/audit${query}`, { token: auditor.token })).body;

  it('says who changed what, when, from where, and what it was before', async () => {
    const begin = Math.floor(service.clock.now() / 1000);
    const { id } = await service.caller(LICENSING_READER);
    const headers = { 'X-Request-Id': 'audit-before' };
    const changed = { name: 'renamed', isDisabled: true };
    await service.call('PATCH', `/api/serviceaccounts/${id}`, { body: changed, headers });
    await service.call('DELETE', `/api/access-control/users/${id}/roles/${LICENSING_READER}`);

    const { records, cursor } = await read(`?target=service-account:${id}&from=${begin}&limit=10`);
    expect(cursor).toBeNull();
    expect(records.map(({ action }: { action: string }) => action)).toEqual([
      'role.remove',
      'service-account.update',
      'service-account.token.create',
      'role.add',
      'service-account.create',
    ]);
    expect(records[0].before).toEqual({ roles: ['fixed:licensing:reader'] });
    expect(records[1]).toEqual({
      id: expect.any(Number),
      at: expect.any(Number),
      actor: 'bootstrap',
      client: '127.0.0.1',
      action: 'service-account.update',
      target: `service-account:${id}`,
      before: { name: expect.stringMatching(/^caller/), role: 'None', isDisabled: false },
      after: changed,
      requestId: 'audit-before',
    });
    expect(records[4].before).toBeNull();
    expect(records[1].at).toBeGreaterThanOrEqual(begin);
    const page = await read(`?target=service-account:${id}&limit=2`);
    expect((await read(`?target=service-account:${id}&cursor=${page.cursor}`)).records).toEqual(
      records.slice(2),
    );
  });

  it('exports a signed chain, of which the newest seal can be kept elsewhere', async () => {
    const { id } = await service.caller();
    const seal = (await service.get('/api/audit/seal', { token: auditor.token })).body;
    const { headers, text } = await service.get('/api/audit/export', { token: auditor.token });
    expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject);
    expect(lines).toContainEqual(expect.objectContaining({ target: `service-account:${id}` }));
    expect(checkAudit(lines, { keys: [seal.key], head: seal.hash })).toBeUndefined();
    expect(text).not.toMatch(/licsa_/);
    const rest = await service.get(`/api/audit/export?after=${seal.number}`, { token: auditor.token });
    expect([rest.status, rest.text]).toEqual([200, '']);
    expect((await service.get('/api/audit/export?after=-1')).status).toBe(400);
  });

  it('shows no token, nor its hash', async () => {
    const { token } = await service.caller();
    const text = JSON.stringify(await read('?limit=1000'));
    expect(text).not.toContain(token);
    expect(text).not.toMatch(/licsa_|hash/);
  });

  it.each([
    'from=yesterday',
    'to=0',
    'from=1795564801&to=1795564800',
    'limit=0',
    'cursor=x',
    'cursor=1&cursor=2',
    'actor=',
    'actor=a&actor=b',
    'target=%00',
    `action=${'a'.repeat(1101)}`,
  ])('refuses %s', async (query) => {
    const { status, body } = await service.get(`/api/audit?${query}`);
    expect([status, body.messageId]).toEqual([400, 'bad-request']);
  });

  it('counts what is refused, by caller, address and operation', async () => {
    const { id, token } = await service.caller(LICENSING_READER);
    expect((await service.get('/api/audit', { token })).status).toBe(403);
    for (let times = 0; times < 3; times += 1)
      expect((await service.get('/api/licensing/token', { token: 'nobody' })).status).toBe(401);
    const deadline = Date.now() + 60_000;
    for (;;) {
      const { refusals } = (await service.get('/api/audit/refusals', { token: auditor.token })).body;
      const found = refusals.map(({ code, client, caller, operation, times }: Record<string, unknown>) => {
        return { code, client, caller, operation, times };
      });
      if (found.length < 2 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      const client = '127.0.0.1';
      expect(found).toContainEqual({
        code: 'access.denied',
        client,
        caller: `service-account:${id}`,
        operation: 'GET /api/audit',
        times: 1,
      });
      expect(found).toContainEqual({
        code: 'api-key.invalid',
        client,
        caller: '',
        operation: 'GET /api/licensing/token',
        times: 3,
      });
      return;
    }
  });
});
