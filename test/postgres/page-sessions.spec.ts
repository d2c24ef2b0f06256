import { SessionKeeper } from '../../src/ui/session-keeper.js';
import { TestPage } from '../e2e/ui/ui-stage.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TestService } from '../support/service.js';

const CHECK = '/api/licensing/check';
const ADA = { name: 'ada', password: 'correct horse battery' };
const MINUTE = 60_000;
/** What another replica did counts within this time, milliseconds; the rest is for a busy machine. */
const WITHIN_MS = 1_000 + 1_000;

describe('Sessions of the page on two replicas', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    const settings = { ADMIN_USER: ADA.name, ADMIN_PASSWORD: ADA.password };
    [first, second] = await Promise.all([
      TestService.start(database, settings),
      TestService.start(database, settings),
    ]);
  });

  afterAll(async () => {
    await first.stop();
    await second.stop();
    await database.drop();
  });

  /** The same browser, whose balancer has chosen the other replica. */
  async function onBoth(): Promise<[TestPage, TestPage]> {
    const [here, there] = [new TestPage(first), new TestPage(second)];
    await here.signIn(ADA);
    there.cookie = here.cookie;
    return [here, there];
  }

  async function untilRefused(page: TestPage): Promise<number> {
    const started = performance.now();
    while ((await page.call('GET', CHECK)).status !== 401) {
      if (performance.now() - started > WITHIN_MS) throw new Error('the session still counts');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return performance.now() - started;
  }

  it('count at once on the one that did not open them', async () => {
    const [, there] = await onBoth();
    expect((await there.call('GET', CHECK)).status).toBe(200);
  });

  it('end on both soon after one signed out or was revoked on the other', async () => {
    for (const end of ['sign out', 'revoke'] as const) {
      const [here, there] = await onBoth();
      expect((await there.call('GET', CHECK)).status).toBe(200);
      if (end === 'sign out') await here.call('DELETE', '/ui/session');
      else {
        const sessions = (await first.get('/ui/sessions')).body as { id: number }[];
        expect((await first.delete(`/ui/sessions/${sessions.at(-1)?.id}`)).status).toBe(204);
      }
      expect(await untilRefused(there)).toBeLessThan(WITHIN_MS);
    }
  });

  it('end on both soon after their token was revoked', async () => {
    const { id, token, tokenId } = await first.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const [here, there] = [new TestPage(first), new TestPage(second)];
    await here.signIn({ token });
    there.cookie = here.cookie;
    expect((await there.call('GET', CHECK)).status).toBe(200);
    await first.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, { body: { isRevoked: true } });
    expect(await untilRefused(there)).toBeLessThan(WITHIN_MS);
  });

  it('are not idle where the other replica alone was used', async () => {
    const [here, there] = await onBoth();
    for (const service of [first, second]) service.clock.advance(20 * MINUTE);
    expect((await here.call('GET', CHECK)).status).toBe(200);
    await first.running.application.nest.get(SessionKeeper).keep();
    for (const service of [first, second]) service.clock.advance(20 * MINUTE);
    expect((await there.call('GET', CHECK)).status).toBe(200);
    for (const service of [first, second]) service.clock.advance(31 * MINUTE);
    expect((await there.call('GET', CHECK)).body.messageId).toBe('session.ended');
  });

  it('of one caller are 20 together, however parallel they are opened', async () => {
    const { token } = await first.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const pages = Array.from({ length: 30 }, (_, index) => new TestPage(index % 2 ? first : second));
    const opened = await Promise.all(pages.map((page) => page.signIn({ token })));
    expect(opened.map(({ status }) => status)).toEqual(pages.map(() => 201));
    const listed = (await first.get('/ui/sessions')).body as { caller: { name: string } }[];
    const name = opened[0]?.body.caller.name as string;
    expect(listed.filter(({ caller }) => caller.name === name)).toHaveLength(20);
  });
});
