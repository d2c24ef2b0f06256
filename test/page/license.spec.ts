import type { Page } from 'playwright-core';
import { accessibilityFaults, BrowserStage, describeInBrowser, ROOT_URL } from '../support/browser.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const TOKEN = '/api/licensing/token';
const HISTORY = `${TOKEN}/history`;
const DAY = 86_400;

describeInBrowser('the license view of the page', () => {
  let stage: BrowserStage;
  let complaints: readonly string[] = [];

  const open = async (token?: string, viewport?: { width: number; height: number }): Promise<Page> => {
    const opened = await stage.signIn('license', token, viewport);
    complaints = opened.complaints;
    await opened.page.getByRole('heading', { name: 'In the database' }).waitFor();
    return opened.page;
  };
  const inspect = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('License token').fill(text);
    await page.getByRole('button', { name: 'Inspect' }).click();
  };
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const now = () => Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    stage = await BrowserStage.start();
  });
  beforeEach(async () => {
    stage.issuer.heal();
    await stage.call('DELETE', TOKEN, { instance: ROOT_URL });
    await stage.install({ lid: 'L-1', jti: 'T-1', iat: now() - 100 });
  });
  afterEach(async () => {
    await stage.closePages();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => stage.stop());

  it('installs a license once the reader has acknowledged what it takes away', async () => {
    const page = await open();
    await inspect(page, stage.issuer.token({ lid: 'L-2', jti: 'T-2', included_users: 40 }));
    await page.getByText('Users: 50 becomes 40').waitFor();
    await page.getByRole('row', { name: 'Users takes away 50 40' }).waitFor();
    await page.getByText('It is another license: L-2 in the place of L-1.').waitFor();
    // On a phone nothing of the comparison is out of sight, and it is a table all the same.
    await page.setViewportSize({ width: 360, height: 740 });
    const table = page.getByRole('region', { name: 'What it changes' });
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await page.getByRole('row', { name: /Users takes away.* 50 .* 40/ }).waitFor();
    expect(await button(page, 'Install').isDisabled()).toBe(true);
    await page.getByLabel('I know that it takes this away.').check();
    await button(page, 'Install').click();
    await page.getByText('Installed. It is valid until').waitFor();
    expect(await stage.call('GET', TOKEN)).toMatchObject({ status: 1, lid: 'L-2', included_users: 40 });
    // The history is read again after the install.
    const newest = page.getByRole('region', { name: 'History' }).getByRole('row').nth(1);
    await newest.filter({ hasText: /Installed.*bootstrap.*L-2.*T-2/ }).waitFor();
  });

  it('sends an install once, however often its button is clicked', async () => {
    const page = await open();
    let uploads = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith(TOKEN)) uploads += 1;
    });
    await inspect(page, stage.issuer.token({ lid: 'L-1', jti: 'T-2' }));
    await button(page, 'Install').dblclick();
    await page.getByText('Installed. It is valid until').waitFor();
    expect(uploads).toBe(1);
  });

  it('queues a license of the next term', async () => {
    const page = await open();
    const nbf = now() + 5 * DAY;
    await inspect(page, stage.issuer.token({ lid: 'L-3', nbf, exp: nbf + DAY, lexp: nbf + 400 * DAY }));
    await button(page, 'Queue for its term').click();
    await page.getByText('Queued. It takes over on').waitFor();
    const history = await stage.call('GET', HISTORY);
    expect([history.current.lid, history.queued.lid]).toEqual(['L-1', 'L-3']);
  });

  it('says why a token would be refused and what to do, and offers no install', async () => {
    const page = await open();
    await inspect(page, stage.issuer.token({ sub: 'http://elsewhere.example.com/' }));
    await page.getByText('It would be refused').waitFor();
    await page.getByText('license.subject-mismatch').waitFor();
    await page.getByText('Get a license for this instance, or correct ROOT_URL.').waitFor();
    expect(await button(page, 'Install').count()).toBe(0);
  });

  it('looks at a file that is chosen or dropped without a further click', async () => {
    const page = await open();
    const buffer = Buffer.from(`\ufeff${stage.issuer.token({ lid: 'L-4', jti: 'chosen' })}\r\n`);
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'license.jwt', mimeType: 'text/plain', buffer });
    await button(page, 'Install').waitFor();
    const older = stage.issuer.token({ lid: 'L-1', jti: 'T-0', iat: now() - 10 * DAY });
    const dataTransfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(older)}], 'license.jwt'));
      return transfer;
    })()`);
    await page.dispatchEvent('.drop', 'drop', { dataTransfer });
    await page.getByText('What is stored is newer').waitFor();
    await page.locator('input[type=file]').setInputFiles({
      ...{ name: 'video.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(70_000) },
    });
    await page.getByText('That is too large for a license token').waitFor();
  });

  it('shows code, request and next step of a renewal that fails, and then renews', async () => {
    const page = await open();
    stage.issuer.answerRenewals({ status: 403, body: { code: 'refused', message: 'The account is closed' } });
    await button(page, 'Renew now').click();
    const failure = page.getByRole('alert').filter({ hasText: 'issuer.refused' });
    await failure.waitFor();
    await failure.filter({ hasText: /The account is closed.*Ask the issuer.*Request\S+/ }).waitFor();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await failure.getByRole('button', { name: 'Copy the request id' }).click();
    await failure.getByText('Copied').waitFor();
    // The policy of the page lets it write to the clipboard, and not read: another page reads it.
    const other = await page.context().newPage();
    await other.goto(new URL('/healthz', stage.address).href);
    const copied = await other.evaluate<string>('navigator.clipboard.readText()');
    await other.close();
    expect(copied).toBe(await failure.locator('dd').last().locator('code').textContent());
    expect(copied).toMatch(/^[A-Za-z0-9._:-]{8,}$/);
    stage.issuer.heal();
    await button(page, 'Renew now').click();
    await page.getByText('Renewed. The token now expires on').waitFor();
    expect(await failure.count()).toBe(0);
  });

  it('disables its buttons while the issuer takes its time', async () => {
    const page = await open();
    const held = stage.issuer.holdRenewals();
    await button(page, 'Renew now').click();
    await held.arrived;
    await page.getByText('Asking the issuer').waitFor();
    expect(await button(page, 'Renew now').isDisabled()).toBe(true);
    expect(await button(page, 'Remove …').isDisabled()).toBe(true);
    held.release();
    await page.getByText('Renewed. The token now expires on').waitFor();
    // The reader goes on from where they were.
    await page.waitForFunction('document.activeElement.textContent === "Renew now"');
  });

  it('rolls back to the previous token, by the keyboard alone', async () => {
    await stage.install({ lid: 'L-1', jti: 'T-2' });
    const page = await open();
    await button(page, 'Roll back …').press('Enter');
    await page.getByRole('dialog', { name: 'Roll back to the previous token?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // The focus is where it was before the dialog.
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Roll back …');
    expect((await stage.call('GET', HISTORY)).current.jti).toBe('T-2');
    await page.keyboard.press('Enter');
    await button(page, 'Roll back').press('Enter');
    await page.getByText('The previous license is back.').waitFor();
    expect((await stage.call('GET', HISTORY)).current.jti).toBe('T-1');
  });

  it('installs a license at 360 pixels by the keyboard alone, from the sign-in on', async () => {
    const opened = await stage.open('', { width: 360, height: 740 });
    const { page } = opened;
    complaints = opened.complaints;
    const { keyboard } = page;
    const focused = `(() => {
      const { id, textContent, labels, ariaLabel } = document.activeElement;
      return [ariaLabel, labels?.[0]?.textContent, textContent || id].find((one) => one)?.trim();
    })()`;
    /** Goes on from element to element until one of this name has the focus; it must be in view then. */
    const tabTo = async (name: string | RegExp) => {
      for (let stops = 0; stops < 60; stops += 1) {
        await keyboard.press('Tab');
        const now = (await page.evaluate<string | undefined>(focused)) ?? '';
        if (typeof name === 'string' ? now !== name : !name.test(now)) continue;
        const inView = `(() => {
          const { top, bottom } = document.activeElement.getBoundingClientRect();
          return bottom > 0 && top < innerHeight;
        })()`;
        expect([name, await page.evaluate(inView)]).toEqual([name, true]);
        return;
      }
      throw new Error(`the keyboard does not reach ${name}`);
    };
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await keyboard.press('Shift+Tab');
    await keyboard.press('ArrowRight');
    await keyboard.press('Tab');
    await keyboard.type(BOOTSTRAP_TOKEN);
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await tabTo('License');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'In the database' }).waitFor();
    await tabTo('License token');
    await keyboard.insertText(stage.issuer.token({ lid: 'L-2', jti: 'T-2', included_users: 40 }));
    await tabTo('Inspect');
    await keyboard.press('Enter');
    await page.getByText('Users: 50 becomes 40').waitFor();
    await tabTo('I know that it takes this away.');
    await keyboard.press('Space');
    await tabTo('Install');
    await keyboard.press('Enter');
    await page.getByText('Installed. It is valid until').waitFor();
    expect(await page.evaluate('document.activeElement?.textContent')).toMatch(/^\s*Installed\./);
    expect(await stage.call('GET', TOKEN)).toMatchObject({ status: 1, lid: 'L-2' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  });

  it('removes the license only when the reader types the root URL of the service', async () => {
    const page = await open();
    await button(page, 'Remove …').click();
    expect(await button(page, 'Remove').isDisabled()).toBe(true);
    await page.getByLabel('Root URL of this service').fill('http://elsewhere.example.com/');
    await button(page, 'Remove').click();
    await page.getByRole('alert').filter({ hasText: 'instance.mismatch' }).waitFor();
    expect((await stage.call('GET', TOKEN)).lid).toBe('L-1');
    await page.getByLabel('Root URL of this service').fill(ROOT_URL);
    await page.keyboard.press('Enter');
    await page.getByText('Removed. The database has no license any more.').waitFor();
    expect((await stage.call('GET', TOKEN)).status).toBe(4);
    // The button that was used is gone: the focus is on what came of it.
    expect(await page.evaluate('document.activeElement?.textContent')).toMatch(/^\s*Removed\./);
  });

  it('shows a reader no button that would be refused, and lets them look at a token', async () => {
    const page = await open(await stage.caller('license reader', READER));
    await inspect(page, stage.issuer.token({ lid: 'L-2', included_users: 40 }));
    await page.getByText('Users: 50 becomes 40').waitFor();
    const buttons = await page.locator('main').getByRole('button').allTextContents();
    expect(buttons).toEqual(['Inspect', 'Choose a file …', 'Clear']);
    expect(await page.getByRole('checkbox').count()).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'is accessible in the %s theme, and fits 360 pixels',
    async (colorScheme) => {
      await stage.install({ lid: 'L-1', jti: 'T-2' });
      const page = await open(undefined, { width: 360, height: 740 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await inspect(page, stage.issuer.token({ lid: 'L-2', included_users: 40 }));
      await page.getByText('Users: 50 becomes 40').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await button(page, 'Remove …').click();
      expect(await accessibilityFaults(page)).toEqual([]);
    },
  );
});
