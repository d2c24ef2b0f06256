import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { accessibilityFaults, BrowserStage, describeInBrowser, ROOT_URL } from '../support/browser.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const TOKEN = '/api/licensing/token';
const DAY = 86_400;
/** Pictures of each state for people to look at. */
const SHOTS = fileURLToPath(new URL('../../.cache/page/', import.meta.url));
const SIZES = [
  { width: 360, height: 780 },
  { width: 1280, height: 900 },
  { width: 3840, height: 2160 },
];

describeInBrowser('the overview of the page', () => {
  let stage: BrowserStage;
  let complaints: readonly string[] = [];

  const open = async (token?: string): Promise<Page> => {
    const opened = await stage.signIn('overview', token);
    complaints = opened.complaints;
    await opened.page.getByRole('region', { name: 'At a glance' }).waitFor();
    return opened.page;
  };
  const tile = (page: Page, question: string) =>
    page.getByRole('region', { name: 'At a glance' }).locator('.tile', { hasText: question });
  const now = () => Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    stage = await BrowserStage.start();
    mkdirSync(SHOTS, { recursive: true });
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

  it('answers the five questions at one glance', async () => {
    const page = await open();
    const { exp } = await stage.call('GET', TOKEN);
    await tile(page, 'Is it licensed?')
      .filter({ hasText: /Licensed/ })
      .waitFor();
    expect(await tile(page, 'Until when?').locator('time').first().getAttribute('datetime')).toBe(
      new Date(exp * 1000).toISOString(),
    );
    await tile(page, 'Will it renew?')
      .filter({ hasText: /Not by itself/ })
      .waitFor();
    expect(await tile(page, 'What happens next?').locator('time').count()).toBe(1);
    await tile(page, 'Why?')
      .filter({ hasText: /9 of 9 rules passed/ })
      .waitFor();
  });

  it('notices by itself that the license is gone, and says what to do', async () => {
    const page = await open();
    await stage.call('DELETE', TOKEN, { instance: ROOT_URL });
    await tile(page, 'Is it licensed?').getByText('Not licensed').waitFor();
    await tile(page, 'Until when?')
      .filter({ hasText: /Until one is installed/ })
      .waitFor();
    await page.getByText('There is no license, so there is nothing to draw.').waitFor();
    expect(await page.getByRole('button', { name: /Renew|Rehearse/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'Install a license' }).click();
    await page.getByRole('heading', { name: 'Install a license' }).waitFor();
  });

  it('says on the keyboard what will be answered at a later moment, and why', async () => {
    const page = await open();
    const handle = page.getByRole('slider', { name: 'The moment to look at' });
    await handle.focus();
    expect(await handle.getAttribute('aria-valuetext')).toContain('the check answers true');
    for (let stops = 0; stops < 9; stops += 1) {
      await page.keyboard.press('PageUp');
      if ((await handle.getAttribute('aria-valuetext'))?.includes('answers false')) break;
    }
    expect(await handle.getAttribute('aria-valuetext')).toContain('has expired');
    await page
      .locator('.readout')
      .first()
      .filter({ hasText: /the check answers false/ })
      .waitFor();
    await page.keyboard.press('PageDown');
    expect(await handle.getAttribute('aria-valuetext')).toContain('the check answers true');
  });

  it('shows under the pointer what will be answered', async () => {
    const page = await open();
    const picture = page.locator('.drawing svg').first();
    const box = (await picture.boundingBox())!;
    await page.mouse.move(box.x + box.width - 4, box.y + box.height / 2);
    await page.locator('.readout').first().getByText('the check answers false').waitFor();
  });

  it('shows a renewal that fails with its cause and what to do, and a cell for each attempt', async () => {
    stage.issuer.answerRenewals({ status: 403, body: { message: 'Suspended' } });
    const page = await open();
    await page.getByRole('button', { name: 'Renew now' }).click();
    const failure = page.getByRole('alert').filter({ hasText: 'issuer.refused' });
    await failure.waitFor();
    await failure.filter({ hasText: /Suspended.*Ask the issuer.*Request/ }).waitFor();
    await tile(page, 'Will it renew?').waitFor();
    const cell = page.getByRole('button', { name: /issuer\.refused \(refused\)/ });
    await cell.first().waitFor();
    expect(await stage.call('GET', TOKEN)).toMatchObject({ jti: 'T-1', status: 1 });
  });

  it('renews, and says so of a renewal that brought nothing newer', async () => {
    const page = await open();
    const renew = page.getByRole('button', { name: 'Renew now' });
    await renew.click();
    await page.getByText(/Renewed\. The token now expires on .*\d\.$/).waitFor();
    await page.waitForFunction('document.activeElement.textContent === "Renew now"');
    const { jti } = await stage.call('GET', TOKEN);
    stage.issuer.answerRenewals({ status: 409, body: { code: 'not_due', message: 'Not due' } });
    await renew.click();
    await page.getByText('The issuer has no newer token. The present one stays.').waitFor();
    expect(await stage.call('GET', TOKEN)).toMatchObject({ jti });
  });

  it('rehearses a renewal, and changes nothing', async () => {
    stage.issuer.answerRenewals({ status: 200, body: { dryRun: true } });
    const page = await open();
    await page.getByRole('button', { name: 'Rehearse a renewal' }).click();
    await page.getByText('The issuer would renew the license now.').waitFor();
    expect(await stage.call('GET', TOKEN)).toMatchObject({ jti: 'T-1' });
  });

  it('shows a reader no button that would be refused', async () => {
    const page = await open(await stage.caller(`reader ${Date.now()}`, READER));
    expect(await page.getByRole('button', { name: /Renew now|Rehearse/ }).count()).toBe(0);
    expect(await page.getByRole('heading', { name: 'Renewal health' }).count()).toBe(1);
  });

  it('says that the service does not answer, and how old what it shows is', async () => {
    const page = await open();
    await page.context().setOffline(true);
    await page.getByText('The service does not answer as it should.').waitFor();
    await page.getByText(/What you see is \d+ seconds? old/).waitFor();
    await tile(page, 'Is it licensed?')
      .filter({ hasText: /Licensed/ })
      .waitFor();
    await page.context().setOffline(false);
    await page.getByText('The service does not answer as it should.').waitFor({ state: 'detached' });
  });

  describe('for all readers', () => {
    const states: [string, () => Promise<void>][] = [
      ['licensed', async () => undefined],
      [
        'warned',
        async () => {
          await stage.install({ lid: 'L-2', jti: 'T-2', exp: now() + DAY, lexp: now() + 9 * DAY });
        },
      ],
      ['unlicensed', async () => void (await stage.call('DELETE', TOKEN, { instance: ROOT_URL }))],
    ];

    it('keeps the reasons together beside pictures that are taller', async () => {
      const page = await open();
      await page.setViewportSize({ width: 3840, height: 2160 });
      await page.evaluate(`document.querySelector('.picture-renewal').style.minHeight = '1500px'`);
      const rules = (await page.locator('.why').boundingBox())!;
      const head = (await page.locator('#why-title').boundingBox())!;
      expect(rules.y - head.y - head.height).toBeLessThan(80);
    });

    it.each(states)(
      'has no fault of accessibility in either theme, and fits, while %s',
      async (name, arrange) => {
        await arrange();
        const page = await open();
        await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          for (const size of SIZES) {
            await page.setViewportSize(size);
            expect(await accessibilityFaults(page)).toEqual([]);
            const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
            expect(await page.evaluate<boolean>(isTooWide)).toBe(false);
            await page.screenshot({
              path: `${SHOTS}${name}-${colorScheme}-${size.width}.png`,
              fullPage: true,
            });
          }
        }
      },
    );

    it('is reached and left by the keyboard alone, sign-in included', async () => {
      const { page, complaints: told } = await stage.open('#/overview');
      complaints = told;
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Tab');
      await page.keyboard.type(BOOTSTRAP_TOKEN);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
      await page.keyboard.press('Tab');
      expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      expect(await page.evaluate<string>('document.activeElement.id')).toBe('content');
    });
  });
});
