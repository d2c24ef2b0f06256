import type { Page } from 'playwright-core';
import {
  faultsInBothThemes,
  addressOf,
  describeInBrowser,
  OTHER_HOST,
  TestBrowser,
} from '../support/browser.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { freePort } from '../support/phoenix.js';
import { QuickstartProcess } from '../support/quickstart-process.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';

const ADA = { name: 'ada', password: 'correct horse battery' };
const MINUTE = 60_000;
const ENDED = 'Your session has ended. Sign in again.';

describeInBrowser('a session of the page', () => {
  let browser: TestBrowser;
  let database: TestDatabase;
  let service: TestService;
  let complaints: readonly string[] = [];

  beforeAll(async () => {
    browser = await TestBrowser.start();
    database = await testDatabase();
    service = await TestService.start(database, { ADMIN_USER: ADA.name, ADMIN_PASSWORD: ADA.password });
  });
  afterEach(async () => {
    await browser.closePages();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await browser.stop();
    await service.stop();
    await database.drop();
  });

  const signIn = async (): Promise<Page> => {
    const opened = await browser.signIn(`${addressOf(service)}#/overview`);
    complaints = opened.complaints;
    await opened.page.getByRole('region', { name: 'At a glance' }).waitFor();
    return opened.page;
  };
  /** Waits for a read that the page makes by itself. */
  const poll = async (page: Page) => {
    const request = await page.waitForRequest((one) => one.headers()['x-page-poll'] === 'true');
    return (await request.response())?.status();
  };

  it('is opened by a password, a wrong one said so, by the keyboard alone', async () => {
    const opened = await browser.open(addressOf(service), { width: 360, height: 740 });
    const { page } = opened;
    complaints = opened.complaints;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await faultsInBothThemes(page)).toEqual([]);
    // The focus is in the first field.
    await page.keyboard.type(ADA.name);
    await page.keyboard.press('Tab');
    await page.keyboard.type('a wrong password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Invalid username or password').waitFor();
    await page.getByLabel('Password', { exact: true }).last().fill(ADA.password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    expect(await page.getByTitle('Signed in as ada').textContent()).toBe('ada');
    const kept =
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.search])';
    expect(await page.evaluate(kept)).toBe('[{},{},"",""]');
  });

  it('takes a token that is typed as a name out of sight, and signs in by it', async () => {
    const account = await service.post('/api/serviceaccounts', { name: 'hasty', role: 'None' });
    const { key } = (await service.post(`/api/serviceaccounts/${account.body.id}/tokens`, { name: 'one' }))
      .body;
    const opened = await browser.open(addressOf(service));
    const { page } = opened;
    complaints = opened.complaints;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.keyboard.type(key);
    expect(await page.getByLabel('Name').count()).toBe(0);
    expect(await page.locator('input[name=token]').getAttribute('type')).toBe('password');
    await page.keyboard.press('Enter');
    await page.getByTitle('Signed in as hasty').waitFor();
  });

  it('ends after 30 minutes in which no person did anything, though the page goes on reading', async () => {
    const page = await signIn();
    await poll(page);
    service.clock.advance(16 * MINUTE);
    expect(await poll(page)).toBe(200);
    service.clock.advance(15 * MINUTE);
    await page.getByText(ENDED).waitFor();
    expect(await page.context().cookies()).toHaveLength(1);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('goes on for 30 minutes more after a key was pressed', async () => {
    const page = await signIn();
    await poll(page);
    service.clock.advance(16 * MINUTE);
    const use = page.waitForRequest((one) => one.headers()['x-page-poll'] === undefined);
    await page.keyboard.press('Shift');
    // The service has counted it before its clock goes on.
    expect((await (await use).response())?.status()).toBe(200);
    service.clock.advance(15 * MINUTE);
    await poll(page);
    expect(await poll(page)).toBe(200);
    expect(await page.getByText(ENDED).count()).toBe(0);
  });

  it('ends when its token is revoked, and when it is ended by an operator', async () => {
    const { id, token, tokenId } = await service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
    const theirs = await browser.signIn(addressOf(service), token);
    await service.call('PATCH', `/api/serviceaccounts/${id}/tokens/${tokenId}`, {
      body: { isRevoked: true },
    });
    await theirs.page.getByText(ENDED).waitFor();
    const page = await signIn();
    const { body: sessions } = await service.get('/ui/sessions');
    for (const session of sessions as { id: number }[]) await service.delete(`/ui/sessions/${session.id}`);
    await page.getByText(ENDED).waitFor();
  });

  it('is kept through a reload, and leaves nothing in storage, address or scripts', async () => {
    const page = await signIn();
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    const kept =
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])';
    expect(await page.evaluate(kept)).toBe(`[{},{},"","${addressOf(service)}#/overview"]`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('is none without encryption: what was typed is in memory alone, and the page says so', async () => {
    const opened = await browser.open(addressOf(service).replace('localhost', OTHER_HOST));
    const { page } = opened;
    complaints = opened.complaints;
    await page.getByText('This connection is not encrypted').waitFor();
    for (const way of ['Token', 'Password'] as const) {
      await page.getByRole('radio', { name: way }).check();
      if (way === 'Token') await page.locator('input[name=token]').fill(BOOTSTRAP_TOKEN);
      else {
        await page.locator('input[name=name]').fill(ADA.name);
        await page.locator('input[name=password]').fill(ADA.password);
      }
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Not encrypted: reloading this page signs you out.').waitFor();
      await page.getByRole('region', { name: 'At a glance' }).waitFor();
      expect(await page.context().cookies()).toEqual([]);
      expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).toBe(
        '[{},{}]',
      );
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    }
  });

  it('counts what the policy refuses, so that none means none', async () => {
    const { page, complaints: counted } = await browser.open(addressOf(service));
    await page
      .evaluate(
        `(() => {
      new Image().src = 'https://example.com/pixel.png';
      document.body.append(Object.assign(document.createElement('script'), { src: '/ui/other.js' }));
    })()`,
      )
      .catch(() => undefined);
    await page.waitForTimeout(500);
    expect(counted.map((text) => text.split(' ')[2])).toEqual(
      expect.arrayContaining(['img-src', 'require-trusted-types-for']),
    );
  });
});

describeInBrowser('the link that npm start prints first', () => {
  it('signs in once, below a path, and leaves the address at once', async () => {
    const port = await freePort();
    const quickstart = await QuickstartProcess.start({
      PORT: String(port),
      ROOT_URL: `http://localhost:${port}/licentia/`,
      SERVE_FROM_SUB_PATH: 'true',
    });
    const browser = await TestBrowser.start();
    try {
      expect(quickstart.output.indexOf('Open ')).toBeLessThan(quickstart.output.indexOf(' is running.'));
      const { page, complaints } = await browser.open(quickstart.link);
      const glance = page.getByRole('region', { name: 'At a glance' });
      await glance.getByText('Licensed', { exact: true }).waitFor();
      expect(page.url()).toBe(`http://localhost:${port}/licentia/ui/`);
      await page.reload();
      await glance.waitFor();
      await page.getByRole('link', { name: 'Access' }).click();
      await page.getByRole('button', { name: 'Create account' }).waitFor();

      const again = await browser.open(quickstart.link);
      await again.page.getByText('The link did not sign you in.').waitFor();
      expect(again.page.url()).not.toContain('link=');
      // In the browser that is signed in, the same link does no harm.
      await page.goto(quickstart.link);
      await glance.waitFor();
      expect([...complaints, ...again.complaints]).toEqual([]);
    } finally {
      await browser.stop();
      await quickstart.stop();
    }
  });
});
