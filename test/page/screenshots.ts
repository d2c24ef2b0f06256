// Makes the pictures of docs/page.md again, and one of each state in both themes to look at, of a real service.
//
//   npm run page:screenshots      writes docs/images and .cache/page/states; needs an installed Chromium
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { BrowserStage, ROOT_URL } from '../support/browser.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const STATES = fileURLToPath(new URL('../../.cache/page/states/', import.meta.url));
const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const DAY = 86_400;
const WINDOW = { width: 1120, height: 860 };
const THEMES = ['light', 'dark'] as const;

type Theme = (typeof THEMES)[number];

const now = Math.floor(Date.now() / 1000);
const EXAMPLE = {
  ...{ lid: 'example-2026', jti: 'token-31', company: 'Example', included_users: 50 },
  ...{ iat: now - 60, exp: now + 7 * DAY, nbf: now - 30 * DAY, lexp: now + 335 * DAY },
  ...{ update_days: 2, tok_exp_warn_days: 2, lic_exp_warn_days: 30 },
};
const stage = await BrowserStage.start({ AUTO_REFRESH_LICENSE: 'true' });
try {
  for (const directory of [IMAGES, STATES]) mkdirSync(directory, { recursive: true });
  await shootState('no-license', 'overview');
  await stage.install(EXAMPLE);
  await shoot('overview-light', 'light');
  await shootState('valid', 'overview');
  await shootState('service-away', 'overview', async (page) => {
    await page.context().setOffline(true);
    await page.getByText('The service does not answer as it should.').waitFor();
  });
  await shootState('reader', 'license', undefined, await stage.caller('license-reader', READER));
  await shootState('losses', 'license', async (page) => {
    await page
      .getByLabel('License token')
      .fill(stage.issuer.token({ ...EXAMPLE, jti: 'token-32', included_users: 40 }));
    await page.getByRole('button', { name: 'Inspect' }).click();
    await page.getByText('Users: 50 becomes 40').waitFor();
  });
  await stage.caller('license-robot', READER);
  await shootState('access', 'access', async (page) => {
    await page.getByRole('button', { name: 'Show license-robot' }).click();
    await page.getByRole('button', { name: 'Create token' }).waitFor();
  });
  await shootState('audit', 'audit');
  const next = { nbf: now + 335 * DAY, exp: now + 342 * DAY, lexp: now + 700 * DAY };
  await stage.call('POST', '/api/licensing/token', {
    ...{ token: stage.issuer.token({ ...EXAMPLE, lid: 'example-2027', jti: 'token-1', ...next }) },
    ...{ queue: true, acknowledge: true },
  });
  await shootState('queued', 'overview');
  await shootState('queued-license', 'license');

  stage.issuer.answerRenewals({ status: 403, body: { message: 'The license is suspended' } });
  for (let attempt = 0; attempt < 3; attempt += 1) await renew();
  stage.issuer.answerRenewals((_request, response) => response.destroy());
  for (let attempt = 0; attempt < 2; attempt += 1) await renew();
  await shoot('failing-dark', 'dark', 'section[aria-labelledby=renewal-title]');
  await shootState('failing', 'overview');

  await stage.call('DELETE', '/api/licensing/token', { instance: ROOT_URL });
  const soon = Math.floor(Date.now() / 1000) + 3;
  await stage.install({ ...EXAMPLE, jti: 'token-40', exp: soon, lexp: soon });
  await sleep(4_000);
  await shootState('expired', 'overview');
} finally {
  await stage.stop();
}

async function renew(): Promise<void> {
  await stage.service.call('POST', '/api/licensing/token/renew');
}

/** @param part - what is shown of the page: the window unless given */
async function shoot(name: string, theme: Theme, part?: string): Promise<void> {
  const { page } = await stage.signIn('overview', undefined, WINDOW);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.locator('.drawing').first().waitFor();
  const path = `${IMAGES}${name}.png`;
  await (part === undefined ? page.screenshot({ path }) : page.locator(part).screenshot({ path }));
  await stage.closePages();
}

/**
 * Pictures of a whole view, in both themes, in a wide window and a narrow one.
 * @param arrange - what is done on the page before
 * @param token - of who looks at it: an administrator unless given
 */
async function shootState(
  name: string,
  view: string,
  arrange: (page: Page) => Promise<void> = async () => undefined,
  token?: string,
): Promise<void> {
  const { page } = await stage.signIn(view, token, WINDOW);
  await page.locator('main .card').first().waitFor();
  await page.locator('main .loading').waitFor({ state: 'detached' });
  await arrange(page);
  for (const width of [WINDOW.width, 360]) {
    await page.setViewportSize({ ...WINDOW, width });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${STATES}${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await stage.closePages();
}
