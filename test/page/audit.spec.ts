import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { faultsInBothThemes, BrowserStage, describeInBrowser } from '../support/browser.js';

describeInBrowser('the audit view of the page', () => {
  let stage: BrowserStage;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    stage = await BrowserStage.start();
    await stage.install({ lid: 'L-1' });
    // More than a page shows.
    for (let index = 0; index < 55; index += 1)
      await stage.call('POST', '/api/serviceaccounts', { name: `a${index}` });
  });
  beforeEach(async () => {
    ({ page, complaints } = await stage.signIn('audit', undefined, { width: 360, height: 740 }));
    await page.getByText('50 records, the newest first; there are more.').waitFor();
  });
  afterEach(async () => {
    await stage.closePages();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => stage.stop());

  it('shows older records on demand', async () => {
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await page.getByText(/^5\d records, the newest first\.$/).waitFor();
    const oldest = page.getByRole('row').last();
    await oldest.filter({ hasText: /bootstraplicense\.installlicense:L-1/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Show older ones' }).count()).toBe(0);
  });

  it('narrows them by what was done, and says what they were before and after', async () => {
    await page.getByLabel('Action').fill('license.');
    await page.keyboard.press('Enter');
    await page.getByText('1 record, the newest first.').waitFor();
    await page.getByText('Details').click();
    await page
      .getByRole('row')
      .last()
      .filter({ hasText: /Before–After\{"/ })
      .waitFor();
    await page.getByLabel('By').fill('service-account:999');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('There is no such record.').waitFor();
  });

  it('saves the whole log with its seals as a file', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export the log' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('audit.jsonl');
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeGreaterThan(56);
    await page.getByText(`Exported ${lines.length} lines as audit.jsonl.`).waitFor();
  });

  it('says that an answer is no log, and lets the reader try again', async () => {
    await page.route('**/api/audit/export*', (route) =>
      route.fulfill({ contentType: 'application/jsonl', body: '<html>another server</html>\n' }),
    );
    await page.getByRole('button', { name: 'Export the log' }).click();
    await page.getByRole('alert').filter({ hasText: 'The page could not work with what it got.' }).waitFor();
    await page.unrouteAll();
    await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export the log' }).click(),
    ]);
  });

  it('is accessible, and fits 360 pixels', async () => {
    expect(await faultsInBothThemes(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  });
});
