import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { TestService } from '../support/service.js';

const ADMIT = '/api/licensing/usage/admit';

/** Each is a wait for the server, one after the other. */
describe('An admission', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;
  const { query } = pg.Client.prototype as unknown as {
    readonly query: (this: unknown, ...args: unknown[]) => unknown;
  };
  const statements: { client: unknown; text: string }[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
    const token = issuer.token({ lid: 'seats', included_users: 4 });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(200);
    expect((await admit('first')).reason).toBe('seat-free');
    pg.Client.prototype.query = function (this: unknown, ...args: unknown[]) {
      const [first] = args as [string | { text: string }];
      statements.push({ client: this, text: typeof first === 'string' ? first : first.text });
      return query.apply(this, args);
    } as typeof pg.Client.prototype.query;
  });

  afterAll(async () => {
    pg.Client.prototype.query = query as typeof pg.Client.prototype.query;
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  const admit = async (subject: string) =>
    (await service.post(ADMIT, { subject })).body as { admitted: boolean; reason: string };

  /**
   * How many statements each transaction had that looks at people and counts at once: other work does not. Twice a
   * second the snapshot is read, in a transaction that only names all tables, to look whether they are there.
   */
  async function asked(work: () => Promise<unknown>): Promise<number[]> {
    statements.length = 0;
    await work();
    const transactions: (typeof statements)[] = [];
    const open = new Map<unknown, typeof statements>();
    for (const statement of statements) {
      const begun = open.get(statement.client) ?? [];
      open.set(statement.client, begun);
      begun.push(statement);
      if (!['COMMIT', 'ROLLBACK'].includes(statement.text)) continue;
      transactions.push(begun);
      open.delete(statement.client);
    }
    return transactions
      .filter((texts) =>
        texts.some(({ text }) =>
          [/(FROM|INTO) usage_subject\b/, /(FROM|INTO) usage_count\b/].every((table) => table.test(text)),
        ),
      )
      .map(({ length }) => length);
  }

  it.each([
    ['a new person', 5, randomUUID(), 'seat-free'],
    ['a person who counts', 4, 'first', 'already-active'],
  ])('of %s is %i statements in one transaction', async (_, count, subject, reason) => {
    let answer: unknown;
    expect(await asked(async () => (answer = await admit(subject)))).toEqual([count]);
    expect(answer).toMatchObject({ reason });
  });

  it('of a person who finds no seat is six statements, and five when it is asked for again', async () => {
    await admit('third');
    await admit('fourth');
    const refused = async () => expect(await admit('fifth')).toMatchObject({ reason: 'limit-reached' });
    expect(await asked(refused)).toEqual([6]);
    expect(await asked(refused)).toEqual([5]);
  });
});
